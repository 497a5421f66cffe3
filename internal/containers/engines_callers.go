package containers

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// askedAway is how long an engine that is known to be away is waited for: others have answered by then.
const askedAway = 500 * time.Millisecond

// near asks the engines whose containers could reach this machine: not those at the other end of SSH.
func near[T any](ctx context.Context, es *Engines, question func(context.Context, *Engine) (T, error)) ([]*follower, []T, []error) {
	of := slices.DeleteFunc(slices.Clone(es.all), func(f *follower) bool { return strings.HasPrefix(f.o.Host, "ssh:") })
	answers, errs := ask(ctx, of, func(ctx context.Context, f *follower) (answer T, err error) {
		if f.away.Load() {
			var stop context.CancelFunc
			ctx, stop = context.WithTimeout(ctx, askedAway)
			defer stop()
		}
		e, err := f.connect(ctx)
		if err == nil {
			answer, err = question(ctx, e)
		}
		return answer, err
	})
	return of, answers, errs
}

// Gateways are this machine's addresses on the bridge networks of every engine, in the engines' order. Of one
// that does not answer they are those that it told last: its bridges, and the containers on them, are there
// until it says otherwise. The error is that of an engine, and that none has ever answered.
func (es *Engines) Gateways(ctx context.Context) ([]netip.Addr, error) {
	of, lists, errs := near(ctx, es, func(ctx context.Context, e *Engine) ([]netip.Addr, error) { return e.Gateways(ctx) })
	all, known := []netip.Addr{}, false
	for i, f := range of {
		if errs[i] == nil {
			f.gateways.Store(&lists[i])
		}
		last := f.gateways.Load()
		if last == nil {
			continue
		}
		known = true
		for _, g := range *last {
			if !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
	}
	if known || len(of) == 0 {
		return all, nil
	}
	return nil, errors.Join(errs...)
}

// Callers are the containers that sel covers, on every engine whose containers could reach this
// machine. Of an engine that does not answer they are those that were there when it last did: they
// may run on without it. The error is that of an engine, and that none has ever answered.
func (es *Engines) Callers(ctx context.Context, sel Selector) ([]Caller, error) {
	of, lists, errs := near(ctx, es, func(ctx context.Context, e *Engine) ([]Caller, error) { return e.Callers(ctx, sel) })
	all, known := []Caller{}, false
	var failed error
	for i, f := range of {
		if errs[i] == nil {
			f.callers.Store(&lists[i])
		} else {
			failed = errs[i]
		}
		if last := f.callers.Load(); last != nil {
			all, known = append(all, *last...), true
		}
	}
	if known {
		failed = nil
	}
	return all, failed
}
