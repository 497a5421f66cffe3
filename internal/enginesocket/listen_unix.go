//go:build unix

package enginesocket

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
)

// Address is where the socket of a directory is, as DOCKER_HOST has it.
func Address(dir string) string { return "unix://" + socketPath(dir) }

func socketPath(dir string) string { return filepath.Join(dir, "docker.sock") }

// listen opens the socket, for its owner alone, in the place of whatever an earlier run left there. It
// is made beside the place and renamed into it, so that there is no moment without one.
func listen(dir string) (net.Listener, error) {
	path := socketPath(dir)
	beside := path + ".new"
	if err := remove(beside); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: beside, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // it would be the name that it no longer has
	err = os.Chmod(beside, 0o600)
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close(), remove(beside))
	}
	return l, nil
}

// Look says, in whatever process, why nobody is served by the socket of a directory; nil: somebody is. A
// link is to the engine's own.
func Look(dir string) error {
	path := socketPath(dir)
	info, err := os.Lstat(path)
	if err == nil && info.Mode().Type() != fs.ModeSocket {
		err = fmt.Errorf("%s is no socket", path)
	}
	if err != nil {
		return err
	}
	conn, err := net.DialTimeout("unix", path, lookWithin)
	if err == nil {
		conn.Close()
	}
	return err
}

// Left reports whether in the socket's place is the link to the engine's own socket that an aztray left when it ended.
func Left(dir string) bool {
	path := socketPath(dir)
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSymlink {
		return false
	}
	_, err = os.Stat(path)
	return err == nil
}

// replace makes the socket lead to target, with no moment in between; "" removes it.
func replace(dir, target string) error {
	path := socketPath(dir)
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
