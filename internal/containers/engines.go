package containers

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"aztray/internal/auth"
)

// Engines are the engines that are looked after. Each is on its own: one that is away, or slow, holds
// up no other. They are safe for concurrent use.
type Engines struct {
	o   Options
	all []*follower
}

// follower is one of the engines and what is known of it.
type follower struct {
	o       Options
	mu      sync.Mutex // held while it is connected to
	reached atomic.Pointer[Engine]
	away    atomic.Bool // it was told lost, and not back
	callers atomic.Pointer[[]Caller]

	gateways atomic.Pointer[[]netip.Addr] // that it told last
}

// NewEngines are the engines at hosts, or where there are none the one that the docker command would
// use. Nothing is connected yet.
func NewEngines(o Options, hosts ...string) *Engines {
	o.Host = ""
	es := &Engines{o: o}
	for _, host := range hosts {
		if !slices.ContainsFunc(es.all, func(f *follower) bool { return f.o.Host == host }) {
			one := o
			one.Host = host
			es.all = append(es.all, &follower{o: one})
		}
	}
	if len(es.all) == 0 {
		es.all = []*follower{{o: o}}
	}
	return es
}

// Count is how many there are, reached or not.
func (es *Engines) Count() int { return len(es.all) }

// Names are what Event.Engine calls them.
func (es *Engines) Names() []string {
	var all []string
	for _, f := range es.all {
		all = append(all, f.o.Host)
	}
	return all
}

// ShortHost is an engine's address without what says nothing to a person.
func ShortHost(host string) string {
	for _, scheme := range []string{"unix://", "npipe:////./pipe/", "npipe://", "tcp://", "ssh://"} {
		if rest, ok := strings.CutPrefix(host, scheme); ok {
			return rest
		}
	}
	return host
}

// connect is the engine, connected to when it is first asked for. The error is an *auth.Problem.
func (f *follower) connect(ctx context.Context) (*Engine, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e := f.reached.Load(); e != nil {
		return e, nil
	}
	e, err := Connect(ctx, f.o)
	if err == nil {
		f.reached.Store(e)
	}
	return e, err
}

const (
	firstConnect = time.Second
	lastConnect  = time.Minute
)

// Watch tells what happens to the containers that sel covers on each engine, until ctx ends. An engine
// that is not there is tried for again and again. tell may be called by several goroutines at once,
// and must return at once.
func (es *Engines) Watch(ctx context.Context, sel Selector, tell func(Event)) error {
	failed := make([]error, len(es.all))
	var work sync.WaitGroup
	for i, f := range es.all {
		work.Go(func() { failed[i] = f.watch(ctx, sel, tell) })
	}
	work.Wait()
	return errors.Join(failed...)
}

func (f *follower) watch(ctx context.Context, sel Selector, tell func(Event)) error {
	told := func(ev Event) {
		ev.Engine = f.o.Host
		f.away.Store(ev.Kind == Lost)
		tell(ev)
	}
	for pause := firstConnect; ; pause = min(2*pause, lastConnect) {
		e, err := f.connect(ctx)
		if err == nil {
			return e.Watch(ctx, sel, told)
		}
		p, ok := errors.AsType[*auth.Problem](err)
		if !ok {
			return err
		}
		told(Event{Kind: Lost, Problem: p})
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause - rand.N(pause/5)):
		}
	}
}

// List gives the containers that sel covers on all engines, and a problem for each engine that does
// not answer. The error is another than an engine's.
func (es *Engines) List(ctx context.Context, sel Selector) ([]Container, []*auth.Problem, error) {
	lists, errs := ask(ctx, es.all, func(ctx context.Context, f *follower) ([]Container, error) {
		e, err := f.connect(ctx)
		if err != nil {
			return nil, err
		}
		return e.List(ctx, sel)
	})
	all, seen := []Container{}, map[string]bool{}
	for _, c := range slices.Concat(lists...) {
		if !seen[c.ID] { // one engine may have two addresses
			seen[c.ID] = true
			all = append(all, c)
		}
	}
	var problems []*auth.Problem
	for _, err := range errs {
		p, ok := errors.AsType[*auth.Problem](err)
		if err != nil && !ok {
			return nil, nil, err
		}
		if ok {
			problems = append(problems, p)
		}
	}
	return all, problems, nil
}

// ask asks several engines at the same time and gives their answers in order.
func ask[T any](ctx context.Context, of []*follower, question func(context.Context, *follower) (T, error)) ([]T, []error) {
	answers, errs := make([]T, len(of)), make([]error, len(of))
	var work sync.WaitGroup
	for i, f := range of {
		work.Go(func() { answers[i], errs[i] = question(ctx, f) })
	}
	work.Wait()
	return answers, errs
}

// of is the engine that has c; nil before it was reached.
func (es *Engines) of(c Container) *Engine {
	for _, f := range es.all {
		if f.o.Host == c.Engine {
			return f.reached.Load()
		}
	}
	return nil
}

// Deliver is Engine.Deliver, by the engine that has the container.
func (es *Engines) Deliver(ctx context.Context, c Container, b auth.Bundle) Status {
	return es.do(c, func(e *Engine) Status { return e.Deliver(ctx, c, b) })
}

// Renew is Engine.Renew, by the engine that has the container.
func (es *Engines) Renew(ctx context.Context, c Container, b auth.Bundle) Status {
	return es.do(c, func(e *Engine) Status { return e.Renew(ctx, c, b) })
}

// Confirm is Engine.Confirm, by the engine that has the container.
func (es *Engines) Confirm(ctx context.Context, c Container) Status {
	return es.do(c, func(e *Engine) Status { return e.Confirm(ctx, c) })
}

// Check is Engine.Check, by the engine that has the container.
func (es *Engines) Check(ctx context.Context, c Container) Status {
	return es.do(c, func(e *Engine) Status { return e.Check(ctx, c) })
}

// DeliverAnew is Engine.DeliverAnew, by the engine that has the container.
func (es *Engines) DeliverAnew(ctx context.Context, c Container, b auth.Bundle) Status {
	return es.do(c, func(e *Engine) Status { return e.DeliverAnew(ctx, c, b) })
}

// Examine is Engine.Examine, by the engine that has the container.
func (es *Engines) Examine(ctx context.Context, c Container, wanted func(name string) bool) Examination {
	if e := es.of(c); e != nil {
		return e.Examine(ctx, c, wanted)
	}
	return Examination{Container: c, Status: statusOf(c), Problem: &auth.Problem{Code: "ENGINE_NOT_REACHED", Kind: auth.EngineMissing,
		Message: "Its engine was not reached.", Advice: "See whether it answers: docker version"}}
}

// Question is Engine.Question, by the engine that has the container, as a Status: its State is Missing where a
// question stands in the way, and Failed where that can't be told. Else its Consent is none.
func (es *Engines) Question(ctx context.Context, c Container) Status {
	return es.do(c, func(e *Engine) Status {
		s := statusOf(c)
		asked, sentence, err := e.Question(ctx, c)
		if err != nil {
			return e.failed(ctx, s, err)
		}
		s.Consent = asked
		return s.with(Missing, sentence)
	})
}

// Withdraw is Engine.Withdraw, by the engine that has the container.
func (es *Engines) Withdraw(ctx context.Context, c Container) Status {
	return es.do(c, func(e *Engine) Status { return e.Withdraw(ctx, c) })
}

// Release is Engine.Release, by the engine that has the container.
func (es *Engines) Release(ctx context.Context, c Container) Status {
	return es.do(c, func(e *Engine) Status { return e.Release(ctx, c) })
}

// Verify is Engine.Verify, by the engine that has the container.
func (es *Engines) Verify(ctx context.Context, c Container, want auth.Token) Verified {
	if e := es.of(c); e != nil {
		return e.Verify(ctx, c, want)
	}
	return Verified{Result: Untried, Error: "It can't be tried inside."}
}

func (es *Engines) do(c Container, work func(*Engine) Status) Status {
	if e := es.of(c); e != nil {
		return work(e)
	}
	return statusOf(c).with(Failed, "Its engine was not reached yet.")
}

// WatchLogs is Engine.WatchLogs, by the engine that has the container.
func (es *Engines) WatchLogs(ctx context.Context, c Container, tell func(Finding)) error {
	if e := es.of(c); e != nil {
		return e.WatchLogs(ctx, c, tell)
	}
	return &localError{"Its log can't be read: its engine was not reached yet."}
}

// Prepare is the function of that name, with the containers of the engines that were reached. One that
// does not answer is no reason to leave the others' directories alone.
func (es *Engines) Prepare(ctx context.Context, sel Selector, b auth.Bundle) error {
	var there []*Engine
	for _, f := range es.all {
		if e := f.reached.Load(); e != nil && e.local && !f.away.Load() {
			there = append(there, e)
		}
	}
	return Prepare(ctx, es.o, sel, there, b)
}
