package atomicfile

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

const (
	// heldFor is how long a file is waited for that another process, a virus scanner say, holds open.
	heldFor   = 2 * time.Second
	heldRetry = 10 * time.Millisecond
)

func replace(from, to string) error { return move(from, to, windows.MOVEFILE_REPLACE_EXISTING) }

func place(from, to string) error { return move(from, to, 0) }

// move renames at once, and returns when that is on the disk.
// https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-movefileexw
func move(from, to string, flags uint32) error {
	f, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	t, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	for until := time.Now().Add(heldFor); ; time.Sleep(heldRetry) {
		err = windows.MoveFileEx(f, t, flags|windows.MOVEFILE_WRITE_THROUGH)
		held := errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
		if err == nil || !held || time.Now().After(until) {
			break
		}
	}
	if err != nil {
		return &os.LinkError{Op: "MoveFileEx", Old: from, New: to, Err: err}
	}
	return nil
}

func syncPath(string) error { return nil } // MOVEFILE_WRITE_THROUGH did

func syncDir(*os.File) error { return nil }
