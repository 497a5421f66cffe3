//go:build unix

package localapi

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
)

func socketPath(dir string) string { return filepath.Join(dir, "api.sock") }

// listen opens the socket in dir, for its owner alone. Only who holds the lock of the instance may: what lies there is
// of a run that has ended.
func listen(dir string) (net.Listener, error) {
	path := socketPath(dir)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return own{l}, nil
}

func dial(ctx context.Context, dir string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", socketPath(dir))
}

// own serves none but this person, whatever became of the directory's and the socket's mode.
type own struct{ net.Listener }

func (o own) Accept() (net.Conn, error) {
	for {
		conn, err := o.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if uid, err := peer(conn.(*net.UnixConn)); err == nil && ours(uid) {
			return conn, nil
		}
		conn.Close()
	}
}

// ours reports whether a peer may ask: this person, and root, who can do anything already.
func ours(uid int) bool { return uid == os.Getuid() || uid == 0 }
