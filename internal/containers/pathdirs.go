package containers

import (
	"context"
	"io/fs"
	"path"
	"slices"
)

// pathDir is a directory of an image's PATH, links followed.
type pathDir struct {
	path   string
	guards []guard // of the directories on the way, itself among them, those that not everybody may enter
	az     string  // a real az in it; "" for none
}

// guard is who may enter a directory.
type guard struct {
	uid, gid int
	mode     fs.FileMode
}

// openTo reports whether a user may enter the directory: may search each one on the way. Groups besides the first
// are not counted.
func (d pathDir) openTo(o owner) bool {
	return o.uid == 0 || !slices.ContainsFunc(d.guards, func(g guard) bool {
		switch {
		case g.uid == o.uid:
			return g.mode&0o100 == 0
		case g.gid == o.gid:
			return g.mode&0o010 == 0
		}
		return g.mode&0o001 == 0
	})
}

// learnBins finds the directories of PATH that exist, who may enter them, and whether a real az is in one.
func (img *imageFacts) learnBins(ctx context.Context, api engineAPI, in inspected) error {
	img.bins = nil
	for _, dir := range pathDirs(in.Env) {
		w, err := walk(ctx, api, in.ID, dir)
		if err != nil {
			return err
		}
		if w.missing != nil || slices.ContainsFunc(img.bins, func(d pathDir) bool { return d.path == w.resolved }) {
			continue
		}
		d := pathDir{path: w.resolved}
		for _, closed := range w.closed {
			h, _, err := api.read(ctx, in.ID, closed)
			if err != nil {
				return err
			}
			d.guards = append(d.guards, guard{h.Uid, h.Gid, h.FileInfo().Mode().Perm()})
		}
		if d.az, err = findAz(ctx, api, in.ID, []string{d.path}); err != nil {
			return err
		}
		img.bins = append(img.bins, d)
	}
	return nil
}

// binsFor are the directories of PATH that a user may enter.
func (img *imageFacts) binsFor(o owner) (dirs []string) {
	for _, d := range img.bins {
		if d.openTo(o) {
			dirs = append(dirs, d.path)
		}
	}
	return dirs
}

// azFor is the real az that a user finds; "" for none.
func (img *imageFacts) azFor(o owner) string {
	for _, d := range img.bins {
		if d.az != "" && d.openTo(o) {
			return d.az
		}
	}
	return ""
}

// loginDirs are on the PATH of login shells as well, which forget that of the image (Debian's and Alpine's
// /etc/profile).
var loginDirs = []string{"/usr/local/bin", "/usr/bin", "/bin"}

// homesFor are the directories of PATH in which a user would find our az, the best first: those that everybody may
// enter, for another user may ask as well, and of these the ones that login shells look into. No az is in any of
// them, so that their order on PATH does not matter.
func (img *imageFacts) homesFor(o owner) []string {
	dirs := img.binsFor(o)
	rank := func(dir string) int {
		i := slices.IndexFunc(img.bins, func(d pathDir) bool { return d.path == dir })
		login := slices.Index(loginDirs, dir)
		switch {
		case len(img.bins[i].guards) > 0:
			return len(loginDirs) + 1
		case login < 0:
			return len(loginDirs)
		}
		return login
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return rank(a) - rank(b) })
	return dirs
}

// shimHome is the directory that our az goes to in a container; "" where none of its PATH can be written to. A mount
// is not written to: it may be shared, or allow nothing to be run.
func (img *imageFacts) shimHome(in inspected, o owner) string {
	for _, dir := range img.homesFor(o) {
		if !in.ReadonlyRootfs && governing(in.Mounts, dir) == nil && exactly(in.Mounts, path.Join(dir, "az")) == nil {
			return dir
		}
	}
	return ""
}
