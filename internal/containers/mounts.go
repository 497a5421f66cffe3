package containers

import (
	"path"
	"slices"
	"strings"
)

// way is how files get into a place.
type way int

const (
	byArchive way = iota // the engine's archive call
	byExec               // a shell inside: the archive call writes beneath a tmpfs, where nobody sees it
	noWay                // nothing is written
)

// verdict is what the mounts of a container allow at a place.
type verdict struct {
	way    way
	state  State  // where way is noWay
	reason string // a sentence, where way is noWay
	mount  *mount // what holds the place; nil is the container's own file system
}

// judgeMounts decides whether and how files may be written at p, a path whose links were followed.
// Nothing is ever written before it was asked. in is as sourced gives it.
func judgeMounts(in inspected, p string, files []string, az azDirs) verdict {
	for _, f := range files {
		if m := exactly(in.Mounts, path.Join(p, f)); m != nil {
			if v, shared := sharedBy(m, path.Join(p, f), az); shared {
				return v
			}
			return verdict{noWay, Unwritable, path.Join(p, f) + " is a mount of its own, which can't be replaced; mount its directory instead.", m}
		}
	}
	m := governing(in.Mounts, p)
	if m == nil {
		if in.ReadonlyRootfs {
			return verdict{noWay, Unwritable, "Its file system is read-only; give it a volume or a tmpfs at " + p + ", or let aztray mount compose make a directory for it.", nil}
		}
		return verdict{way: byArchive}
	}
	if v, shared := sharedBy(m, p, az); shared {
		return v
	}
	switch {
	case m.Type == typeImage:
		return verdict{noWay, Unwritable, m.Destination + " is a volume made of an image, which can't be written to; mount another at " + p + ".", m}
	case !m.RW:
		return verdict{noWay, Unwritable, m.Destination + " is mounted read-only; mount it writable, or another at " + p + ".", m}
	case m.Type == "tmpfs":
		return verdict{way: byExec, mount: m}
	}
	return verdict{way: byArchive, mount: m}
}

// sharedBy gives the verdict on p, beneath m, where that is a directory of the person's that nothing is
// written to: the host's own az directory, or by way of a volume one in the person's home.
func sharedBy(m *mount, p string, az azDirs) (verdict, bool) {
	if onAzDir(*m, p, az) {
		return verdict{noWay, Shared, m.Destination + " is your own az directory, mounted: it has your sign-in already and is left alone.", m}, true
	}
	for _, dir := range m.Paths {
		if az.inHome(m.beneath(dir, p)) {
			return verdict{noWay, Shared, m.Destination + " is a volume that stands for " + dir + " in your home, which is left alone; mount a volume of the engine's own there.", m}, true
		}
	}
	return verdict{}, false
}

// onAzDir reports whether p, beneath m, is the host's own az directory or within it.
func onAzDir(m mount, p string, az azDirs) bool {
	touches := func(dir string) bool { return dir != "" && az.touches(m.beneath(dir, p)) }
	switch m.Type {
	case "tmpfs", typeImage:
		return false
	case "volume":
		_, is := az.compare(m.beneath(m.within(m.Source), p)) // the engine's own directory: its name says nothing
		return is || slices.ContainsFunc(m.Paths, touches)
	}
	return touches(m.Source) || touches(m.Asked)
}

// beneath is what p, within m, is where m is source.
func (m mount) beneath(source, p string) string {
	return strings.TrimSuffix(source, "/") + strings.TrimPrefix(p, strings.TrimSuffix(m.Destination, "/"))
}

// governing is the mount with the longest destination that holds p.
func governing(mounts []mount, p string) *mount {
	var best *mount
	for i, m := range mounts {
		if holds(m.Destination, p) && (best == nil || len(path.Clean(m.Destination)) >= len(path.Clean(best.Destination))) {
			best = &mounts[i]
		}
	}
	return best
}

func exactly(mounts []mount, p string) *mount {
	for i, m := range mounts {
		if path.Clean(m.Destination) == p {
			return &mounts[i]
		}
	}
	return nil
}

// holds reports whether p is dir or within it.
func holds(dir, p string) bool {
	dir = path.Clean(dir)
	return p == dir || dir == "/" || strings.HasPrefix(p, dir+"/")
}
