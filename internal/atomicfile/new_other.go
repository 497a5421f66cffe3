//go:build unix && !linux

package atomicfile

import "errors"

// renameNew is not asked of these systems: hard links do.
func renameNew(string, string) error { return errors.ErrUnsupported }
