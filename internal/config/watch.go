package config

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"aztray/internal/filewatch"
)

// Change is what came of reading the settings, at the start or anew. With an Err those before still
// hold; at the start, those that Start says.
type Change struct {
	Settings Settings
	Warnings []string
	Err      error // as Load gives it
}

// gather is how long changes are collected, from the first one: editors write a file in several steps.
const gather = 150 * time.Millisecond

// Watch reads the settings anew when their file changed, appeared or went, and whenever ask has
// something, until ctx ends. It tells what came of it where that is new: other settings than was, or
// another error. Whatever ask brings is answered, new or not.
func Watch(ctx context.Context, o Options, was Change, ask <-chan struct{}, tell func(Change)) error {
	return watch(ctx, o, was, ask, tell, filewatch.Options{})
}

func watch(ctx context.Context, o Options, was Change, ask <-chan struct{}, tell func(Change), by filewatch.Options) error {
	file, err := o.place()
	if err != nil {
		return err
	}
	by.Gather = gather
	by.Files = func() []string { return []string{file} } // what a link leads to
	by.Dirs = func() []string { return directories(file) }
	by.Concerns = func(name string) bool { return concerns(name, file) }
	w := filewatch.Watch(by)
	defer w.Close()
	last := was
	look := func(answer bool) {
		c := Change{Settings: last.Settings}
		set, warnings, err := Load(o)
		if err == nil {
			c.Settings, c.Warnings = set, warnings
		}
		c.Err = err
		if answer || !c.same(last) {
			last = c
			tell(c)
		}
	}
	look(false) // it may have changed before it was watched
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ask:
			look(true)
		case <-w.Changed:
			look(false)
		}
	}
}

func (o Options) place() (string, error) {
	if o.File != "" {
		return o.File, nil
	}
	return File(environ(o.Environ).lookup)
}

// same reports whether there is nothing to tell after last.
func (c Change) same(last Change) bool {
	if (c.Err == nil) != (last.Err == nil) || c.Err != nil && c.Err.Error() != last.Err.Error() {
		return false
	}
	return reflect.DeepEqual(c.Settings, last.Settings)
}

// directories are where changes of file can be seen: its own, for editors rename another file over it; the nearest
// one above that is there while that is not; and where the file is a link, the directory of what it points to.
func directories(file string) []string {
	dir := filepath.Dir(file)
	for {
		_, err := os.Stat(dir)
		up := filepath.Dir(dir)
		if !errors.Is(err, fs.ErrNotExist) || up == dir {
			break
		}
		dir = up
	}
	all := []string{dir}
	if target, err := filepath.EvalSymlinks(file); err == nil && filepath.Dir(target) != filepath.Dir(file) {
		all = append(all, filepath.Dir(target))
	}
	return all
}

// concerns passes over changes of other files. The file itself, what it links to, and a directory
// above it that came or went all matter.
func concerns(name, file string) bool {
	name = filepath.Clean(name)
	if name == file {
		return true
	}
	if target, err := filepath.EvalSymlinks(file); err == nil && name == target {
		return true
	}
	rel, err := filepath.Rel(name, file)
	if err != nil || !filepath.IsLocal(rel) {
		_, err := os.Readlink(file)
		return err == nil // a link, whose end may be made of other links
	}
	return true
}
