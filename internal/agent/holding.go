package agent

import (
	"context"
	"maps"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// Holding is a container that may hold a credential of ours. It is remembered, so that a container that was taken
// off the settings, or a sign-out, while nothing of ours ran is made good at the next start.
type Holding struct {
	Name     string    `json:"name"`
	Project  string    `json:"project,omitempty"`
	Service  string    `json:"service,omitempty"`
	Engine   string    `json:"engine,omitempty"`
	Delivery string    `json:"delivery"`
	Until    time.Time `json:"until"` // what it holds is of no use after that
}

// refreshLasts is how long a refresh token that is not used can serve:
// https://learn.microsoft.com/entra/identity-platform/refresh-tokens#token-lifetime
const refreshLasts = 90 * 24 * time.Hour

func (h *Holding) container(id string) containers.Container {
	return containers.Container{ID: id, Name: h.Name, Project: h.Project, Service: h.Service, Engine: h.Engine, Delivery: h.Delivery}
}

// holds notes that b is about to be put into c.
func holds(c containers.Container, b auth.Bundle, now time.Time) *Holding {
	until := b.ExpiresOn()
	for _, t := range b.Tokens { // the last of them
		if t.ExpiresOn.After(until) {
			until = t.ExpiresOn
		}
	}
	if !b.Refresh.IsZero() {
		until = now.Add(refreshLasts)
	}
	return &Holding{c.Name, c.Project, c.Service, c.Engine, c.Delivery, until.UTC().Truncate(time.Second)}
}

// holding is who may hold something, by container id.
func (s *state) holding() map[string]*Holding {
	all := maps.Clone(s.strays)
	for id, b := range s.boxes {
		if b.holds != nil {
			all[id] = b.holds
		}
	}
	return all
}

// recallHolding takes up who held something when an earlier run ended.
func (s *state) recallHolding(all map[string]*Holding, now time.Time) {
	for id, h := range all {
		if h != nil && h.Until.After(now) {
			s.strays[id] = h
		}
	}
}

// letGo sees to it that what a container holds is taken away: it is not to hold it any more, or gets it by another
// way.
func (s *state) letGo(id string, h *Holding) {
	if h == nil || s.sharesDirectory(h) {
		return
	}
	s.leftovers = append(s.leftovers, releaseJob{h.container(id), h})
}

// sharesDirectory reports whether a container that is covered may mount the same directory: another of its
// service, or the one that took its place.
func (s *state) sharesDirectory(h *Holding) bool {
	for _, b := range s.boxes {
		if c := b.c; h.Delivery == "mount" && c.Delivery == "mount" && c.Engine == h.Engine &&
			(c.Name == h.Name || h.Service != "" && c.Service == h.Service && c.Project == h.Project) {
			return true
		}
	}
	return false
}

// releaseJob takes back what a container holds that is to hold nothing of ours any more.
type releaseJob struct {
	c     containers.Container
	holds *Holding
}

func (j releaseJob) run(ctx context.Context, w World) event {
	return released{j, w.Release(ctx, j.c)}
}

// released: what a container held was taken back, as far as there is still such a container. Where that failed it
// is tried again when its engine tells of all its containers once more.
type released struct {
	j      releaseJob
	status containers.Status
}

func (e released) apply(s *state, now time.Time) {
	s.set.Log.Info("no longer covered", "container", e.j.c.Name, "state", e.status.State, "why", e.status.Error)
	if b, ok := s.boxes[e.j.c.ID]; e.status.State == containers.Failed && !(ok && b.c.Delivery == e.j.c.Delivery) {
		s.strays[e.j.c.ID] = e.j.holds
	}
}
