package agent

import (
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"aztray/internal/containers"
)

func stopped(id string) containers.Container {
	c := covered(id)
	c.Running = false
	return c
}

func TestRestartingDeliversFirstAndShowsHowItGoes(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a"), covered("b"), stopped("c")}})
		x.now()
		r.failing("b", true)
		x.a.Do(Restart{})
		x.a.Do(Restart{}) // one at a time
		s := x.now()
		for i, restarting := range []bool{true, true, false} {
			if s.Containers[i].Restarting != restarting {
				t.Errorf("while it goes on %s: restarting is %v", s.Containers[i].Name, s.Containers[i].Restarting)
			}
		}
		s = x.after(11 * time.Second)
		if got := r.restartedNames(); !slices.Equal(got, []string{"codestory-a", "codestory-b"}) {
			t.Errorf("restarted %v, want each that runs, once", got)
		}
		a, b := s.Containers[0], s.Containers[1]
		if a.Restarting || a.Broken || a.Error != "" {
			t.Errorf("one that is back: %+v", a)
		}
		if b.Restarting || !b.Broken || b.Error != "the engine said no" {
			t.Errorf("one that is not: %+v", b)
		}
		r.failing("b", false)
		x.a.Do(Restart{Names: []string{"codestory-b"}})
		if s = x.after(11 * time.Second); s.Containers[1].Broken || len(r.restartedNames()) != 3 {
			t.Errorf("after another try: %+v", s.Containers[1])
		}
	})
}

func TestNothingIsRestartedWithoutALiveToken(t *testing.T) {
	r := newRig()
	inBubble(t, r, Settings{}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a")}})
		x.a.Do(Restart{})
		s := x.after(time.Second)
		if len(r.restartedNames()) != 0 || !s.Containers[0].Broken || s.Containers[0].Error == "" {
			t.Errorf("restarted %v, shown as %+v", r.restartedNames(), s.Containers[0])
		}
	})
}

func (r *rig) restartedNames() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := slices.Clone(r.restarted)
	slices.Sort(names)
	return names
}

func TestAnAnswerIsRememberedAndActedOn(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a")}})
		x.now()
		before := r.peek()
		x.a.Do(Answer{ContainerID: "a", Question: containers.AskEngine, Allow: true})
		x.a.Do(Answer{ContainerID: "gone", Question: containers.AskEngine, Allow: true})
		x.now()
		if after := r.peek(); len(after.tries["a"]) != len(before.tries["a"])+1 {
			t.Error("an allowance is not acted on at once")
		}
		x.a.Do(Answer{ContainerID: "a", Question: containers.AskEngine})
		x.now()
		if r.peek().withdrew != 1 || !slices.Equal(r.said(), []string{"codestory-a engine true", "codestory-a engine false"}) {
			t.Errorf("answers %q, %d withdrawn", r.said(), r.peek().withdrew)
		}
	})
}

// With no sign-in nothing is delivered that would tell how the question stands.
func TestAnAnswerIsShownAtOnce(t *testing.T) {
	engine, refresh := containers.Consent{Question: containers.AskEngine}, containers.Consent{Question: containers.AskRefresh}
	never := func(c containers.Consent) containers.Consent { c.Never = true; return c }
	why := "It controls the engine."
	for _, c := range []struct {
		name   string
		before containers.Consent
		answer Answer
		err    error
		want   containers.Consent
		error  string
	}{
		{"yes: nothing is asked any more", engine, Answer{Question: containers.AskEngine, Allow: true}, nil, containers.Consent{}, ""},
		{"never: it can be taken back", engine, Answer{Question: containers.AskEngine}, nil, never(engine), ""},
		{"never is taken back", never(refresh), Answer{Question: containers.AskRefresh, Allow: true}, nil, containers.Consent{}, ""},
		{"it could not be kept: it is asked still", engine, Answer{Question: containers.AskEngine, Allow: true}, errors.New("the disk is full"), engine, why},
		{"something else is asked by now", refresh, Answer{Question: containers.AskEngine, Allow: true}, nil, refresh, why},
	} {
		s := newState(Settings{Log: slog.New(slog.DiscardHandler)}, func() float64 { return 0 })
		b := &box{c: covered("a"), status: containers.Status{Consent: c.before, Error: why}}
		s.boxes[b.c.ID] = b
		answered{b.c, c.answer, c.err}.apply(s, time.Now())
		if b.status.Consent != c.want || b.status.Error != c.error || !b.verify {
			t.Errorf("%s: %+v, %q, looked at again: %v", c.name, b.status.Consent, b.status.Error, b.verify)
		}
	}
}

func TestAnAnswerHoldsForAWholeService(t *testing.T) {
	replica := func(id, service, image string) containers.Container {
		return containers.Container{ID: id, Name: "shop-" + id, Project: "shop", Service: service, Image: image}
	}
	s := newState(Settings{Log: slog.New(slog.DiscardHandler)}, func() float64 { return 0 })
	for _, c := range []containers.Container{replica("web-1", "web", "a"), replica("web-2", "web", "a"), replica("web-3", "web", "b"), replica("db-1", "db", "a")} {
		s.boxes[c.ID] = &box{c: c, status: containers.Status{Consent: containers.Consent{Question: containers.AskEngine}}}
	}
	answered{s.boxes["web-1"].c, Answer{ContainerID: "web-1", Question: containers.AskEngine, Allow: true}, nil}.apply(s, time.Now())
	for id, want := range map[string]bool{"web-1": true, "web-2": true, "web-3": false, "db-1": false} {
		b := s.boxes[id]
		if b.verify != want || (b.status.Consent == containers.Consent{}) != want {
			t.Errorf("%s: looked at again: %v, %+v", id, b.verify, b.status.Consent)
		}
	}
}

func TestWhoIsNotCoveredIsLookedForAtStarts(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		looked := r.looks()
		r.forget("web")
		for range 10 {
			r.tell(containers.Event{Kind: containers.Passed})
		}
		if s := x.now(); r.looks() != looked || len(s.Uncovered) != 0 || len(s.Containers) != 0 {
			t.Errorf("at once: looked %d times, %+v", r.looks()-looked, s.Uncovered)
		}
		if s := x.after(21 * time.Second); r.looks() != looked+1 || len(s.Uncovered) != 1 {
			t.Errorf("soon: looked %d times, %+v", r.looks()-looked, s.Uncovered)
		}
		if x.after(time.Hour); r.looks() != looked+2 {
			t.Errorf("in an hour in which nothing is started: looked %d times", r.looks()-looked)
		}
	})
}

// failing makes deliveries to a container fail, or no longer.
func (r *rig) failing(id string, fails bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fails[id] = fails
}

// said is what was answered to questions about containers.
func (r *rig) said() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.answers)
}

// looks is how often it was looked for containers that are not covered.
func (r *rig) looks() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.looked
}

// forget makes a container one that looks as if it were forgotten.
func (r *rig) forget(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uncovered = []containers.Uncovered{{Name: name}}
}
