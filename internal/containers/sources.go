package containers

import (
	"cmp"
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// volume is what an engine tells of one of its volumes.
type volume struct {
	Name    string
	Driver  string
	Options map[string]string
}

// paths are what a volume stands for where that is not the engine's own directory: the local driver mounts
// what its options name. https://docs.docker.com/reference/cli/docker/volume/create/#driver-specific-options
func (v volume) paths() []string {
	var all []string
	if v.Options["type"] != "tmpfs" && v.Options["device"] != "" {
		all = append(all, v.Options["device"])
	}
	for option := range strings.SplitSeq(v.Options["o"], ",") {
		name, value, _ := strings.Cut(option, "=")
		switch name {
		case "upperdir": // of an overlay: what is written lands there
			all = append(all, value)
		case "lowerdir": // and that can be read
			all = append(all, strings.Split(value, ":")...)
		}
	}
	return all
}

// volumes are what is known of an engine's volumes while it tells what becomes of them. The zero value knows
// nothing and remembers nothing.
type volumes struct {
	mu      sync.Mutex
	all     map[string]volume // nil: nobody tells what becomes of them
	changes int               // so that an answer of before a change is not remembered
}

// follow begins to remember, or ends it.
func (vs *volumes) follow(told bool) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	vs.changes++
	if vs.all = nil; told {
		vs.all = map[string]volume{}
	}
}

// changed forgets a volume, "" for all.
func (vs *volumes) changed(name string) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	vs.changes++
	if name == "" {
		clear(vs.all)
	}
	delete(vs.all, name)
}

const maxVolumes = 10000

func (vs *volumes) get(name string) (v volume, known bool, asOf int) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	v, known = vs.all[name]
	return v, known, vs.changes
}

// keep remembers volumes that were asked for at asOf.
func (vs *volumes) keep(asOf int, learnt ...volume) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if vs.all == nil || vs.changes != asOf || len(vs.all)+len(learnt) > maxVolumes {
		return
	}
	for _, v := range learnt {
		vs.all[v.Name] = v
	}
}

// volume gives what a volume is, from memory where its engine would have told of a change.
func (e *Engine) volume(ctx context.Context, name string) (volume, error) {
	v, known, asOf := e.volumes.get(name)
	if known {
		return v, nil
	}
	v, err := e.api.volume(ctx, name)
	if err == nil {
		e.volumes.keep(asOf, v)
	}
	return v, err
}

// learnVolumes has all volumes known ahead, so that no new container waits for that.
func (e *Engine) learnVolumes(ctx context.Context) {
	_, _, asOf := e.volumes.get("")
	if all, err := e.api.volumes(ctx); err == nil { // else each is asked for when it is needed
		e.volumes.keep(asOf, all...)
	}
}

// volumeChanged is called for each event about a volume. What another container of the same recipe was found to
// hold may be something else now.
func (e *Engine) volumeChanged(name string) {
	e.volumes.changed(name)
	if anonymous.MatchString(name) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.recipes)
}

// anonymous is the name that an engine gives to a volume that has none.
var anonymous = regexp.MustCompile(`^[0-9a-f]{64}$`)

// localDriver is the driver whose volumes can be made to stand for any directory.
const localDriver = "local"

// inspect describes a container, with what its mounts really are.
func (e *Engine) inspect(ctx context.Context, id string) (inspected, error) {
	in, err := e.api.inspect(ctx, id)
	if err != nil {
		return in, err
	}
	return e.sourced(ctx, in)
}

// sourced adds to each mount of a volume the directories of the engine's host that it really is.
func (e *Engine) sourced(ctx context.Context, in inspected) (inspected, error) {
	in.Mounts = slices.Clone(in.Mounts)
	var parts map[string]string // by destination; Podman alone tells them elsewhere
	for i, m := range in.Mounts {
		if m.Type != "volume" || cmp.Or(m.Driver, localDriver) != localDriver || m.Plain {
			continue
		}
		v, err := e.volume(ctx, m.Name)
		if err != nil {
			return in, err
		}
		paths := v.paths()
		if len(paths) > 0 && m.Subpath == "" {
			if parts == nil {
				if parts, err = e.api.subpaths(ctx, in.ID); err != nil {
					return in, err
				}
			}
			m.Subpath = parts[path.Clean(m.Destination)]
		}
		for _, p := range paths {
			m.Paths = append(m.Paths, m.within(p))
		}
		in.Mounts[i] = m
	}
	return in, nil
}

// within is the part of dir that m is.
func (m mount) within(dir string) string {
	if m.Subpath == "" {
		return dir
	}
	return strings.TrimSuffix(dir, "/") + "/" + strings.TrimPrefix(m.Subpath, "/")
}

// ofHost reports whether m is a directory that the person knows by another path, so that what is done in it is
// done there as well.
func (m mount) ofHost() bool { return m.Type == "bind" || len(m.Paths) > 0 }

// overImages drops what an engine tells besides of a volume that is an image: while the container runs it is a
// bind mount, too.
func overImages(all []mount) []mount {
	images := map[string]bool{}
	for _, m := range all {
		if m.Type == typeImage {
			images[path.Clean(m.Destination)] = true
		}
	}
	return slices.DeleteFunc(all, func(m mount) bool { return m.Type != typeImage && images[path.Clean(m.Destination)] })
}

const typeImage = "image"
