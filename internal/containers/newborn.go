package containers

import (
	"context"
	"slices"
	"time"
)

// created is the engine's word for a container that never ran. What is found out about one is good until it runs:
// its mounts, user and environment are its own for good.
const created = "created"

// NeverRan reports whether c had not run yet when it was last heard of.
func (c Container) NeverRan() bool { return c.status == created }

// described is how a container that never ran was described to one who asked for another reason, kept for the
// delivery that follows: on the way of a first instruction each call counts.
type described struct {
	in inspected
	at time.Time
}

const (
	describedFor  = 2 * time.Second // as long as a start is held back
	mostDescribed = 1000
)

// noteNew keeps the description of a container that never ran.
func (e *Engine) noteNew(in inspected) {
	if in.Status != created {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.newborn) >= mostDescribed {
		clear(e.newborn)
	}
	e.newborn[in.ID] = described{in, e.now()}
}

// describe is inspect, but for one call where c was described a moment ago and had not run then. That serves once.
func (e *Engine) describe(ctx context.Context, c Container) (inspected, error) {
	e.mu.Lock()
	d, had := e.newborn[c.ID]
	delete(e.newborn, c.ID)
	e.mu.Unlock()
	if age := e.now().Sub(d.at); had && c.NeverRan() && age >= 0 && age < describedFor {
		return e.sourced(ctx, d.in)
	}
	return e.inspect(ctx, c.ID)
}

// empty reports whether nothing lies where a container's credential goes. Nothing has run in it, and its image is
// known, so that one look at the place does instead of one at each directory on the way.
func (e *Engine) empty(ctx context.Context, in inspected, w walked) (bool, error) {
	if in.Status != created || !slices.Contains(w.missing, w.resolved) {
		return false, nil
	}
	_, there, err := there(ctx, e.api, in.ID, w.missing[0])
	return !there && err == nil, err
}
