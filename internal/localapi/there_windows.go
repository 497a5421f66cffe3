package localapi

import (
	"errors"
	"io/fs"
)

// notThere reports whether there is no such pipe.
func notThere(err error) bool { return errors.Is(err, fs.ErrNotExist) }
