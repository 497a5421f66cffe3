//go:build unix

package autostart

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"aztray/internal/atomicfile"
)

// write leaves a file whole or not at all.
func write(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, content) {
		return nil
	}
	return atomicfile.WriteMode(file, content, 0o644)
}

// remove takes a file away; one that is not there is no error.
func remove(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
