package agent

import (
	"time"

	"aztray/internal/containers"
	"aztray/internal/watch/symptom"
)

// A program that found no credential when it started may never look again, and one that found another
// source stays with it: the credential that it holds now is of no use until it is restarted. Its log
// tells that it failed, never that it recovered.

const (
	lineSlack  = 2 * time.Second // an engine's clock, and a line that was written while we delivered
	firstCure  = 5 * time.Minute // between two restarts that a container's label asks for, doubling
	mostCure   = time.Hour
	curesLapse = 2 * time.Hour // without one, and the next is the first again
)

// complaint is what a container's log told since its process started.
type complaint struct {
	first time.Time // of the failures since then; zero: none
	stuck bool      // it fails although it holds a good credential
}

// complain takes in a finding, by what the container held when it came.
func (b *box) complain(f containers.Finding) {
	held := b.status.State == containers.Fresh && !b.status.DeliveredAt.IsZero()
	at := b.status.DeliveredAt
	switch {
	case !held || !f.Cause.Credential():
	case f.Cause == symptom.NoCredential || f.Cause == symptom.AzLogin: // and there was one
		b.complaint.stuck = b.complaint.stuck || f.At.After(at.Add(lineSlack))
	case !b.complaint.first.IsZero() && at.After(b.complaint.first): // a token was refused, and so is the next
		b.complaint.stuck = b.complaint.stuck || f.At.After(at.Add(lineSlack))
	}
	if b.complaint.first.IsZero() && f.Cause.Credential() {
		b.complaint.first = f.At
	}
	b.said = f
}

// started forgets what the process before this one complained of.
func (b *box) started(now time.Time) {
	if b.said.At.Before(now.Add(-lineSlack)) {
		b.said, b.complaint = containers.Finding{}, complaint{}
	}
}

// restartHelps reports whether a restart may cure what the container's log told of late: it runs, it holds a
// good credential, and it has not been restarted since.
func (s *state) restartHelps(b *box, st containers.Status, now time.Time) bool {
	return b.c.Running && b.revival.since.IsZero() && st.State == containers.Fresh && st.ExpiresOn.After(now) &&
		b.said.Cause.Credential() && b.said.Cause != symptom.WrongTenant &&
		now.Sub(b.said.At) <= recent && b.said.At.After(b.revival.at)
}

// cure restarts those whose label allows it, once they hold what they lacked. One that goes on failing is
// restarted at growing intervals.
func (p *plan) cure(s *state, now time.Time) {
	due := map[*box]bool{}
	for _, b := range s.boxes {
		if !b.c.Restart || b.working || b.verify || !s.restartHelps(b, s.held(b, now), now) {
			continue
		}
		if tenant, _ := s.wants(b.c); s.renewal != nil || s.sign(tenant).probing {
			continue // what it holds may not be the newest
		}
		if now.Sub(b.curedAt) > curesLapse {
			b.cures = 0
		}
		if again := b.curedAt.Add(cureWait(b.cures)); now.Before(again) {
			p.at(again)
			continue
		}
		s.set.Log.Info("restarting a container, as its label asks for: its log tells of a failure", "container", b.c.Name, "cause", b.said.Cause)
		b.cures, b.curedAt = b.cures+1, now
		due[b] = true
	}
	if len(due) > 0 {
		s.beginRestart(func(b *box) bool { return due[b] }, Restart{}, now)
	}
}

// cureWait is how long after its nth restart in a row a container may be restarted again.
func cureWait(n int) time.Duration {
	if n == 0 {
		return 0
	}
	return min(firstCure<<min(n-1, 10), mostCure)
}

// held is the container's status, whoever delivers.
func (s *state) held(b *box, now time.Time) containers.Status {
	if b.c.Delivery == "endpoint" {
		return EndpointStatus(b.c, s.served[b.c.ID], s.set.Endpoint, now)
	}
	return b.status
}

// withComplaint is st with what is offered for what the container's log told of.
func (s *state) withComplaint(b *box, st containers.Status, now time.Time) containers.Status {
	st.RestartHelps = !st.Broken && !st.Restarting && s.restartHelps(b, st, now)
	st.Stuck = st.RestartHelps && b.complaint.stuck && !b.c.Restart
	return st
}
