package agent

import (
	"context"
	"time"

	"aztray/internal/containers"
)

// around is what is known of containers that are not covered.
type around struct {
	found   []containers.Uncovered
	looking bool
	at      time.Time // when to look next; zero: not before something happens
	again   time.Time // and once more, for a program that is slow to say what it lacks
}

const (
	lookSoon   = 20 * time.Second // after a start: until then a program has said what it lacks
	lookLater  = 90 * time.Second // and once more, for one that is slow
	lookBounds = time.Minute      // a job may take no longer
)

// passed: one was started. One look serves all that start within its wait.
func (a *around) passed(now time.Time) {
	if a.at.IsZero() || a.at.After(now.Add(lookSoon)) {
		a.at = now.Add(lookSoon)
	}
	a.again = now.Add(lookLater)
}

// listed: there is a new list, so that some may be gone or covered.
func (a *around) listed(now time.Time) {
	if a.at.IsZero() {
		a.at = now
	}
}

// lookAround looks at those that are not covered when its time has come.
func (p *plan) lookAround(s *state, now time.Time) {
	a := &s.around
	if a.looking || a.at.IsZero() {
		return
	}
	if now.Before(a.at) {
		p.at(a.at)
		return
	}
	a.looking, a.at = true, time.Time{}
	p.jobs = append(p.jobs, aroundJob{})
}

type aroundJob struct{}

func (aroundJob) run(ctx context.Context, w World) event {
	ctx, stop := context.WithTimeout(ctx, lookBounds)
	defer stop()
	return lookedAround{w.Uncovered(ctx)}
}

type lookedAround struct{ found []containers.Uncovered }

func (e lookedAround) apply(s *state, _ time.Time) {
	a := &s.around
	a.found, a.looking = e.found, false
	if a.at.IsZero() {
		a.at, a.again = a.again, time.Time{}
	}
}
