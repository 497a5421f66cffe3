package containers

import (
	"context"
	"path"

	"aztray/internal/auth"
)

// renew delivers to a container that we delivered to before with as few calls as will do, for at each renewal
// there are many: what was found out about it then can't have changed, since mounts, user and environment are a
// container's for good, unless the files look touched. It reports whether it has delivered; if not, nothing was
// written, or what became of it is for deliverCopy to say.
//
// The look is at the two files that az login changes, whoever it signs in: the token cache, and for a managed
// identity the profile alone. Were the directory by now a link to another place, perhaps a mounted one, they
// would not be those that we wrote.
func (e *Engine) renew(ctx context.Context, c Container, b auth.Bundle) (Status, bool) {
	ctx, cancel := context.WithTimeout(ctx, deliveryLimit)
	defer cancel()
	unlock, err := e.lock(ctx, c.ID)
	if err != nil {
		return Status{}, false
	}
	defer unlock()
	e.mu.Lock()
	last := e.seen[c.ID]
	e.mu.Unlock()
	if last.target == nil || last.mark.Refresh || len(b.Tokens) == 0 {
		return Status{}, false
	}
	t, s := *last.target, statusOf(c)
	s.Path = t.asked
	t.refresh, s.Consent = e.refreshFor(c, t)
	content := newContent(b, t, e.now())
	if content.mark.Refresh || content.mark.Hash == last.mark.Hash {
		return Status{}, false
	}
	for _, name := range []string{cacheFile, profileFile} {
		info, ok, err := there(ctx, e.api, c.ID, path.Join(t.place, name))
		if err != nil || !ok || info.Size != last.mark.Files[name].Size || !info.Mtime.Equal(last.mark.DeliveredAt) {
			return Status{}, false
		}
	}
	h := held{mark: &last.mark, intact: true}
	if err := e.write(ctx, c, t, content, nil, h, t.owner); err != nil {
		return Status{}, false
	}
	return s.holds(held{mark: &content.mark, intact: true}, e.now()).saysRefresh(c, t, b).handicapped(t), true
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
