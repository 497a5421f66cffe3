package containers

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"aztray/internal/filewatch"
)

// mountsGather is how long changes in the directories that containers mount are collected: a process that writes there
// without end has us look no more often.
const mountsGather = 2 * time.Second

// WatchMounts tells that a file of a credential changed in a directory that a container mounts, whoever changed it,
// until ctx ends: somebody signed in inside, or took away what we put there. Links are not followed.
func (es *Engines) WatchMounts(ctx context.Context, changed func()) {
	es.watchMounts(ctx, changed, filewatch.Options{Gather: mountsGather})
}

func (es *Engines) watchMounts(ctx context.Context, changed func(), o filewatch.Options) {
	if es.o.Mounts == "" {
		return
	}
	h := hostDirs{es.o.Mounts, os.Geteuid()}
	names := slices.Concat([]string{markFile, cacheFile, profileFile, tokensFile}, signInFiles)
	each := func() (dirs []string) {
		entries, _ := os.ReadDir(h.dir) // none is none
		for _, e := range entries {
			if e.IsDir() && safeName.MatchString(e.Name()) {
				dirs = append(dirs, h.path(e.Name()))
			}
		}
		return dirs
	}
	o.NoLinks = true
	o.Dirs = func() []string { return append(each(), h.dir, filepath.Dir(h.dir)) } // the last tells when the one before comes
	o.Files = func() (files []string) {
		for _, dir := range each() {
			for _, name := range names {
				files = append(files, filepath.Join(dir, name))
			}
		}
		return files
	}
	o.Concerns = func(name string) bool {
		name = filepath.Clean(name)
		return name == h.dir || filepath.Dir(name) == h.dir && safeName.MatchString(filepath.Base(name)) || filepath.Dir(filepath.Dir(name)) == h.dir && slices.Contains(names, filepath.Base(name))
	}
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
