package containers

import (
	"path"
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

// volumes asks which host path a volume stands for.
type volumes func(name string) (string, error)

// judgeMounts decides whether and how files may be written at p, a path whose links were followed.
// Nothing is ever written before it was asked.
func judgeMounts(in inspected, p string, files []string, az azDirs, device volumes) (verdict, error) {
	for _, f := range files {
		if m := exactly(in.Mounts, path.Join(p, f)); m != nil {
			if shared, err := onAzDir(*m, path.Join(p, f), az, device); err != nil || shared {
				return sharedVerdict(m), err
			}
			return verdict{noWay, Unwritable, path.Join(p, f) + " is a mount of its own, which can't be replaced; mount its directory instead.", m}, nil
		}
	}
	m := governing(in.Mounts, p)
	if m == nil {
		if in.ReadonlyRootfs {
			return verdict{noWay, Unwritable, "Its file system is read-only; give it a volume or a tmpfs at " + p + ", or let aztray mount compose make a directory for it.", nil}, nil
		}
		return verdict{way: byArchive}, nil
	}
	if shared, err := onAzDir(*m, p, az, device); err != nil || shared {
		return sharedVerdict(m), err
	}
	switch {
	case !m.RW:
		return verdict{noWay, Unwritable, m.Destination + " is mounted read-only; mount it writable, or another at " + p + ".", m}, nil
	case m.Type == "tmpfs":
		return verdict{way: byExec, mount: m}, nil
	}
	return verdict{way: byArchive, mount: m}, nil
}

func sharedVerdict(m *mount) verdict {
	return verdict{noWay, Shared, m.Destination + " is your own az directory, mounted: it has your sign-in already and is left alone.", m}
}

// onAzDir reports whether p, beneath m, is the host's own az directory or within it.
func onAzDir(m mount, p string, az azDirs, device volumes) (bool, error) {
	rest := strings.TrimPrefix(p, strings.TrimSuffix(m.Destination, "/"))
	beneath := func(source string) string { return strings.TrimSuffix(source, "/") + rest }
	switch m.Type {
	case "tmpfs":
		return false, nil
	case "volume":
		d, err := device(m.Name) // a volume can be made to stand for any directory
		if err != nil {
			return false, err
		}
		_, is := az.compare(beneath(m.Source)) // the engine's own directory: its name says nothing
		return is || d != "" && az.touches(beneath(d)), nil
	}
	return az.touches(beneath(m.Source)) || m.Asked != "" && az.touches(beneath(m.Asked)), nil
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
