//go:build unix

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

func replace(from, to string) error { return os.Rename(from, to) }

// place gives from the name to unless that has a file. Where the file system can't do that in one step,
// a second name is given and the first one taken away.
func place(from, to string) error {
	err := renameNew(from, to)
	if err == nil || errors.Is(err, os.ErrExist) {
		return err
	}
	if err := os.Link(from, to); err != nil {
		return err
	}
	return os.Remove(from)
}

// syncPath has the directory's new name outlast a crash.
func syncPath(path string) error {
	dir, err := os.Open(path)
	if errors.Is(err, os.ErrPermission) {
		return nil // one that may be written to and not read
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	return syncDir(dir)
}

// syncDir passes over file systems on which a directory can't be synced: some of the network's and of FUSE say so.
func syncDir(dir *os.File) error {
	err := dir.Sync()
	for _, never := range []error{syscall.EINVAL, syscall.ENOTSUP, syscall.ENOSYS, syscall.EBADF} {
		if errors.Is(err, never) {
			return nil
		}
	}
	return err
}
