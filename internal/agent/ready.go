package agent

import (
	"context"
	"time"

	"aztray/internal/containers"
)

// maxStarters is how many starts wait at once; the next does not.
const maxStarters = 256

// Ready returns when a container of the first engine, by name or id, may start: what it is to hold is
// in it and was looked at since it ran last, or there is nothing to wait for, because it is not covered,
// asks for its tokens by itself, or can't be given any now. The loop is not asked about one that is not
// covered, so that whatever keeps it busy holds up no other. The error is ctx's, or the engine's.
func (a *Agent) Ready(ctx context.Context, ref string) error {
	c, covered, err := (*a.outside.Load()).FindContainer(ctx, ref)
	if err != nil || !covered {
		return err
	}
	w := starter{ctx: ctx, c: c, ready: make(chan struct{})}
	select {
	case a.events <- startAsked{w}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// starter is one who wants a container to start.
type starter struct {
	ctx   context.Context
	c     containers.Container
	ready chan struct{} // closed when it may
}

type startAsked struct{ w starter }

func (e startAsked) apply(s *state, now time.Time) {
	if s.set.Held != nil || len(s.starters) >= maxStarters {
		close(e.w.ready)
		return
	}
	s.starters = append(s.starters, e.w)
	b, known := s.boxes[e.w.c.ID]
	if !known { // the engine's event is still on its way
		s.box(e.w.c)
		b = s.boxes[e.w.c.ID]
	}
	if b.awaited = true; !b.untouched && !(b.neverRan && b.working) { // what is under way is its first delivery
		b.verify, b.retryAt = true, time.Time{} // its process may have done anything with it
	}
}

// release lets those containers start that next has nothing to do for before.
func (s *state) release(now time.Time, known alike) {
	waiting := s.starters[:0]
	for _, w := range s.starters {
		b := s.boxes[w.c.ID]
		switch {
		case w.ctx.Err() != nil:
		case b != nil && s.mustWait(b, now, known):
			waiting = append(waiting, w)
			continue
		default:
			close(w.ready)
		}
		if b != nil {
			b.awaited, b.untouched = false, false
		}
	}
	clear(s.starters[len(waiting):])
	s.starters = waiting
}

// mustWait reports whether something is on its way into the container, or soon will be.
func (s *state) mustWait(b *box, now time.Time, known alike) bool {
	switch {
	case b.c.Delivery == "endpoint":
		return false
	case b.working:
		return true
	case s.lost[b.c.Engine] != nil, now.Before(b.retryAt):
		return false
	case !s.filesKnown:
		return s.filesErr == nil
	case !s.signedIn():
		return false
	}
	g := known.of(s, b.c, now)
	if !g.is { // there is no token: is one being fetched?
		tenant, _ := s.wants(b.c)
		return s.sign(tenant).probing
	}
	return b.verify || b.sent != g.mark
}
