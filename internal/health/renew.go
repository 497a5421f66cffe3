package health

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
)

const (
	defaultWait = 30 * time.Second // what HTTP clients have patience for
	maxWait     = 10 * time.Minute
	soon        = 5 * time.Minute // a token with less is not good enough to leave it at that
)

// Renewal is a renewal as details.renewal tells of it.
type Renewal struct {
	State   RenewalState  `json:"state"`
	Way     string        `json:"way,omitempty"` // silent, browser or device-code
	Tenant  *auth.Tenant  `json:"tenant,omitempty"`
	Since   *time.Time    `json:"since,omitempty"`
	EndedAt *time.Time    `json:"ended_at,omitempty"`
	RetryIn int           `json:"retry_in_s,omitempty"` // where it was limited: when it may be asked for again
	Problem *auth.Problem `json:"problem"`              // why it did not succeed
}

// RenewalState is how far a renewal is.
type RenewalState string

const (
	Running   RenewalState = "running"
	Succeeded RenewalState = "succeeded"
	Failed    RenewalState = "failed"
	NotNeeded RenewalState = "not-needed"
	Limited   RenewalState = "limited" // too many were asked for
)

// renewal tells of the one under way, else of the last of this run; nil when there was none.
func renewal(s agent.Snapshot) *Renewal {
	switch {
	case s.Renewal != nil:
		return &Renewal{State: Running, Way: s.Renewal.Way, Tenant: &s.Renewal.Tenant, Since: when(s.Renewal.Since)}
	case s.Past.Last != nil:
		l := s.Past.Last
		r := &Renewal{State: Succeeded, Way: l.Way, Tenant: &l.Tenant, Since: when(l.Since), EndedAt: when(l.EndedAt), Problem: l.Problem}
		if l.Outcome != agent.OutcomeOK {
			r.State = Failed
		}
		return r
	}
	return nil
}

// good reports that there is nothing to renew.
func good(s agent.Snapshot) bool {
	return s.Level == auth.OK && s.Refreshable && s.TokenExpires.After(s.At.Add(soon))
}

// renew has the agent renew, unless it does already, and waits until that is decided, wait has passed or
// the asker has gone. It goes on whatever becomes of the asker.
func (s *Server) renew(ctx context.Context, tenant string, wait time.Duration) (agent.Snapshot, *Renewal) {
	before, _ := s.now.get()
	browser := s.o.Unlocked != nil && s.o.Unlocked(ctx)
	asked, again := s.ask(before, agent.Fix{TenantID: tenant, Browser: browser}, time.Now().UTC())
	if again > 0 {
		return before, &Renewal{State: Limited, RetryIn: int((again + time.Second - 1) / time.Second)}
	}
	s.waiting.Add(1)
	defer s.waiting.Add(-1)
	limit := time.NewTimer(wait)
	defer limit.Stop()
	for {
		snap, changed := s.now.get()
		if l := snap.Past.Last; snap.Renewal == nil && l != nil && !l.EndedAt.Before(asked) {
			return snap, renewal(snap)
		}
		select {
		case <-changed:
		case <-limit.C:
			return snap, running(snap, asked)
		case <-ctx.Done():
			return snap, running(snap, asked)
		}
	}
}

// asking is the last renewal that was asked for here: who comes while it runs shares it.
type asking struct {
	mu sync.Mutex
	at time.Time
}

const takenUp = 10 * time.Second // within which the agent takes up what it was asked for

// ask has the agent renew, unless it does. It gives the moment from which an end is an answer, or how long
// to wait before asking again.
func (s *Server) ask(before agent.Snapshot, fix agent.Fix, now time.Time) (asked time.Time, again time.Duration) {
	s.asking.mu.Lock()
	defer s.asking.mu.Unlock()
	pending := before.Past.Last == nil || before.Past.Last.EndedAt.Before(s.asking.at)
	switch {
	case before.Renewal != nil:
		return now, 0
	case pending && now.Sub(s.asking.at) < takenUp:
		return s.asking.at, 0
	}
	if r := s.limit.ReserveN(now, 1); r.DelayFrom(now) > 0 {
		again = r.DelayFrom(now)
		r.CancelAt(now)
		return now, again
	}
	s.asking.at = now
	s.log.Info("a renewal was asked for by the health API", "tenant", fix.TenantID, "browser", fix.Browser)
	s.o.Do(fix)
	return now, 0
}

// running is the renewal under way; one that was asked for and that the agent has not taken up yet.
func running(s agent.Snapshot, asked time.Time) *Renewal {
	if s.Renewal == nil {
		return &Renewal{State: Running, Since: &asked}
	}
	return renewal(s)
}

// waitFor reads ?wait=, in seconds or as "90s".
func waitFor(r *http.Request) (time.Duration, error) {
	v := r.URL.Query().Get("wait")
	if v == "" {
		return defaultWait, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil {
		d, err = time.ParseDuration(v + "s")
	}
	if err != nil || d < 0 || d > maxWait {
		return 0, fmt.Errorf("wait is a number of seconds from 0 to %.0f", maxWait.Seconds())
	}
	return d, nil
}

// tenantForm is what may become an argument of az: a tenant's id or domain.
var tenantForm = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z.-]{0,252}[0-9A-Za-z])?$`)
