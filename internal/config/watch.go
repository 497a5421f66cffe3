package config

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/fsnotify/fsnotify"
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

// unwatched is how often the file is looked at where the system can't watch it.
const unwatched = 30 * time.Second

// Watch reads the settings anew when their file changed, appeared or went, and whenever ask has
// something, until ctx ends. It tells what came of it where that is new: other settings than was, or
// another error. Whatever ask brings is answered, new or not.
func Watch(ctx context.Context, o Options, was Change, ask <-chan struct{}, tell func(Change)) error {
	file, err := o.place()
	if err != nil {
		return err
	}
	var events chan fsnotify.Event
	var lost chan error
	var now <-chan time.Time
	w, err := fsnotify.NewWatcher()
	if err == nil {
		defer w.Close()
		events, lost = w.Events, w.Errors
		follow(w, file)
	} else { // the system's limit of watches is reached, say
		tick := time.NewTicker(unwatched)
		defer tick.Stop()
		now = tick.C
	}
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
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ask:
			look(true)
		case <-due: // a nil channel, never ready, until something changed
			due = nil
			follow(w, file)
			look(false)
		case <-now:
			look(false)
		case e := <-events:
			if due == nil && concerns(e.Name, file) {
				due = time.After(gather)
			}
		case <-lost: // an overflow lost events: look again
			if due == nil {
				due = time.After(gather)
			}
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

// follow watches the file's directory, for editors rename another file over it; the nearest one above
// that is there while the directory is not; and where the file is a link, the directory of what it
// points to. What can't be watched is looked at when asked.
func follow(w *fsnotify.Watcher, file string) {
	dir := filepath.Dir(file)
	for {
		err := w.Add(dir)
		up := filepath.Dir(dir)
		if err == nil || !errors.Is(err, fs.ErrNotExist) || up == dir {
			break
		}
		dir = up
	}
	if target, err := filepath.EvalSymlinks(file); err == nil && filepath.Dir(target) != filepath.Dir(file) {
		_ = w.Add(filepath.Dir(target)) // a directory that can't be watched is only not followed
	}
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
