package agent

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// A start waits for the delivery, and for nothing else. Each delivery takes 300 ms.
func TestReady(t *testing.T) {
	const work = 300 * time.Millisecond
	box := containers.Container{ID: "a", Name: "codestory-a"}
	runs := box
	runs.Running = true
	tell := func(kind containers.EventKind, c containers.Container) func(*run) {
		return func(x *run) { x.tell(containers.Event{Kind: kind, Container: c}); x.after(time.Second) }
	}
	for _, c := range []struct {
		name  string
		set   func(*rig)
		first []func(*run)  // happens before, a second each
		held  time.Duration // until it may start
		tries int           // deliveries by then, since the agent's start
		fails bool          // it may because the wait was over
	}{
		{name: "the engine's event has not come yet", held: work, tries: 1},
		{name: "its delivery is in", first: []func(*run){tell(containers.Created, box)}, tries: 1},
		{name: "its first delivery is under way", first: []func(*run){func(x *run) { x.tell(containers.Event{Kind: containers.Created, Container: box}); synctest.Wait() }}, held: work, tries: 1},
		{name: "it ran, and did with it what it liked", first: []func(*run){tell(containers.Created, box), tell(containers.Started, runs), tell(containers.Stopped, box)}, held: work, tries: 2},
		{name: "it runs, and is to be restarted", first: []func(*run){tell(containers.Started, runs)}, held: work, tries: 2},
		{name: "it asks for its tokens itself", set: func(r *rig) { r.there["web"] = containers.Container{ID: "a", Delivery: "endpoint"} }},
		{name: "it is not covered", set: func(r *rig) { clear(r.there) }},
		{name: "it can't be written to", set: func(r *rig) { r.fails["a"] = true }, held: work, tries: 1},
		{name: "it could not be written to a while ago", set: func(r *rig) { r.fails["a"] = true }, first: []func(*run){tell(containers.Created, box)}, held: work, tries: 2},
		{name: "nobody is signed in", set: func(r *rig) { r.files = auth.Files{} }},
		{name: "there is no token, and none to be had", set: func(r *rig) { r.refuse(refusal) }},
		{name: "its engine is away", first: []func(*run){tell(containers.Created, box), func(x *run) {
			x.tell(containers.Event{Kind: containers.Lost, Problem: &auth.Problem{}})
			x.now()
		}}, tries: 1},
		{name: "a delivery that takes too long", set: func(r *rig) { r.slow = time.Minute }, held: 2 * time.Second, fails: true, tries: 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig()
			r.files, r.slow = profile(contoso), work
			r.there = map[string]containers.Container{"web": box}
			if c.set != nil {
				c.set(r)
			}
			inBubble(t, r, Settings{}, func(x *run) {
				x.now()
				for _, happens := range c.first {
					happens(x)
				}
				ctx, stop := context.WithTimeout(x.t.Context(), 2*time.Second)
				defer stop()
				began := time.Now()
				err := x.a.Ready(ctx, "web")
				if held := time.Since(began); held != c.held || errors.Is(err, context.DeadlineExceeded) != c.fails {
					t.Errorf("held for %v, %v; want %v", held, err, c.held)
				}
				if tries := len(r.peek().tries["a"]); tries != c.tries {
					t.Errorf("%d deliveries, want %d", tries, c.tries)
				}
				if x.now(); len(x.a.state.starters) > 0 && !c.fails {
					t.Error("somebody is still waited on")
				}
			})
		})
	}
}

// With the loop stuck a container that is not covered starts at once, and one that is when its time is up.
func TestALoopThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.there = map[string]containers.Container{"web": {ID: "a"}}
		a := New(r, Settings{}) // which nobody runs
		if err := a.Ready(t.Context(), "other"); err != nil {
			t.Error(err)
		}
		for range maxEvents + 1 { // its queue is full in the end
			ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
			began := time.Now()
			if err := a.Ready(ctx, "web"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 2*time.Second {
				t.Fatalf("held for %v, %v", time.Since(began), err)
			}
			stop()
		}
	})
}

// A start that is held goes before all that a renewal has to do, and is not held by what is slow.
func TestAStartGoesFirst(t *testing.T) {
	r := newRig()
	r.files, r.slow = profile(contoso), 10*time.Second
	r.there = map[string]containers.Container{"web": {ID: "web", Name: "codestory-web"}}
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		var many []containers.Container
		for i := range 3 * maxDeliveries {
			many = append(many, covered(string(rune('A'+i))))
		}
		r.tell(containers.Event{Kind: containers.Listed, Containers: many})
		x.now()
		r.mu.Lock()
		r.slow = 100 * time.Millisecond // from here on
		r.mu.Unlock()
		began := time.Now()
		if err := x.a.Ready(x.t.Context(), "web"); err != nil || time.Since(began) != 100*time.Millisecond {
			t.Errorf("held for %v, %v", time.Since(began), err)
		}
	})
}

func TestStartersAreBounded(t *testing.T) {
	s := newState(Settings{}, func() float64 { return 0 })
	for range maxStarters {
		startAsked{starter{ctx: t.Context(), c: covered("a"), ready: make(chan struct{})}}.apply(s, time.Now())
	}
	last := make(chan struct{})
	startAsked{starter{ctx: t.Context(), c: covered("a"), ready: last}}.apply(s, time.Now())
	<-last
	if len(s.starters) != maxStarters {
		t.Errorf("%d wait", len(s.starters))
	}
}

// The engine's word that a container was made comes after the socket's that it is to start: it is looked at once.
func TestACreatedContainerIsLookedAtOnceBeforeItsStart(t *testing.T) {
	r := newRig()
	box := covered("a")
	box.Running = false
	r.files, r.slow, r.there = profile(contoso), 100*time.Millisecond, map[string]containers.Container{"web": box}
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		for _, late := range []time.Duration{0, 50 * time.Millisecond, 200 * time.Millisecond} {
			box.ID = late.String()
			r.there["web"] = box
			x.tell(containers.Event{Kind: containers.Created, Container: box})
			time.Sleep(late)
			began := time.Now()
			if err := x.a.Ready(x.t.Context(), "web"); err != nil || time.Since(began) != max(0, r.slow-late) {
				t.Errorf("asked for %v after it was made: held for %v, %v", late, time.Since(began), err)
			}
			if n := len(r.peek().tries[box.ID]); n != 1 {
				t.Errorf("asked for %v after it was made: looked at %d times", late, n)
			}
		}
	})
}
