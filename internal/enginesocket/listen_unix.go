//go:build unix

package enginesocket

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
)

// listen opens the socket, for its owner alone, in the place of whatever an earlier run left there. It
// is made beside the place and renamed into it, so that there is no moment without one.
func listen(path string) (net.Listener, error) {
	beside := path + ".new"
	if err := remove(beside); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: beside, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("opening the engine socket: %w", err)
	}
	l.SetUnlinkOnClose(false) // it would be the name that it no longer has
	err = os.Chmod(beside, 0o600)
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the engine socket: %w", err), l.Close(), remove(beside))
	}
	return l, nil
}

// replace makes path lead to target, with no moment in between; "" removes path.
func replace(path, target string) error {
	if target == "" {
		return remove(path)
	}
	beside := path + ".new"
	if err := remove(beside); err != nil {
		return err
	}
	if err := os.Symlink(target, beside); err != nil {
		return err
	}
	return os.Rename(beside, path)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
