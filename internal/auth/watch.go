package auth

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// gather is how long changes are collected, from the first one: az writes a file several times over.
const gather = 100 * time.Millisecond

// Watch calls changed soon after az's files that matter were written, until ctx ends, and once when
// az's directory appears. The directory is watched, not its files: az deletes them on logout and
// makes others.
func (d Dir) Watch(ctx context.Context, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching az's files: %w", err)
	}
	defer w.Close()
	if err := d.follow(w); err != nil {
		return err
	}
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-due: // a nil channel, never ready, until something changed
			due = nil
			changed()
			continue
		case e := <-w.Events:
			if !d.matters(e.Name) {
				continue
			}
			if e.Has(fsnotify.Create|fsnotify.Remove|fsnotify.Rename) && filepath.Clean(e.Name) == string(d) {
				if err := d.follow(w); err != nil {
					return err
				}
			}
		case <-w.Errors: // an overflow lost events: look again
		}
		if due == nil {
			due = time.After(gather)
		}
	}
}

// follow watches the directory if it is there, and its parent for when it comes and goes.
func (d Dir) follow(w *fsnotify.Watcher) error {
	parent := filepath.Dir(string(d))
	if err := w.Add(parent); err != nil {
		return fmt.Errorf("watching %s: %w", parent, err)
	}
	if err := w.Add(string(d)); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("watching %s: %w", d, err)
	}
	return nil
}

// matters passes over what any az command touches, such as commandIndex.json.
func (d Dir) matters(name string) bool {
	name = filepath.Clean(name)
	if name == string(d) {
		return true
	}
	return filepath.Dir(name) == string(d) &&
		slices.Contains([]string{profileFile, cacheFile, cacheDPAPI, cacheSignal, configFile, cloudsFile}, filepath.Base(name))
}
