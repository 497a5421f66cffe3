// Package atomicfile writes a file as a whole: who reads it, whenever that is and whatever crashed, finds
// the text before or the text after. It knows nothing of what is written, and imports nothing of ours.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces file, whose directory must exist, with one that holds data and is its owner's alone.
func Write(file string, data []byte) error { return system.write(file, data, 0o600, system.replace) }

// WriteMode is Write for a file that others may read.
func WriteMode(file string, data []byte, mode fs.FileMode) error {
	return system.write(file, data, mode, system.replace)
}

// Create writes file where there is none yet. Where there is, even if another process made it a moment ago,
// that stays, and the error is fs.ErrExist.
func Create(file string, data []byte) error { return system.write(file, data, 0o600, system.place) }

// Replace gives a file another name in its directory, at once; one that had that name is gone.
func Replace(from, to string) error {
	if err := system.replace(from, to); err != nil {
		return err
	}
	return system.syncDir(filepath.Dir(to))
}

// WriteIn is Write for a directory in which somebody hostile writes too: nothing outside root is touched. The
// new text is written at fresh, whose name does not change, so that what a crash leaves there is found: whatever
// lies there is removed, not written through. own, unless it is nil, is called with the file before it has data.
func WriteIn(root *os.Root, name, fresh string, data []byte, mode fs.FileMode, own func(*os.File) error) error {
	if err := root.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := root.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if own != nil {
		err = own(f)
	}
	if err = errors.Join(err, system.fill(f, data, mode)); err == nil {
		err = root.Rename(fresh, name)
	}
	if err != nil {
		root.Remove(fresh)
		return err
	}
	dir, err := root.Open(".")
	if err != nil {
		return nil // it is written; a directory that we may not read can't be synced
	}
	defer dir.Close()
	return syncDir(dir)
}

// disk is what has to happen in order. Tests have some of it fail.
type disk struct {
	sync    func(*os.File) error
	replace func(from, to string) error // at once, whether to is there or not
	place   func(from, to string) error // at once, or fs.ErrExist
	syncDir func(dir string) error
}

var system = disk{(*os.File).Sync, replace, place, syncPath}

func (d disk) write(file string, data []byte, mode fs.FileMode, name func(from, to string) error) error {
	dir := filepath.Dir(file)
	f, err := os.CreateTemp(dir, ".aztray-*") // mode 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	if err = d.fill(f, data, mode); err == nil {
		err = name(f.Name(), file)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("writing %s: %w", file, err)
	}
	if err := d.syncDir(dir); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return nil
}

// fill writes data to f, which is its owner's alone, and closes it.
func (d disk) fill(f *os.File, data []byte, mode fs.FileMode) error {
	_, err := f.Write(data)
	if err == nil && mode != 0o600 {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = d.sync(f)
	}
	return errors.Join(err, f.Close())
}
