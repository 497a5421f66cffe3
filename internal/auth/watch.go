package auth

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"aztray/internal/filewatch"
)

// gather is how long changes are collected, from the first one: az writes a file several times over.
const gather = 100 * time.Millisecond

// watchedFiles are those of az's files that matter; any az command touches others, such as commandIndex.json.
var watchedFiles = []string{profileFile, cacheFile, cacheDPAPI, cacheSignal, configFile, cloudsFile, principalsFile}

// Watch calls changed after az's files that matter were written, came or went, until ctx ends: at once where the
// system tells of it, else within half a minute. coarse is told why, where the system doesn't. The directory is
// watched, not its files: az deletes them on logout and makes others.
func (d Dir) Watch(ctx context.Context, changed func(), coarse func(error)) {
	d.watch(ctx, changed, filewatch.Options{Coarse: coarse})
}

func (d Dir) watch(ctx context.Context, changed func(), o filewatch.Options) {
	o.Gather = gather
	o.Files = func() []string {
		var files []string
		for _, name := range watchedFiles {
			files = append(files, filepath.Join(string(d), name))
		}
		return files
	}
	o.Dirs = func() []string { return []string{filepath.Dir(string(d)), string(d)} } // the parent tells when it comes and goes
	o.Concerns = d.matters
	w := filewatch.Watch(o)
	defer w.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.Changed:
			changed()
		}
	}
}

// matters passes over changes of files that don't.
func (d Dir) matters(name string) bool {
	name = filepath.Clean(name)
	if name == string(d) {
		return true
	}
	return filepath.Dir(name) == string(d) && slices.Contains(watchedFiles, filepath.Base(name))
}

// Stamp tells whether az's files that matter are still those of another moment, without reading them.
func (d Dir) Stamp() string {
	var b strings.Builder
	for _, name := range watchedFiles {
		if info, err := os.Stat(filepath.Join(string(d), name)); err == nil {
			fmt.Fprintln(&b, name, info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String()
}
