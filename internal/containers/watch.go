package containers

import (
	"cmp"
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"aztray/internal/auth"
)

// EventKind says what happened to a covered container, or to the engine.
type EventKind string

const (
	Listed  EventKind = "listed"  // Containers is the whole truth now: at first, after a break, after a rename, and now and then
	Created EventKind = "created" // deliver at once: its process may start any moment
	Started EventKind = "started" // deliver again, or see that what it holds is right
	Stopped EventKind = "stopped"
	Removed EventKind = "removed"
	Passed  EventKind = "passed" // one that is not covered was started
	Lost    EventKind = "lost"   // the engine is gone; Problem says why. Listed follows when it is back
)

// Event is one thing that Watch tells.
type Event struct {
	Kind       EventKind
	Engine     string // whose news it is, as Container.Engine has it
	Container  Container
	Containers []Container
	Problem    *auth.Problem
}

const (
	firstPause     = time.Second
	longPause      = 30 * time.Second
	reconcileEvery = 5 * time.Minute // the engine drops events for a listener that is slow, and doesn't say so
	keptEvents     = 256             // what the engine itself remembers
	steadyAfter    = time.Minute     // a connection that held this long makes the next pause short again
)

// Watch tells tell what happens to the containers that sel covers, until ctx ends: its error is
// ctx's. tell is called once at a time and must return at once.
func (e *Engine) Watch(ctx context.Context, sel Selector, tell func(Event)) error {
	w := watcher{e: e, sel: sel, tell: tell, seen: map[message3]bool{}}
	pause, lost := firstPause, false
	for {
		began := e.now()
		err := w.follow(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if e.now().Sub(began) > steadyAfter {
			pause, lost = firstPause, false
		}
		if !lost || w.listed {
			tell(Event{Kind: Lost, Problem: e.problem(err)})
			lost, w.listed = true, false
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause + rand.N(pause/2)):
		}
		pause = min(2*pause, longPause)
	}
}

// watcher is one Watch.
type watcher struct {
	mu     sync.Mutex // held while telling
	e      *Engine
	sel    Selector
	tell   func(Event)
	last   time.Time         // of the newest event
	seen   map[message3]bool // events told lately: those since last come again on a new connection
	order  []message3
	listed bool // since the engine was last lost
}

// What an event is about, in the engine's word.
const (
	typeContainer = "container"
	typeVolume    = "volume"
)

// message3 is what makes an event one and the same.
type message3 struct {
	at         int64
	id, action string
}

// follow listens on one connection until it breaks.
func (w *watcher) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := w.e.api.events(ctx, w.last) // first listen, then list: nothing falls between
	if err != nil {
		return err
	}
	defer stream.close()
	w.e.volumes.follow(true)
	defer w.e.volumes.follow(false)
	answers := w.e.consents.stamp()
	w.mu.Lock()
	err = w.list(ctx)
	w.mu.Unlock()
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, stream.close)() // ends a read that waits
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	work.Go(func() { w.reconcile(ctx, cancel, answers) })
	work.Go(func() { w.e.learnVolumes(ctx) })
	for {
		m, err := stream.next()
		if err == nil {
			err = w.handle(ctx, m) // here and not elsewhere: a new container's process starts within a millisecond
		}
		if err != nil {
			return err
		}
	}
}

// reconcile lists now and then, and when the person's answers are others than those; an engine that does not answer ends the connection.
func (w *watcher) reconcile(ctx context.Context, broken context.CancelFunc, answers string) {
	again := time.NewTicker(reconcileEvery)
	defer again.Stop()
	look := w.e.consents.look()
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C: // by an answer a container may get more, or less
			was := answers
			if answers = w.e.consents.stamp(); answers == was {
				continue
			}
			w.mu.Lock()
			err := w.list(ctx)
			w.mu.Unlock()
			if err != nil {
				broken()
				return
			}
		case <-again.C:
			w.mu.Lock()
			err := w.list(ctx)
			w.mu.Unlock()
			if err != nil {
				broken()
				return
			}
		}
	}
}

func (w *watcher) list(ctx context.Context) error {
	all, err := w.e.List(ctx, w.sel)
	if err != nil {
		return err
	}
	w.listed = true
	w.tell(Event{Kind: Listed, Containers: all})
	return nil
}

// handle tells one event, once.
func (w *watcher) handle(ctx context.Context, m message) error {
	if m.Type == typeVolume {
		w.e.volumeChanged(cmp.Or(m.ID, m.Attributes["name"]))
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	key := message3{m.TimeNano, m.ID, m.Action}
	if w.seen[key] {
		return nil
	}
	w.seen[key] = true
	w.order = append(w.order, key)
	if len(w.order) > keptEvents {
		delete(w.seen, w.order[0])
		w.order = w.order[1:]
	}
	if at := time.Unix(0, m.TimeNano); at.After(w.last) {
		w.last = at
	}
	if m.Action == "rename" {
		return w.list(ctx) // by its new name it may be covered, or no longer
	}
	event, ok, err := w.event(ctx, m)
	if err != nil {
		return err
	}
	if ok {
		w.tell(event)
	}
	if m.Action == "destroy" || m.Action == "remove" {
		w.e.forget(m.ID)
	}
	return nil
}

// event makes an Event of what the engine says of a covered container. The error is that the engine does not answer.
func (w *watcher) event(ctx context.Context, m message) (Event, bool, error) {
	heard := w.e.now()
	name, labels := strings.TrimPrefix(m.Attributes["name"], "/"), m.Attributes
	if m.Action != "destroy" && m.Action != "remove" { // of one that is gone nothing can be asked, and nothing is given to it
		g, err := w.e.given(ctx, w.sel, m.ID, name, labels, w.e.inspectedImage(m.ID))
		if err != nil {
			return Event{}, false, err
		}
		labels = g.labels
	}
	if !w.sel.covers(name, labels) {
		if m.Action != "start" || labels[labelDeliver] != "" {
			return Event{}, false, nil
		}
		w.e.looks.forget(m.ID)
		return Event{Kind: Passed}, true, nil
	}
	status := map[string]string{"create": "created", "start": "running", "die": "exited"}[m.Action]
	c := w.sel.container(m.ID, name, labels["image"], status, labels)
	c.Engine = w.e.name
	c = w.e.withAnswers(w.sel, c)
	kind := map[string]EventKind{"create": Created, "start": Started, "die": Stopped, "destroy": Removed, "remove": Removed}[m.Action]
	if c.over() {
		kind = Removed
	}
	if c.Delivery == "endpoint" && (kind == Created || kind == Started) {
		in, err := w.e.api.inspect(ctx, m.ID)
		if _, answered := err.(*apiError); err != nil && !answered {
			return Event{}, false, err
		}
		c.NoNetwork = in.NetworkMode == noNetwork
	}
	if kind == Created && heard.Sub(time.Unix(0, m.TimeNano)).Abs() < time.Second {
		c.born = heard // not an event of long ago, told again on a new connection
	}
	return Event{Kind: kind, Container: c}, kind != "", nil
}
