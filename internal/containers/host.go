package containers

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// azDirs are the host's own az directories, which nothing may ever write through a mount: the
// person's sign-in would be gone.
type azDirs struct {
	dirs  []string // absolute, links followed
	home  string   // the person's home, links followed; "": not known
	local bool     // the engine's host paths are this machine's
}

func newAzDirs(dirs []string, local bool) azDirs {
	a := azDirs{local: local}
	for _, d := range dirs {
		if abs, err := filepath.Abs(d); err == nil && d != "" {
			a.dirs = append(a.dirs, follow(abs))
		}
	}
	return a
}

// touches reports whether p, a path on the engine's host, is one of the directories or within one.
// Where that can't be known, because the engine runs on another machine or in a VM whose paths
// are not ours, any directory called .azure is taken for one.
func (a azDirs) touches(p string) bool {
	known, is := a.compare(p)
	return is || !known && strings.EqualFold(path.Base(filepath.ToSlash(p)), ".azure")
}

// compare looks p up on this machine: known if its directory is there.
func (a azDirs) compare(p string) (known, is bool) {
	for _, candidate := range hostPaths(p) {
		if !a.local || !filepath.IsAbs(candidate) {
			continue
		}
		known = known || exists(filepath.Dir(candidate))
		if a.within(follow(candidate)) {
			return true, true
		}
	}
	return known, false
}

// inHome reports whether p, a path on the engine's host, is the person's home or within it.
func (a azDirs) inHome(p string) bool {
	return a.home != "" && a.local && slices.ContainsFunc(hostPaths(p), func(candidate string) bool {
		return filepath.IsAbs(candidate) && azDirs{dirs: []string{a.home}}.within(follow(candidate))
	})
}

// within walks up from p, comparing by name and by identity: a bind mount on the host, or a file
// system that ignores case, gives one directory two names.
func (a azDirs) within(p string) bool {
	for {
		here, err := os.Stat(p)
		for _, d := range a.dirs {
			if p == d {
				return true
			}
			if there, e := os.Stat(d); err == nil && e == nil && os.SameFile(here, there) {
				return true
			}
		}
		parent := filepath.Dir(p)
		if parent == p {
			return false
		}
		p = parent
	}
}

// desktopPrefix is how Docker Desktop's engine sees this machine's files from within its VM.
var desktopPrefix = regexp.MustCompile(`^/(?:host_mnt|run/desktop/mnt/host|mnt/host)(/.*)$`)
var drivePath = regexp.MustCompile(`^/([a-zA-Z])(/.*)?$`)

// hostPaths gives the names that p, as the engine tells it, may have on this machine.
func hostPaths(p string) []string {
	all := []string{p}
	if m := desktopPrefix.FindStringSubmatch(p); m != nil {
		all = append(all, m[1])
		if d := drivePath.FindStringSubmatch(m[1]); d != nil {
			all = append(all, filepath.FromSlash(d[1]+":/"+strings.TrimPrefix(d[2], "/")))
		}
	}
	return all
}

// follow resolves the links in p as far as p exists.
func follow(p string) string {
	if r, err := filepath.EvalSymlinks(p); err == nil {
		return r
	}
	parent := filepath.Dir(p)
	if parent == p {
		return p
	}
	return filepath.Join(follow(parent), filepath.Base(p))
}

func exists(p string) bool {
	_, err := os.Stat(p)
	return err == nil
}
