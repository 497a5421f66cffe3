package atomicfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// renameNew fails with os.ErrExist where there is a file called to. Linux 3.15 and most of its file systems can.
// https://man7.org/linux/man-pages/man2/rename.2.html
func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if err != nil {
		return &os.LinkError{Op: "renameat2", Old: from, New: to, Err: err}
	}
	return nil
}
