//go:build unix

package localapi

import (
	"errors"
	"io/fs"
	"syscall"
)

// notThere reports whether nobody listens.
func notThere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}
