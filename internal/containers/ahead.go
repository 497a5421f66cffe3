package containers

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"aztray/internal/atomicfile"
	"aztray/internal/auth"
)

// keptAhead is how long a directory is kept fresh after the last container that used it.
const keptAhead = 30 * 24 * time.Hour

// Prepare writes b into the directories of containers that are yet to be made: those that sel names
// without a wildcard and those that were there before. So a container finds its token at its first
// instruction. A bundle without tokens empties them. The directories of the containers that the
// engines have are Deliver's.
func Prepare(ctx context.Context, o Options, sel Selector, engines []*Engine, b auth.Bundle) error {
	if o.Mounts == "" {
		return nil
	}
	used := map[string]bool{}
	for _, e := range engines {
		all, err := e.List(ctx, sel)
		if err != nil {
			return err
		}
		for _, c := range all {
			used[dirName(c)] = used[dirName(c)] || c.Delivery == "mount"
		}
	}
	h := hostDirs{o.Mounts, os.Geteuid()}
	if o.azDirs(true).within(follow(h.dir)) {
		return &localError{"The directory for mounts is within az's own."}
	}
	if len(b.Tokens) > 0 { // before an engine makes it, as root's
		if err := h.make(); err != nil {
			return err
		}
	}
	now := time.Now()
	var errs []error
	for _, name := range h.expected(sel) {
		if !used[name] {
			errs = append(errs, h.prepare(ctx, name, slices.Contains(sel.expects(), name), b, now))
		}
	}
	return errors.Join(errs...)
}

// MakeAhead makes the directory of a container that is yet to be made, and fills it with b where that has
// tokens, so that the container has one at its first instruction. It belongs to uid and gid where those are
// not -1 and we are root. It gives the directory, and our small az for an image that has none and can't be
// written to.
func MakeAhead(ctx context.Context, o Options, c Container, uid, gid int, b auth.Bundle) (dir, az string, err error) {
	h, name := hostDirs{o.Mounts, os.Geteuid()}, dirName(c)
	if name == "" {
		return "", "", &localError{"No container or service can have that name."}
	}
	if o.azDirs(true).within(follow(h.dir)) {
		return "", "", &localError{"The directory for mounts is within az's own."}
	}
	d, err := h.open(ctx, name)
	if err != nil {
		return "", "", hostError(err)
	}
	if h.uid == 0 && uid >= 0 {
		err = d.parent.Lchown(name, uid, gid)
	}
	d.close()
	if now := time.Now(); err == nil && os.Chtimes(h.note(name), now, now) != nil {
		err = h.use(c) // it is new; else the tenant of the container that was there counts
	}
	if err == nil && len(b.Tokens) > 0 {
		err = h.prepare(ctx, name, true, b, time.Now())
	}
	return h.path(name), h.az(), hostError(err)
}

// expects are the names of containers that are to mount a directory, as far as the settings tell.
func (s Selector) expects() []string {
	if s.Delivery != "mount" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Names), func(n string) bool { return !safeName.MatchString(n) })
}

// expected are those names and the directories that are there.
func (h hostDirs) expected(sel Selector) []string {
	names := sel.expects()
	there, _ := os.ReadDir(h.dir) // none is none
	for _, d := range there {
		if d.IsDir() && safeName.MatchString(d.Name()) && !slices.Contains(names, d.Name()) {
			names = append(names, d.Name())
		}
	}
	slices.SortFunc(names, strings.Compare)
	return slices.Compact(names)
}

func (h hostDirs) prepare(ctx context.Context, name string, named bool, b auth.Bundle, now time.Time) error {
	at, tenant := h.lastUse(name, now)
	over := !named && now.Sub(at) > keptAhead
	if _, err := os.Lstat(h.path(name)); err != nil && len(b.Tokens) == 0 {
		return nil // there is nothing to empty
	}
	d, err := h.open(ctx, name)
	if err != nil {
		return err
	}
	defer d.close()
	held, err := d.examine()
	if err != nil || held.foreign {
		return err
	}
	if len(b.Tokens) == 0 || over {
		if held.mark == nil {
			return nil
		}
		return d.clear()
	}
	if h.refused(name) {
		return nil
	}
	if tenant != "" && tenant != b.TenantID {
		return nil // its container's label asks for another, and Deliver gives it that
	}
	c := newContent(b, mountTarget(time.UTC), now)
	if held.intact && held.mark.Hash == c.mark.Hash {
		return nil
	}
	return d.write(c, h.keep(d))
}

// use notes that there is a container that the directory is for, and the tenant that its label asks
// for. The note is out of the container's reach.
func (h hostDirs) use(c Container) error {
	return atomicfile.Write(h.note(dirName(c)), []byte(c.Tenant))
}

// unused notes that no container has use for the directory any more, so that Prepare leaves it empty.
func (h hostDirs) unused(c Container) error {
	long := time.Unix(0, 0)
	err := os.Chtimes(h.note(dirName(c)), long, long)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return hostError(err)
}

// lastUse is when that was, and the tenant. A directory that has no note was made by a person, now.
func (h hostDirs) lastUse(name string, now time.Time) (time.Time, string) {
	info, err := os.Stat(h.note(name))
	if err != nil {
		return now, ""
	}
	tenant, _ := os.ReadFile(h.note(name)) // gone since: the tenant in use
	return info.ModTime(), string(tenant)
}

// refuse empties a directory of what we wrote, and leaves it empty until unrefuse: who mounts it must be asked
// about first, and the next one of its name may be like it.
func (h hostDirs) refuse(d *hostDir) error {
	if err := atomicfile.Write(h.refusal(d.name), nil); err != nil {
		return err
	}
	held, err := d.examine()
	if err != nil || held.foreign || held.mark == nil {
		return err
	}
	return d.clear()
}

func (h hostDirs) unrefuse(name string) error {
	if err := os.Remove(h.refusal(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (h hostDirs) refused(name string) bool {
	_, err := os.Lstat(h.refusal(name))
	return err == nil
}

func (h hostDirs) refusal(name string) string { return filepath.Join(h.dir, "."+name+".refused") }

func (h hostDirs) note(name string) string { return filepath.Join(h.dir, "."+name+".used") }
