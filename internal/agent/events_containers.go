package agent

import (
	"cmp"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/watch"
)

// settled is how long a container that has ended is left alone: often it is removed then, which fails where
// somebody writes into it. If it stays, it holds its credential when it is started again.
const settled = 2 * time.Second

// containerEvent is news from the engine.
type containerEvent struct{ e containers.Event }

func (e containerEvent) apply(s *state, now time.Time) {
	switch e.e.Kind {
	case containers.Passed:
		s.around.passed(now)
		return
	case containers.Listed:
		s.around.listed(now)
		delete(s.lost, e.e.Engine)
		s.listed[e.e.Engine] = true
		s.resync(e.e.Engine, e.e.Containers)
		for _, b := range s.boxes {
			s.fetch(b.c, now)
		}
	case containers.Lost:
		s.lost[e.e.Engine], s.listed[e.e.Engine] = e.e.Problem, true
	case containers.Removed:
		delete(s.boxes, e.e.Container.ID)
	case containers.Stopped:
		if b, ok := s.boxes[e.e.Container.ID]; ok {
			b.c, b.status.Running, b.untouched, b.neverRan = e.e.Container, false, false, false
			b.verify, b.retryAt = true, now.Add(settled)
		}
	case containers.Created:
		if b, ok := s.boxes[e.e.Container.ID]; ok && b.neverRan && (b.working || b.sent != "") {
			return // the engine socket has told of it before
		}
		s.box(e.e.Container)
		s.boxes[e.e.Container.ID].neverRan = true
		s.fetch(e.e.Container, now)
	default:
		b, known := s.boxes[e.e.Container.ID]
		sure := known && b.holdsUnrun() && !b.working && !b.verify
		s.box(e.e.Container)
		b = s.boxes[e.e.Container.ID]
		if sure { // what it was given is there: others that start now go before the look at it
			b.retryAt = now.Add(settled)
		}
		s.fetch(e.e.Container, now)
		if e.e.Kind == containers.Started {
			b.neverRan = false
			b.started(now)
		}
	}
}

// holdsUnrun reports whether b was given what it is to have before it first ran, in its own file system.
func (b *box) holdsUnrun() bool {
	return b.neverRan && b.sent != "" && b.status.State == containers.Fresh && b.c.Delivery != "mount"
}

// logSaid is a failure that a container's log told of.
type logSaid struct{ f containers.Finding }

func (e logSaid) apply(s *state, now time.Time) {
	b, ok := s.boxes[e.f.ContainerID]
	if !ok {
		return
	}
	b.complain(e.f)
	s.set.Log.Info("a container's log tells of a failure", "container", e.f.Name, "cause", e.f.Cause, "code", e.f.Code)
	if e.f.Cause.Credential() {
		s.doubt(b, now)
	}
}

// healthSaid is what a watched service says of itself. Which container it is cannot be known from
// its URL, so that each is looked at.
type healthSaid struct{ r watch.Report }

func (e healthSaid) apply(s *state, now time.Time) {
	if !e.r.AuthFailing || !e.r.Detail.Credential() {
		return
	}
	s.set.Log.Info("a service says that its credential fails", "url", e.r.URL, "cause", e.r.Detail, "code", e.r.Code)
	for _, b := range s.boxes {
		s.doubt(b, now)
	}
}

// mountsChanged says that something, we or a container, changed a credential in a directory that one mounts.
type mountsChanged struct{}

func (mountsChanged) apply(s *state, _ time.Time) {
	for _, b := range s.boxes {
		if b.c.Delivery == "mount" {
			b.verify, b.retryAt = true, time.Time{}
		}
	}
}

// doubt has a container looked at and its tenant's renewal tried, as often as the settings allow: where
// the sign-in is good the container gets a new token, and where not the person is told.
func (s *state) doubt(b *box, now time.Time) {
	b.verify, b.retryAt = true, time.Time{}
	tenant, _ := s.wants(b.c)
	if g := s.sign(tenant); g.silent != auth.SilentRefused {
		soonest := g.probedAt.Add(s.set.ProbeInterval)
		if soonest.Before(now) {
			soonest = now
		}
		g.probeAt = earlier(g.probeAt, soonest)
	}
}

// resync takes a full list of one engine's containers: what is not in it is gone, or no longer covered. What
// those hold is taken away; of one that is gone, the engine says so.
func (s *state) resync(engine string, all []containers.Container) {
	seen := map[string]bool{}
	for _, c := range all {
		s.box(c)
		seen[c.ID] = true
	}
	for id, b := range s.boxes {
		if !seen[id] && b.c.Engine == engine {
			delete(s.boxes, id)
			s.letGo(id, b.holds)
		}
	}
	for id, h := range s.strays {
		if h.Engine == engine {
			delete(s.strays, id)
			s.letGo(id, h)
		}
	}
}

// box takes note of a container, and has it looked at again: it was created, started or changed.
func (s *state) box(c containers.Container) {
	b, ok := s.boxes[c.ID]
	if ok && b.c.Engine != c.Engine {
		return // one engine that is listed by two addresses
	}
	if !ok {
		b = &box{status: containers.Status{Name: c.Name, ID: c.ID, Project: c.Project, Engine: c.Engine, Delivery: cmp.Or(c.Delivery, "copy"), State: containers.Missing}}
		s.boxes[c.ID] = b
		if h := s.strays[c.ID]; h != nil && h.Engine == c.Engine {
			b.holds = h
			delete(s.strays, c.ID)
		}
	}
	if b.holds != nil && b.holds.Delivery != c.Delivery && c.Delivery == "endpoint" {
		s.letGo(c.ID, b.holds) // what was put there by another way
		b.holds, b.sent = nil, ""
	}
	b.c, b.verify, b.retryAt = c, true, time.Time{}
	b.status.Running, b.status.Name = c.Running, c.Name
	b.untouched = b.untouched && !c.Running
	b.neverRan = !c.Running && (b.neverRan || c.NeverRan())
}

type delivered struct {
	id, mark string
	status   containers.Status
	took     time.Duration

	withdrawn bool // it was not a delivery but the contrary
}

func (e delivered) apply(s *state, now time.Time) {
	b, ok := s.boxes[e.id]
	if !ok {
		return
	}
	if e.mark != "" {
		s.past.delivered(b.status, e.status, e.took, now)
	}
	path := cmp.Or(e.status.Path, b.status.Path) // what takes back needs not look where it is
	b.working, b.status = false, e.status
	b.status.Path = path
	b.status.Running, b.status.Service = b.c.Running, b.c.Service
	b.sent, b.tries = e.mark, b.tries+1
	b.untouched = e.status.State == containers.Fresh && !b.c.Running
	if e.withdrawn && e.status.State != containers.Failed {
		b.holds = nil
	}
	if e.status.State == containers.Failed {
		b.sent = ""
		b.retryAt = now.Add(backOff(s, b.tries))
		return
	}
	b.tries = 0
}

// confirmed: what a renewal replaced was looked at. If it was ours, all is as the renewal said.
type confirmed struct{ delivered }

func (e confirmed) apply(s *state, now time.Time) {
	if b, ok := s.boxes[e.id]; ok && e.status.State == containers.Fresh {
		b.working, b.status.Unproved = false, false
		return
	}
	e.delivered.apply(s, now)
}

type prepared struct {
	mark string
	err  error
}

func (e prepared) apply(s *state, now time.Time) {
	a := &s.ahead
	a.working, a.sent, a.tries = false, e.mark, a.tries+1
	if e.err != nil {
		a.sent, a.retryAt = "", now.Add(backOff(s, a.tries))
		return
	}
	a.tries = 0
}
