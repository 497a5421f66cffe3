package containers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"aztray/internal/auth"
)

const (
	deliveryLimit = time.Minute           // for all that one delivery does, each call having its own limit
	bornFor       = 50 * time.Millisecond // how long after its create event nobody can have put a sign-in into a container
)

// target is where and how a container gets its credential.
type target struct {
	asked    string // its az directory as its process names it
	place    string // the same with links followed
	owner    owner
	verdict  verdict
	missing  []string // directories on the way that are not there, outermost first
	pristine bool     // the place is not in the image, and nothing has run: there is nothing to look at
	unused   bool     // the same, but somebody may have put another az where ours goes
	running  bool
	paused   bool
	ended    bool     // since it was last heard of
	shim     string   // where our own az goes, "" where the image has one
	binDirs  []string // where a real az could be
	zone     *time.Location
	shell    bool
	refresh  bool     // a refresh token may be put there
	controls bool     // it controls the engine
	consent  Consent  // the question that stands in the way
	unasked  *verdict // without that question; nil: none stands
	handicap string   // why its real az can't answer although it has the credential; "" where it can
	anew     bool     // whatever is there is written again, but for a sign-in made inside
}

// seen is a mark as we last saw it, so that it need not be read again while the file is the same.
type seen struct {
	place    string
	mark     mark
	size     int64
	target   *target // where it was written; nil where the next delivery has to find that out
	before   *mark   // what Renew replaced, where that was us
	unproved bool    // what Renew replaced was not looked at yet
}

// Deliver puts b into the container, unless what it holds is the same. It needs no other care: the
// mounts are judged before anything is written. It blocks for at most a minute.
func (e *Engine) Deliver(ctx context.Context, c Container, b auth.Bundle) Status {
	if c.Delivery == "mount" {
		return e.deliverMount(ctx, c, b)
	}
	return e.deliverCopy(ctx, c, b, false)
}

// DeliverAnew is Deliver, and writes even where the container holds the same already: files and
// directory belong to its user again, whoever changed that.
func (e *Engine) DeliverAnew(ctx context.Context, c Container, b auth.Bundle) Status {
	if c.Delivery == "mount" {
		return e.deliverMount(ctx, c, b)
	}
	return e.deliverCopy(ctx, c, b, true)
}

func (e *Engine) deliverCopy(ctx context.Context, c Container, b auth.Bundle, anew bool) Status {
	return e.work(ctx, c, func(ctx context.Context, t target, s Status) (Status, error) {
		t.anew = anew
		if len(b.Tokens) == 0 {
			return s.with(Missing, "There is no access token to deliver yet."), nil
		}
		t.refresh, s.Consent = e.refreshFor(c, t)
		st, err := e.put(ctx, c, t, newContent(b, t, e.now()), s)
		return st.saysRefresh(c, t, b), err
	})
}

// Withdraw overwrites what we delivered by valid files with nothing in them, or deletes it where it is
// on this machine. Anything else is left.
func (e *Engine) Withdraw(ctx context.Context, c Container) Status {
	if c.Delivery == "mount" {
		return e.withdrawMount(ctx, c)
	}
	return e.workAnyway(ctx, c, func(ctx context.Context, t target, s Status) (Status, error) {
		h, err := e.examine(ctx, c, t, t.owner)
		if err != nil {
			return s, err
		}
		if h.foreign || h.mark == nil || h.mark.Withdrawn && h.intact {
			return e.leave(ctx, c, t, h, s)
		}
		return e.put(ctx, c, t, emptyContent(t, e.now()), s)
	})
}

// Release takes back what we delivered to a container that is no longer covered: it is not given anew to the
// next one of its name either. Of c it needs the id, the names, the engine and how it was delivered to; there is
// nothing to take back from one that is gone, which is Missing then.
func (e *Engine) Release(ctx context.Context, c Container) Status {
	if c.Delivery == "copy" {
		in, err := e.api.inspect(ctx, c.ID)
		if notFound(err) {
			return statusOf(c).with(Missing, "It is gone.")
		}
		if err != nil {
			return e.failed(ctx, statusOf(c), err)
		}
		return e.withdrawAll(ctx, c, in)
	}
	s := e.Withdraw(ctx, c)
	if c.Delivery == "mount" && e.dirs.dir != "" {
		if err := e.dirs.unused(c); err != nil {
			return s.with(Failed, err.Error())
		}
	}
	return s
}

// Check tells what is in the container now. It changes nothing.
func (e *Engine) Check(ctx context.Context, c Container) Status {
	if c.Delivery == "mount" {
		return e.checkMount(ctx, c)
	}
	return e.work(ctx, c, func(ctx context.Context, t target, s Status) (Status, error) {
		h, err := e.examine(ctx, c, t, t.owner)
		return s.holds(h, e.now()), err
	})
}

// work does one thing to one container: alone, within a time, at a place that may be touched.
func (e *Engine) work(ctx context.Context, c Container, do func(context.Context, target, Status) (Status, error)) Status {
	return e.workIf(ctx, c, func(t target) verdict { return t.verdict }, do)
}

// workAnyway is work for taking away, which no open question forbids.
func (e *Engine) workAnyway(ctx context.Context, c Container, do func(context.Context, target, Status) (Status, error)) Status {
	return e.workIf(ctx, c, func(t target) verdict {
		if t.unasked != nil {
			return *t.unasked
		}
		return t.verdict
	}, do)
}

func (e *Engine) workIf(ctx context.Context, c Container, allowed func(target) verdict, do func(context.Context, target, Status) (Status, error)) Status {
	s := statusOf(c)
	if c.Delivery != "copy" {
		return s.with(Unreachable, "Its label asks for delivery by "+c.Delivery+", which this version does not do; say "+labelDeliver+"=copy or "+labelDeliver+"=mount.")
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryLimit)
	defer cancel()
	unlock, err := e.lock(ctx, c.ID)
	if err != nil {
		return e.failed(ctx, s, err)
	}
	defer unlock()
	s, err = e.steadily(ctx, func() (Status, error) {
		s := s
		t, err := e.locate(ctx, c)
		if err != nil {
			return s, err
		}
		s.Path, t.verdict = t.asked, allowed(t)
		if s.Consent = t.consent; t.verdict.way == noWay {
			return s.with(t.verdict.state, t.verdict.reason), nil
		}
		if t.ended {
			return s.with(Missing, "It has ended; it gets the credential before it runs again."), nil
		}
		if t.verdict.way == byExec && (!t.running || t.paused) {
			return s.with(Missing, "Its az directory is in memory: it gets the credential as soon as it runs."), nil
		}
		if s, err = do(ctx, t, s); err != nil {
			return s, err
		}
		return s.handicapped(t).onHost(t), nil
	})
	if err != nil {
		return e.failed(ctx, s, err)
	}
	return s
}

// onHost changes what is advised where to follow it would act on a directory of the person's.
func (s Status) onHost(t target) Status {
	if m := t.verdict.mount; s.State == OwnSignIn && m != nil && m.ofHost() {
		s.OnHost = true
		s.Error = "The directory of yours that it mounts at " + m.Destination + " holds a sign-in, which is left alone. To use this one, mount another directory there."
	}
	return s
}

// put writes content unless the container holds it already or somebody signed in inside.
func (e *Engine) put(ctx context.Context, c Container, t target, content content, s Status) (Status, error) {
	users := []owner{t.owner}
	if t.verdict.way == byExec && t.owner.uid != 0 {
		users = append(users, owner{}) // a tmpfs may belong to root; then root writes for the user
	}
	bin, err := e.shimEntries(ctx, c, t)
	if err != nil {
		return s, err
	}
	for _, user := range users {
		var h held
		if !t.pristine {
			if h, err = e.examine(ctx, c, t, user); err != nil {
				return s, err
			}
		}
		if h.foreign {
			return e.leave(ctx, c, t, h, s)
		}
		if (h.intact || h.renews) && h.mark.Hash == content.mark.Hash && bin == nil && !t.anew {
			return s.holds(h, e.now()), nil
		}
		kept := content.keep(h.installation)
		if err = e.write(ctx, c, t, kept, bin, h, user); err == nil {
			return s.holds(held{mark: &kept.mark, intact: true, renews: content.mark.Refresh}, e.now()), nil
		}
		if unmapped(err) {
			return s, errors.Join(err, e.blank(ctx, c, t))
		}
		if _, denied := errors.AsType[*execError](err); !denied {
			return s, err
		}
	}
	return s, err
}

// leave writes nothing but what a renewal has displaced, if there is such.
func (e *Engine) leave(ctx context.Context, c Container, t target, h held, s Status) (Status, error) {
	if len(h.displaced) > 0 {
		if err := e.giveBack(ctx, c.ID, t, h); err != nil {
			return s, err
		}
	}
	return s.holds(h, e.now()), nil
}

// write puts the files there by the way that the mounts allow.
func (e *Engine) write(ctx context.Context, c Container, t target, content content, bin []entry, h held, user owner) (err error) {
	made := t.missing
	if h.mark != nil {
		made = append(slices.Clone(h.mark.Made), made...)
	}
	files, m := content.withMark(made)
	if t.verdict.way == byExec {
		err = e.writeExec(ctx, c.ID, t, files, user)
	} else {
		err = e.writeArchive(ctx, c, t, files, bin, h, m.DeliveredAt)
		bin = nil
	}
	if err == nil && bin != nil {
		err = e.extract(ctx, c.ID, "/", bin, m.DeliveredAt)
	}
	if err == nil {
		e.note(c.ID, seen{place: t.place, mark: m, size: markSize(files), target: t.again()})
	}
	return err
}

// markSize is how many bytes the mark has, which is the last of the files.
func markSize(files []file) int64 { return int64(len(files[len(files)-1].text)) }

// writeArchive sends everything in one archive where it can: the engine takes its time for each.
func (e *Engine) writeArchive(ctx context.Context, c Container, t target, files []file, bin []entry, h held, at time.Time) error {
	base := t.place
	var entries []entry
	for _, dir := range t.missing {
		mode := int64(0o755)
		if dir == t.place {
			mode = 0o700
		}
		entries = append(entries, entry{path: dir, dir: true, mode: mode, uid: t.owner.uid, gid: t.owner.gid})
	}
	if len(t.missing) > 0 {
		base = path.Dir(t.missing[0])
	} else if (h.mark == nil || t.anew) && e.ownable(t) {
		own, err := e.ownDir(ctx, c.ID, t)
		if err != nil {
			return err
		}
		if own != nil {
			entries, base = append(entries, *own), path.Dir(t.place)
		}
	}
	entries = append(entries, t.entries(files)...)
	if t.again() != nil { // nothing older stays behind than this
		entries = append(entries, t.links(keptSuffix, freshSuffix, keptFiles...)...)
	}
	if t.verdict.mount == nil && bin != nil {
		return e.extract(ctx, c.ID, "/", append(bin, entries...), at)
	}
	if bin != nil {
		if err := e.extract(ctx, c.ID, "/", bin, at); err != nil {
			return err
		}
	}
	return e.extract(ctx, c.ID, base, entries, at)
}

// entries are files as they go into an archive.
func (t target) entries(files []file) (all []entry) {
	for _, f := range files {
		all = append(all, entry{path: path.Join(t.place, f.name), mode: 0o600, uid: t.owner.uid, gid: t.owner.gid, text: f.text})
	}
	return all
}

// links make name and to, for each of the names, another name of what is at name and from.
func (t target) links(to, from string, names ...string) (all []entry) {
	for _, name := range names {
		p := path.Join(t.place, name)
		all = append(all, entry{path: p + to, link: p + from, mode: 0o600, uid: t.owner.uid, gid: t.owner.gid})
	}
	return all
}

// ownable reports whether the directory itself may be given to the container's user: not on a
// directory of the host's, and not where a mount begins, whose parent is another file system.
func (e *Engine) ownable(t target) bool {
	m := t.verdict.mount
	return t.place != "/" && (m == nil || m.Type == "volume")
}

// ownDir is the entry that gives an existing az directory to its user, nil if it is theirs: az
// takes locks and writes logs in it.
func (e *Engine) ownDir(ctx context.Context, id string, t target) (*entry, error) {
	h, _, err := e.api.read(ctx, id, t.place)
	if err != nil {
		return nil, err
	}
	if h.Uid == t.owner.uid || h.Mode&0o002 != 0 || h.Mode&0o020 != 0 && h.Gid == t.owner.gid {
		return nil, nil
	}
	return &entry{path: t.place, dir: true, mode: h.Mode & 0o7777, uid: t.owner.uid, gid: t.owner.gid}, nil
}

func (e *Engine) extract(ctx context.Context, id, base string, entries []entry, at time.Time) error {
	archive, err := pack(base, entries, at)
	if err != nil {
		return err
	}
	return e.api.extract(ctx, id, base, archive)
}

// examine reads what the place holds, as little of it as will do.
func (e *Engine) examine(ctx context.Context, c Container, t target, user owner) (held, error) {
	if slices.Contains(t.missing, t.place) {
		return held{}, nil
	}
	if t.verdict.way == byExec {
		texts, err := e.readExec(ctx, c.ID, t.place, user)
		return judgeHeld(parseMark(texts[markFile]), texts, nil), err
	}
	m, err := e.readMark(ctx, c.ID, t.place)
	if err != nil {
		return held{}, err
	}
	names := []string{cacheFile, profileFile}
	if m == nil {
		for _, name := range signInFiles {
			if _, ok, err := there(ctx, e.api, c.ID, path.Join(t.place, name)); ok || err != nil {
				return held{foreign: ok}, err
			}
		}
	} else if m.Files[tokensFile] != (stamp{}) {
		names = append(names, tokensFile)
	}
	texts, unchanged, err := e.readChanged(ctx, c.ID, t.place, "", names, m)
	if err != nil {
		return held{}, err
	}
	h := judgeHeld(m, texts, unchanged)
	if last := e.last(c.ID); m != nil && last.unproved {
		var id string
		if h.displaced, id, err = e.displaced(ctx, c.ID, last); err != nil {
			return held{}, err
		}
		h.installation = cmp.Or(h.installation, id)
		h.foreign = h.foreign || len(h.displaced) > 0
		if len(h.displaced) == 0 {
			last.unproved = false
			e.note(c.ID, last)
		}
	}
	return h, nil
}

// readChanged reads those of the names, each with a suffix, that are not as m says we have written them.
func (e *Engine) readChanged(ctx context.Context, id, place, suffix string, names []string, m *mark) (texts map[string][]byte, unchanged map[string]bool, err error) {
	texts, unchanged = map[string][]byte{}, map[string]bool{}
	for _, name := range names {
		file := path.Join(place, name+suffix)
		info, ok, err := there(ctx, e.api, id, file)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			continue
		}
		if m != nil && info.Size == m.Files[name].Size && info.Mtime.Equal(m.DeliveredAt) {
			unchanged[name] = true
			continue
		}
		if texts[name], err = readFile(ctx, e.api, id, file); err != nil {
			return nil, nil, err
		}
	}
	return texts, unchanged, nil
}

// readMark reads our mark, from memory where the file is the one that we remember.
func (e *Engine) readMark(ctx context.Context, id, place string) (*mark, error) {
	file := path.Join(place, markFile)
	info, ok, err := there(ctx, e.api, id, file)
	if !ok || err != nil {
		return nil, err
	}
	if last := e.last(id); last.place == place && last.size == info.Size && last.mark.DeliveredAt.Equal(info.Mtime) {
		return &last.mark, nil
	}
	text, err := readFile(ctx, e.api, id, file)
	m := parseMark(text)
	if err == nil && m != nil && m.DeliveredAt.Equal(info.Mtime) {
		e.note(id, seen{place: place, mark: *m, size: info.Size, unproved: m.Unproved})
	}
	return m, err
}

// last is what is remembered of a container, all zero where that is nothing.
func (e *Engine) last(id string) seen {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seen[id]
}

func (e *Engine) note(id string, s seen) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen[id] = s
}

// lock lets one piece of work at a time touch a container.
func (e *Engine) lock(ctx context.Context, id string) (unlock func(), err error) {
	e.mu.Lock()
	l := e.locks[id]
	if l == nil {
		l = make(chan struct{}, 1)
		e.locks[id] = l
	}
	e.mu.Unlock()
	select {
	case l <- struct{}{}:
		return func() { <-l }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// forget drops what was remembered of a container that is gone.
func (e *Engine) forget(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.locks, id)
	delete(e.seen, id)
	delete(e.labels, id)
	delete(e.powers, id)
	delete(e.newborn, id)
}

// with gives s another state and the sentence for it.
func (s Status) with(state State, sentence string) Status {
	s.State, s.Error = state, sentence
	return s
}

// holds says what h means at now.
func (s Status) holds(h held, now time.Time) Status {
	switch {
	case h.foreign:
		return s.with(OwnSignIn, "Somebody signed in inside it; that sign-in is left alone. To use this one, run az account clear in it.")
	case h.mark == nil || h.mark.Withdrawn:
		s.State = Missing
		return s
	}
	s.ExpiresOn, s.DeliveredAt, s.State, s.Refresh = h.mark.ExpiresOn, h.mark.DeliveredAt, Fresh, h.mark.Refresh
	if h.renews {
		return s
	}
	if !h.mark.ExpiresOn.After(now) || !h.intact {
		s.State = Stale
	}
	return s
}

// failed turns an error into a state and a sentence.
func (e *Engine) failed(ctx context.Context, s Status, err error) Status {
	a, answered := errors.AsType[*apiError](err)
	if betweenRuns(err) {
		return s.with(Failed, "It was between two runs each time it was looked at; it is tried again.")
	}
	if answered { // a container that goes while it is written to gives all kinds of answers
		if in, gone := e.api.inspect(ctx, s.ID); notFound(gone) || in.Status == "removing" || in.Status == "dead" {
			return s.with(Failed, "It is gone.")
		}
	}
	_, local := errors.AsType[*localError](err)
	switch {
	case local:
		return s.with(Failed, err.Error())
	case errors.Is(err, context.Canceled):
		return s.with(Failed, "The work on it was cancelled.")
	case errors.Is(err, context.DeadlineExceeded):
		return s.with(Failed, "The engine did not answer in time.")
	case answered && strings.Contains(a.message, "read-only"):
		return s.with(Unwritable, "Its az directory is read-only: "+brief(a.message)+".")
	case unmapped(err):
		return s.with(Unwritable, "Its user is none of those that its engine, which runs without root, has on this machine; give it another in a label, as "+labelUID+"=0, or more of them in /etc/subuid.")
	case answered:
		return s.with(Failed, fmt.Sprintf("The engine refused (%d): %s", a.status, brief(a.message)))
	}
	if x, ok := errors.AsType[*execError](err); ok {
		return s.with(x.state, x.Error())
	}
	if _, down := e.api.inspect(ctx, s.ID); down == nil { // an engine that answers is not blamed for what it said
		return s.with(Failed, "What its engine answered can't be read: "+err.Error()+".")
	}
	return s.with(Failed, e.problem(err).Message)
}
