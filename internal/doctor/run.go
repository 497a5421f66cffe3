package doctor

import (
	"context"
	"errors"
	"sync"
	"time"
)

// limit is how long one check may take: a cold az on a slow machine takes twenty seconds, and one in a
// container may have to wait for its turn.
const limit = 75 * time.Second

// atOnce bounds how many checks work at a time.
const atOnce = 8

// check looks at something and says what it found, and what else is to be looked at then. It heeds ctx.
type check struct {
	group string
	name  string // for the line that says that it took too long
	look  func(ctx context.Context) ([]Line, []check)
}

// running is a check at work.
type running struct {
	check check
	done  chan struct{}
	lines []Line
	more  []*running
}

// run is one run of all checks.
type run struct {
	o       Options
	places  chan struct{} // held by a check at work
	work    sync.WaitGroup
	allowed time.Duration
}

func newRun(o Options) *run {
	return &run{o: o, places: make(chan struct{}, atOnce), allowed: limit}
}

// all starts the checks together and tells their lines in order. It returns when none is at work.
func (r *run) all(ctx context.Context, checks []check, tell func(Line)) error {
	started := r.start(ctx, checks)
	err := r.tell(ctx, started, tell)
	r.work.Wait()
	return err
}

func (r *run) start(ctx context.Context, checks []check) []*running {
	all := make([]*running, len(checks))
	for i, c := range checks {
		w := &running{check: c, done: make(chan struct{})}
		all[i] = w
		r.work.Go(func() {
			defer close(w.done)
			select {
			case r.places <- struct{}{}:
				defer func() { <-r.places }()
			case <-ctx.Done():
				return
			}
			limited, stop := context.WithTimeout(ctx, r.allowed)
			defer stop()
			lines, more := c.look(limited)
			if len(lines) == 0 && errors.Is(limited.Err(), context.DeadlineExceeded) {
				lines = in(c.group, "", tookTooLong(c.name, r.allowed))
			}
			w.lines, w.more = lines, r.start(ctx, more)
		})
	}
	return all
}

// tell passes on what each has found, and then what it led to.
func (r *run) tell(ctx context.Context, all []*running, tell func(Line)) error {
	for _, w := range all {
		if r.o.Busy != nil {
			r.o.Busy(w.check.group)
		}
		select {
		case <-w.done:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, l := range w.lines {
			tell(l)
		}
		if err := r.tell(ctx, w.more, tell); err != nil {
			return err
		}
	}
	return nil
}

func tookTooLong(name string, allowed time.Duration) Line {
	return bad(name, "answer", Warning, "DOCTOR_TIMEOUT",
		"This did not answer within "+allowed.String()+".", "Look again: aztray doctor")
}

// fact is something that several checks go by. It is found out once, and never changes then.
type fact[T any] struct {
	known chan struct{}
	value T
}

// learn finds a fact out on its own, within a time.
func learn[T any](ctx context.Context, r *run, allowed time.Duration, find func(context.Context) T) *fact[T] {
	f := &fact[T]{known: make(chan struct{})}
	r.work.Go(func() {
		defer close(f.known)
		ctx, stop := context.WithTimeout(ctx, allowed)
		defer stop()
		f.value = find(ctx)
	})
	return f
}

// get waits for the fact; false where ctx ended first.
func (f *fact[T]) get(ctx context.Context) (T, bool) {
	select {
	case <-f.known:
		return f.value, true
	case <-ctx.Done():
		var none T
		return none, false
	}
}
