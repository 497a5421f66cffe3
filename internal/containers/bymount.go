package containers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"aztray/internal/auth"
)

// deliverMount writes b into the directory on this machine that the container mounts. It does so
// even where it finds no mount yet: made anew with one, the container finds its token there.
func (e *Engine) deliverMount(ctx context.Context, c Container, b auth.Bundle) Status {
	return e.workMount(ctx, c, func(ctx context.Context, d *hostDir, s Status) (Status, error) {
		if len(b.Tokens) == 0 {
			return s.with(Missing, "There is no access token to deliver yet."), nil
		}
		in, err := e.describe(ctx, c)
		if err != nil {
			return s, err
		}
		if asked, sentence := e.question(c, controls(in, e.host, e.local)); asked != (Consent{}) {
			s.Consent = asked
			return s.with(Missing, sentence), e.dirs.refuse(d)
		}
		if err := e.dirs.unrefuse(d.name); err != nil {
			return s, err
		}
		h, err := d.examine()
		if err != nil || h.foreign {
			return s.holds(h, e.now()), err
		}
		if h.mark == nil || !h.mark.ExpiresOn.After(e.now()) { // its process may start any moment: nothing is asked first
			first := newContent(b, mountTarget(time.UTC), e.now()).keep(h.installation)
			if err := d.write(first, e.dirs.keep(d)); err != nil {
				return s, err
			}
			h = held{mark: &first.mark, intact: true, installation: h.installation}
		}
		a, err := e.aimMount(ctx, c, in, d.path)
		if err != nil {
			return s, err
		}
		s.Path = a.asked
		who := a.give
		if who == nil {
			who = e.dirs.keep(d)
		}
		content := newContent(b, mountTarget(a.zone), e.now()).keep(h.installation)
		if !h.intact || h.mark.Hash != content.mark.Hash || a.give != nil && !d.belongs(*a.give) {
			if err := d.write(content, who); err != nil {
				return s, err
			}
			h = held{mark: &content.mark, intact: true}
		}
		if a.verdict.way == noWay {
			return s.with(a.verdict.state, a.verdict.reason), nil
		}
		if bin, err := e.shimEntries(ctx, c, a.target); err != nil {
			return s, err
		} else if bin != nil {
			if err := e.extract(ctx, c.ID, "/", bin, content.mark.DeliveredAt); err != nil {
				return s, err
			}
		}
		return e.arrived(ctx, c, d, a, h, s)
	})
}

// checkMount tells what the container finds in its mount. It changes nothing.
func (e *Engine) checkMount(ctx context.Context, c Container) Status {
	if _, err := os.Lstat(e.dirs.path(dirName(c))); err != nil {
		return statusOf(c).with(Missing, "Its directory on this machine is not made yet; aztray service sync makes it.")
	}
	return e.workMount(ctx, c, func(ctx context.Context, d *hostDir, s Status) (Status, error) {
		in, err := e.inspect(ctx, c.ID)
		if err != nil {
			return s, err
		}
		a, err := e.aimMount(ctx, c, in, d.path)
		if err != nil {
			return s, err
		}
		s.Path = a.asked
		if asked, sentence := e.question(c, controls(in, e.host, e.local)); asked != (Consent{}) {
			s.Consent = asked
			return s.with(Missing, sentence), nil
		}
		if a.verdict.way == noWay {
			return s.with(a.verdict.state, a.verdict.reason), nil
		}
		h, err := d.examine()
		if err != nil {
			return s, err
		}
		return e.arrived(ctx, c, d, a, h, s)
	})
}

// withdrawMount deletes what we wrote; the engine need not be asked.
func (e *Engine) withdrawMount(ctx context.Context, c Container) Status {
	return e.workMount(ctx, c, func(_ context.Context, d *hostDir, s Status) (Status, error) {
		h, err := d.examine()
		if err == nil && h.mark != nil && !h.foreign {
			h, err = held{}, d.clear()
		}
		return s.holds(h, e.now()), err
	})
}

// workMount does one thing with the directory of one container, alone.
func (e *Engine) workMount(ctx context.Context, c Container, do func(context.Context, *hostDir, Status) (Status, error)) Status {
	s, name := statusOf(c), dirName(c)
	switch {
	case !e.local:
		return s.with(Unreachable, "Its engine is on another machine and can't mount a directory of this one; say "+labelDeliver+"=copy.")
	case e.dirs.dir == "" || name == "":
		return s.with(Unreachable, "There is no directory on this machine for it to mount; say "+labelDeliver+"=copy.")
	case e.az.within(follow(e.dirs.dir)):
		return s.with(Shared, "The directory for mounts is within your own az directory, which is never written.")
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryLimit)
	defer cancel()
	d, err := e.dirs.open(ctx, name)
	if err != nil {
		return e.failed(ctx, s, hostError(err))
	}
	defer d.close()
	if err = e.dirs.use(c); err == nil {
		s, err = e.steadily(ctx, func() (Status, error) { return do(ctx, d, s) })
	}
	if err != nil {
		return e.failed(ctx, s, hostError(err))
	}
	return s
}

// hostError keeps a failure on this machine's own files from being taken for one of the engine's.
func hostError(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return &localError{fmt.Sprintf("Its directory on this machine can't be used: %s: %v.", e.Path, e.Err)}
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return &localError{fmt.Sprintf("Its directory on this machine can't be used: %s: %v.", e.New, e.Err)}
	}
	return err
}

// mountTarget is what the content of a directory depends on. The small az is looked for in every
// image, so its tokens are always there.
func mountTarget(zone *time.Location) target { return target{shim: "az", zone: zone} }

// aimed is how a container reaches its directory.
type aimed struct {
	target
	give    *owner    // whom the directory must be given to; nil: to nobody
	started time.Time // when its process was; it mounts what was there then
}

// aimMount finds out whether the container mounts dir where its az looks, and may use it.
func (e *Engine) aimMount(ctx context.Context, c Container, in inspected, dir string) (aimed, error) {
	img, err := e.image(ctx, in)
	if err != nil {
		return aimed{}, err
	}
	t, err := outline(c, in, img)
	if err != nil {
		return aimed{}, err
	}
	w, err := walk(ctx, e.api, in.ID, t.asked)
	if err != nil {
		return aimed{}, err
	}
	t.place = w.resolved
	if m := governing(in.Mounts, t.place); m != nil && sourceOf(in.Mounts, dir) != m {
		if v, shared := sharedBy(m, t.place, e.az); shared {
			t.verdict = v
			return aimed{target: t}, nil
		}
	}
	if t.verdict = judgeMount(in, t, dir, img.azFor(t.owner) != ""); t.verdict.way == noWay {
		return aimed{target: t}, nil
	}
	users, err := e.users(ctx)
	if err != nil {
		return aimed{}, err
	}
	give, v := mayUse(e.dirs.uid, t.owner, in, *t.verdict.mount, users)
	if v.way == noWay {
		t.verdict = v
		return aimed{target: t}, nil
	}
	return aimed{e.aimShimMount(in, img, t), give, in.Started}, nil
}

// judgeMount decides whether the container finds its credential in dir.
func judgeMount(in inspected, t target, dir string, realAz bool) verdict {
	m := sourceOf(in.Mounts, dir)
	if m == nil {
		return verdict{noWay, Missing, "It does not mount its directory. Add to its volumes in the compose file: - " + dir + ":" + t.asked + " and make it anew.", nil}
	}
	if at := path.Clean(m.Destination); at != t.asked && at != t.place {
		return verdict{noWay, Missing, "It mounts its directory at " + at + ", but its az looks in " + t.asked + ". Mount it there: - " + dir + ":" + t.asked + " and make it anew.", m}
	}
	for _, name := range placeFiles {
		if file := exactly(in.Mounts, path.Join(t.place, name)); file != nil {
			return verdict{noWay, Unwritable, file.Destination + " is a mount of its own, which hides ours; take it out of the compose file.", file}
		}
	}
	if !m.RW && realAz {
		return verdict{noWay, Unwritable, "It mounts its directory read-only, and az must write locks there. Say without :ro: - " + dir + ":" + t.asked, m}
	}
	return verdict{way: byArchive, mount: m}
}

// sourceOf is the mount of dir, which is on this machine.
func sourceOf(mounts []mount, dir string) *mount {
	for i, m := range mounts {
		var told []string
		switch m.Type {
		case "bind":
			told = append(hostPaths(m.Source), m.Asked)
		case "volume":
			told = m.Paths
		}
		for _, p := range told {
			if p != "" && filepath.IsAbs(p) && sameFile(p, dir) {
				return &mounts[i]
			}
		}
	}
	return nil
}

func sameFile(a, b string) bool {
	if follow(a) == follow(b) {
		return true
	}
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// engineUsers says whether an engine maps a container's users to others of this machine.
type engineUsers struct{ rootless, remapped bool }

// mayUse decides whether o, a container's user, can read and write a directory that is made by me,
// and whom it must be given to for that. Only root can give a directory away.
func mayUse(me int, o owner, in inspected, m mount, users engineUsers) (*owner, verdict) {
	yes := verdict{way: byArchive, mount: &m}
	no := func(reason string) (*owner, verdict) { return nil, verdict{noWay, Unwritable, reason, &m} }
	switch {
	case me < 0 || len(hostPaths(m.Source)) > 1:
		return nil, yes // the engine is in a VM, which shows files as those of whoever looks
	case users.remapped && in.UsernsMode != "host":
		return no(`Its engine maps its users to others, so it can't read its directory. Add to the service in the compose file: userns_mode: "host"`)
	case users.rootless && o.uid != 0:
		return no(`Its engine runs without root, where only its root is you. Add to the service in the compose file: user: "0:0"`)
	case users.rootless:
		return nil, yes
	case me == 0:
		return &owner{uid: o.uid, gid: o.gid}, yes
	case o.uid == me, o.uid == 0 && readsAll(in):
		return nil, yes
	}
	return no(fmt.Sprintf(`Its user %d is not you, so it can't read its directory. Add to the service in the compose file: user: "%d:%d"`, o.uid, me, o.gid))
}

// readsAll reports whether root in the container has what makes it read everybody's files.
func readsAll(in inspected) bool {
	has := func(list []string, names ...string) bool {
		return slices.ContainsFunc(list, func(c string) bool {
			return slices.Contains(names, strings.TrimPrefix(strings.ToUpper(c), "CAP_"))
		})
	}
	return in.Privileged || has(in.CapAdd, "ALL", "DAC_OVERRIDE") || !has(in.CapDrop, "ALL", "DAC_OVERRIDE")
}

// users asks the engine once how it maps users.
func (e *Engine) users(ctx context.Context) (engineUsers, error) {
	if known := e.mapping.Load(); known != nil {
		return *known, nil
	}
	options, err := e.api.security(ctx)
	if err != nil {
		return engineUsers{}, err
	}
	u := engineUsers{rootless: slices.Contains(options, "name=rootless"), remapped: slices.Contains(options, "name=userns")}
	e.mapping.Store(&u)
	return u, nil
}

// aimShimMount chooses where our az comes from, in an image that has none: its own mount, or else as
// for a copy.
func (e *Engine) aimShimMount(in inspected, img *imageFacts, t target) target {
	homes := img.homesFor(t.owner)
	for _, dir := range homes {
		if m := exactly(in.Mounts, path.Join(dir, "az")); m != nil && sourceOf([]mount{*m}, e.dirs.az()) != nil {
			return t
		}
	}
	t = e.aimShim(in, img, t)
	if t.verdict.way == noWay && t.verdict.state == Unwritable && len(homes) > 0 {
		t.verdict.reason = "Its image has no az and can't be written to. Add ours to its volumes in the compose file: - " +
			e.dirs.az() + ":" + path.Join(homes[0], "az") + ":ro and make it anew."
	}
	return t
}

// arrived sees that the container finds what d holds: the directory that its process mounted may have
// been replaced since, and an engine in a VM may not see this machine's. Through the engine the latter
// shows, but not the former, for the engine mounts anew to look.
func (e *Engine) arrived(ctx context.Context, c Container, d *hostDir, a aimed, h held, s Status) (Status, error) {
	if a.verdict.way == noWay {
		return s.with(a.verdict.state, a.verdict.reason), nil
	}
	if h.foreign || h.mark == nil {
		return s.holds(h, e.now()), nil
	}
	mine, err := d.root.Lstat(markFile)
	if err != nil {
		return s, err
	}
	info, ok, err := there(ctx, e.api, c.ID, path.Join(a.place, markFile))
	if err != nil {
		return s, err
	}
	if a.running && d.madeSince(a.started) {
		return s.with(Missing, "It mounts a directory that has been replaced since it started: restart it."), nil
	}
	if !ok || info.Size != mine.Size() || !info.Mtime.Truncate(time.Second).Equal(mine.ModTime().Truncate(time.Second)) {
		return s.with(Missing, "It mounts its directory but does not find the credential in it, so its engine can't see "+d.path+"; say "+labelDeliver+"=copy."), nil
	}
	return s.holds(h, e.now()).handicapped(a.target), nil
}

// keep is whom new files in d are given to: whom the directory belongs to, where we may.
func (h hostDirs) keep(d *hostDir) *owner {
	if h.uid != 0 {
		return nil
	}
	return d.owner()
}

func (d *hostDir) belongs(o owner) bool {
	has := d.owner()
	return has != nil && has.uid == o.uid && has.gid == o.gid
}
