package agent

import (
	"context"
	"time"

	"aztray/internal/auth"
	"aztray/internal/cluster"
	"aztray/internal/containers"
)

// revival is what is known of a container's restart.
type revival struct {
	since  time.Time // a restart is under way; zero: none is
	failed string    // how the last one ended, in a sentence; "": well, or there was none
	at     time.Time // when the last one ended
}

// beginRestart has the chosen containers restarted that run; not one whose restart is under way. One that could be given no token is not: its process would be none the better for it.
func (s *state) beginRestart(chosen func(*box) bool, c Restart, now time.Time) {
	j := restartJob{bundles: map[string]auth.Bundle{}, stopped: c.Stopped && len(c.Names) > 0, asker: c.Asker}
	for id, b := range s.boxes {
		if !b.c.Running && !j.stopped && c.Asker.Restart == nil || b.c.Delivery == cluster.Delivery || !b.revival.since.IsZero() || !chosen(b) {
			continue
		}
		bundle, ok := s.bundle(b.c, now)
		if !ok {
			b.revival.failed, b.revival.at = "It was not restarted: there is no live token for it.", now
			continue
		}
		b.revival.since = now
		j.bundles[id] = bundle
		j.chosen = append(j.chosen, b.c)
	}
	switch {
	case len(j.chosen) > 0:
		s.restarts = append(s.restarts, j)
	case c.Asker.Restart != nil:
		c.Asker.Restart(nil)
	}
}

// restart starts what beginRestart asked for.
func (p *plan) restart(s *state) {
	for _, j := range s.restarts {
		p.jobs = append(p.jobs, j)
	}
	s.restarts = nil
}

type restartJob struct {
	chosen  []containers.Container
	bundles map[string]auth.Bundle // by container id
	stopped bool                   // those that do not run are started too
	asker   Asker
}

// restartLimit bounds a restart as a whole; each container in it has limits of its own.
const restartLimit = 30 * time.Minute

func (j restartJob) run(ctx context.Context, w World) event {
	ctx, stop := context.WithTimeout(ctx, restartLimit)
	defer stop()
	ctx, end := j.asker.bound(ctx)
	defer end()
	all := w.Restart(ctx, j.chosen, containers.RestartOptions{Tell: j.asker.Tell, Stopped: j.stopped,
		Deliver: func(ctx context.Context, c containers.Container) containers.Status {
			if c.Delivery == "endpoint" {
				return containers.Status{State: containers.Missing, Delivery: c.Delivery} // it asks by itself
			}
			return w.Deliver(ctx, c, j.bundles[c.ID])
		}})
	if j.asker.Restart != nil {
		j.asker.Restart(all)
	}
	return restarted{j, all}
}

type restarted struct {
	j   restartJob
	all []containers.Restart
}

func (e restarted) apply(s *state, now time.Time) {
	failed := map[string]string{}
	for _, r := range e.all {
		failed[r.ID] = ""
		if r.State == containers.Broken {
			failed[r.ID] = r.Error
			s.set.Log.Warn("a container did not come back after its restart", "container", r.Name, "why", r.Error)
		}
	}
	for _, c := range e.j.chosen {
		b, ok := s.boxes[c.ID]
		if !ok {
			continue
		}
		b.revival = revival{failed: failed[c.ID], at: now}
		b.verify, b.retryAt = true, time.Time{}
	}
}

// withRestart is st with what is known of the container's restart.
func (b *box) withRestart(st containers.Status, now time.Time) containers.Status {
	st.Restarting = !b.revival.since.IsZero()
	if !st.Restarting && b.revival.failed != "" && now.Sub(b.revival.at) < recent {
		st.Error, st.Broken = b.revival.failed, true
	}
	return st
}
