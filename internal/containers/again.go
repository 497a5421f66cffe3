package containers

import (
	"context"
	"path"

	"aztray/internal/auth"
)

// keptSuffix is added to the name of a file for what it was before the delivery that is in it now. What is not
// ours among that was written inside since, and goes back; of ours, it is the delivery before, or the same once
// more. It stays behind, for the archive call can't delete.
const keptSuffix = ".aztray-old"

// keptFiles are those of which a renewal keeps what it replaces. The mark comes first: where it is not in the
// place any more, by whatever way, the engine refuses the archive at its first entry, and nothing is replaced.
// The two others are those that az login changes, whoever it signs in: the token cache, and for a managed
// identity the profile alone.
var keptFiles = []string{markFile, cacheFile, profileFile}

// Renew is Deliver, with as few calls as will do for a container that we delivered to before: at each renewal
// there are many. What was found out about it then can't have changed, since mounts, user and environment are a
// container's for good; whether somebody signed in inside since is looked at afterwards. So where the Status is
// Unproved, Confirm is to be called, once the others have their credential; if that never comes, the next
// delivery does it.
func (e *Engine) Renew(ctx context.Context, c Container, b auth.Bundle) Status {
	if c.Delivery == "copy" {
		if s, done := e.renew(ctx, c, b); done {
			return s
		}
	}
	return e.Deliver(ctx, c, b)
}

// renew reports whether it has delivered; if not, nothing was written, or what became of it is for Deliver to say.
func (e *Engine) renew(ctx context.Context, c Container, b auth.Bundle) (Status, bool) {
	ctx, cancel := context.WithTimeout(ctx, deliveryLimit)
	defer cancel()
	unlock, err := e.lock(ctx, c.ID)
	if err != nil {
		return Status{}, false
	}
	defer unlock()
	last := e.last(c.ID)
	if last.target == nil || last.unproved || last.mark.Refresh || len(b.Tokens) == 0 {
		return Status{}, false
	}
	t, s := *last.target, statusOf(c)
	s.Path = t.asked
	t.refresh, s.Consent = e.refreshFor(c, t)
	content := newContent(b, t, e.now()).keep(last.mark.Installation)
	if content.mark.Refresh || content.mark.Hash == last.mark.Hash {
		return Status{}, false
	}
	content.mark.Unproved = true
	files, m := content.withMark(last.mark.Made)
	before := last.mark
	last.unproved = true // of a write that fails, too: nobody knows how far it came
	e.note(c.ID, last)
	entries := append(t.links(keptSuffix, "", keptFiles...), t.entries(files)...)
	if err := e.extract(ctx, c.ID, t.place, entries, m.DeliveredAt); err != nil {
		return Status{}, false
	}
	e.note(c.ID, seen{place: t.place, mark: m, size: markSize(files), target: &t, before: &before, unproved: true})
	s = s.holds(held{mark: &m, intact: true}, e.now()).saysRefresh(c, t, b).handicapped(t)
	s.Unproved = true
	return s, true
}

// Confirm looks at what the last Renew replaced: who had signed in inside gets that back, and is left alone as
// always. It blocks for at most a minute.
func (e *Engine) Confirm(ctx context.Context, c Container) Status {
	if s, done := e.confirm(ctx, c); done {
		return s
	}
	return e.Check(ctx, c)
}

// confirm reports whether it has looked; if not, others have been at work here since.
func (e *Engine) confirm(ctx context.Context, c Container) (Status, bool) {
	s := statusOf(c)
	ctx, cancel := context.WithTimeout(ctx, deliveryLimit)
	defer cancel()
	unlock, err := e.lock(ctx, c.ID)
	if err != nil {
		return e.failed(ctx, s, err), true
	}
	defer unlock()
	last := e.last(c.ID)
	if last.target == nil || !last.unproved {
		return Status{}, false
	}
	t, h := *last.target, held{mark: &last.mark, intact: true}
	s.Path = t.asked
	id := ""
	h.displaced, id, err = e.displaced(ctx, c.ID, last)
	if err == nil && len(h.displaced) > 0 {
		h.foreign = true
		err = e.giveBack(ctx, c.ID, t, h)
	} else if err == nil && id != "" && id != last.mark.Installation {
		last, err = e.keepInstallation(ctx, c.ID, last, id)
	}
	if err != nil {
		return e.failed(ctx, s, err), true
	}
	if h.foreign {
		last.target = nil
	}
	last.unproved = false
	e.note(c.ID, last)
	return s.holds(h, e.now()).handicapped(t), true
}

// displaced is which of the files that a renewal replaced belong to a sign-in made inside: those of it that were
// not as the delivery before had left them, if nobody has written there since. Where they are nobody's, it gives the
// installation's id that az had written there.
func (e *Engine) displaced(ctx context.Context, id string, now seen) (back []string, installation string, err error) {
	old := now.before
	if old != nil {
		texts, unchanged, err := e.readChanged(ctx, id, now.place, keptSuffix, keptFiles[1:], old)
		if err != nil || len(texts) == 0 && len(unchanged) == len(keptFiles)-1 {
			return nil, "", err
		}
	}
	text, err := readFile(ctx, e.api, id, path.Join(now.place, markFile+keptSuffix)) // it may be of another aztray's delivery
	if err != nil {
		return nil, "", err
	}
	if old = parseMark(text); old == nil {
		return nil, "", nil
	}
	texts, unchanged, err := e.readChanged(ctx, id, now.place, keptSuffix, keptFiles[1:], old)
	if was := judgeHeld(old, texts, unchanged); err != nil || !was.foreign {
		return nil, was.installation, err
	}
	_, untouched, err := e.readChanged(ctx, id, now.place, "", keptFiles[1:], &now.mark)
	for name := range texts {
		if untouched[name] && texts[name] != nil {
			back = append(back, name)
		}
	}
	return back, "", err
}

// giveBack puts a sign-in that a renewal replaced in its place again; what is kept is the renewal then, so that
// it is not given back once more after they have signed out.
func (e *Engine) giveBack(ctx context.Context, id string, t target, h held) error {
	entries := t.links("", keptSuffix, h.displaced...)
	entries = append(entries, t.links(keptSuffix, freshSuffix, keptFiles...)...)
	return e.extract(ctx, id, t.place, entries, h.mark.DeliveredAt)
}

// again is what of a target can be used for the next delivery to the same container, nil where it has to be
// found out anew: who controls the engine is asked about, and in a mounted place others write too.
func (t target) again() *target {
	if t.verdict.way != byArchive || t.verdict.mount != nil || t.controls {
		return nil
	}
	t.missing, t.pristine, t.ended = nil, false, false
	return &t
}
