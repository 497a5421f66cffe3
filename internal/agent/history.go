package agent

import (
	"maps"
	"math"
	"slices"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// Moment is something that happened and is worth remembering for some days.
type Moment struct {
	At      time.Time  `json:"at"`
	Kind    MomentKind `json:"kind"`
	Tenant  string     `json:"tenant,omitempty"` // its id; of a delivery and of a sign-out, which is of all, ""
	Way     string     `json:"way,omitempty"`    // of a renewal: "silent", "az" (az's own), "browser" or "device-code"
	Outcome string     `json:"outcome"`          // OutcomeOK or why not; of a delivery the container's state
	Until   time.Time  `json:"until,omitzero"`   // of a renewal: the end of the access token that it brought
	Last    time.Time  `json:"last,omitzero"`    // of several alike: the last one's time
	Times   int        `json:"times"`            // how many alike this stands for
	Names   []string   `json:"names,omitempty"`  // of a delivery: the first containers of those
}

// MomentKind is what a Moment is about.
type MomentKind string

const (
	SignedIn  MomentKind = "sign-in"  // a person signed in, in whatever program
	SignedOut MomentKind = "sign-out" // az has no account any more
	Renewed   MomentKind = "renewal"  // of the access token, or an attempt at it
	Delivered MomentKind = "delivery"
)

// How a renewal ended.
const (
	OutcomeOK        = "ok"
	OutcomeRefused   = "refused" // by Entra: the person is needed
	OutcomeOffline   = "offline" // Entra could not be reached, or was busy
	OutcomeCancelled = "cancelled"
	OutcomeTimedOut  = "timed-out"
	OutcomeFailed    = "failed"
)

// OutcomeUnseen is a sign-out's that a start comes upon: it was before, and nobody knows when.
const OutcomeUnseen = "unseen"

func outcome(p *auth.Problem) string {
	switch {
	case p == nil:
		return OutcomeOK
	case p.Kind == auth.Cancelled:
		return OutcomeCancelled
	case p.Kind == auth.TimedOut:
		return OutcomeTimedOut
	case p.Kind == auth.Offline, p.Kind == auth.Transient:
		return OutcomeOffline
	case p.Refuses():
		return OutcomeRefused
	}
	return OutcomeFailed
}

// Past is what happened of late, and how often since the start. Like the Snapshot that holds it, it is
// never changed.
type Past struct {
	Moments    []Moment // oldest first
	Last       *Ended   // the last renewal with a person in sight; nil before the first of this run
	Renewals   map[RenewalCount]uint64
	Deliveries map[containers.State]Durations // by what came of it
}

// RenewalCount is what renewals are counted by.
type RenewalCount struct{ Way, Outcome string }

// Ended is how a Renewal ended.
type Ended struct {
	Renewal
	EndedAt time.Time
	Outcome string
	Problem *auth.Problem // nil: it succeeded
}

// DeliveryBuckets are the upper bounds of Durations, in seconds.
var DeliveryBuckets = [...]float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// Durations says how long something took.
type Durations struct {
	Count   uint64
	Seconds float64                      // all together
	Within  [len(DeliveryBuckets)]uint64 // how many took at most so long
}

func (d Durations) with(took time.Duration) Durations {
	s := took.Seconds()
	d.Count++
	d.Seconds += s
	for i, bound := range DeliveryBuckets {
		if s <= bound {
			d.Within[i]++
		}
	}
	return d
}

const (
	keptPast   = 4 * 24 * time.Hour
	maxMoments = 500
	maxNames   = 8
	together   = time.Minute // deliveries alike within it are one moment
	sameSignIn = 3 * time.Minute
)

// past is the state's own form of Past.
type past struct {
	moments    []Moment // shared with snapshots: replaced, never written to
	last       *Ended
	renewals   map[RenewalCount]uint64
	deliveries map[containers.State]Durations
	signedInAt time.Time // of the sign-in that was noted last, on our clock
}

func newPast() past {
	return past{renewals: map[RenewalCount]uint64{}, deliveries: map[containers.State]Durations{}}
}

func (p *past) shown() Past {
	return Past{Moments: p.moments, Last: p.last, Renewals: maps.Clone(p.renewals), Deliveries: maps.Clone(p.deliveries)}
}

// add appends a moment, or counts it to the last of its kind where that is the same again.
func (p *past) add(m Moment) {
	m.Times = 1
	p.trim(m.At)
	for i := len(p.moments) - 1; i >= 0; i-- {
		if p.moments[i].Kind == m.Kind && p.moments[i].Tenant == m.Tenant {
			if joined, ok := p.moments[i].join(m); ok {
				p.moments = slices.Clone(p.moments)
				p.moments[i] = joined
				return
			}
			break
		}
	}
	p.moments = append(p.moments, m) // beyond what any snapshot sees of it
}

// trim forgets what is too old or too much, and after a clock was set back, what is of the future.
func (p *past) trim(now time.Time) {
	p.moments = p.moments[max(0, len(p.moments)+1-maxMoments):]
	for len(p.moments) > 0 && now.Sub(p.moments[0].At) > keptPast {
		p.moments = p.moments[1:]
	}
	for n := len(p.moments); n > 0 && p.moments[n-1].At.Sub(now) > keptPast; n-- {
		p.moments = slices.Clone(p.moments[:n-1])
	}
}

// join makes one of two moments that follow each other and are alike: failures that repeat themselves,
// and the deliveries of one round.
func (m Moment) join(next Moment) (Moment, bool) {
	alike := m.Way == next.Way && m.Outcome == next.Outcome
	switch {
	case !alike, m.Kind == SignedIn, m.Kind == SignedOut, m.Kind == Renewed && m.Outcome == OutcomeOK:
		return m, false
	case m.Kind == Delivered && next.At.Sub(m.At).Abs() > together:
		return m, false
	}
	m.Last, m.Times = next.At, m.Times+1
	for _, n := range next.Names {
		if len(m.Names) < maxNames && !slices.Contains(m.Names, n) {
			m.Names = append(slices.Clone(m.Names), n)
		}
	}
	return m, true
}

// renewed notes a renewal, or an attempt.
func (p *past) renewed(tenant, way string, problem *auth.Problem, until, now time.Time) {
	o := outcome(problem)
	p.renewals[RenewalCount{way, o}]++
	p.add(Moment{At: now, Kind: Renewed, Tenant: tenant, Way: way, Outcome: o, Until: until})
}

// ended notes that a renewal with a person in sight came to its end.
func (p *past) ended(r Renewal, problem *auth.Problem, until, now time.Time) {
	p.renewed(r.Tenant.ID, r.Way, problem, until, now)
	p.last = &Ended{Renewal: r, EndedAt: now, Outcome: outcome(problem), Problem: problem}
}

// delivered notes what a container was given; looking at it and finding all well is no delivery.
func (p *past) delivered(before, after containers.Status, took time.Duration, now time.Time) {
	switch {
	case after.State == containers.Fresh:
		if after.DeliveredAt.Equal(before.DeliveredAt) || now.Sub(after.DeliveredAt) > took+2*time.Second {
			return // it held that already
		}
	case after.State != containers.Failed && after.State == before.State:
		return
	}
	p.deliveries[after.State] = p.deliveries[after.State].with(took)
	p.add(Moment{At: now, Kind: Delivered, Outcome: string(after.State), Names: []string{after.Name}})
}

// noteSignIns takes in the moment at which the person signed in, wherever that was learnt from.
func (s *state) noteSignIns(now time.Time) {
	g, ok := s.signs[s.tenant()]
	if !ok || g.signedInAt.IsZero() || !s.signedIn() {
		return
	}
	at, out := g.signedInAt.Add(s.skew), s.past.lastOut()
	if at.Sub(s.past.signedInAt).Abs() < sameSignIn || now.Sub(at) > keptPast {
		return
	}
	s.past.signedInAt = at
	s.past.moments = slices.DeleteFunc(slices.Clone(s.past.moments), func(m Moment) bool {
		return m.Kind == SignedIn && m.At.Sub(at).Abs() < sameSignIn && m.At.After(out) == at.After(out)
	})
	s.past.add(Moment{At: at, Kind: SignedIn, Tenant: s.tenant(), Outcome: OutcomeOK})
	s.past.moments = slices.SortedStableFunc(slices.Values(s.past.moments), func(a, b Moment) int { return a.At.Compare(b.At) })
}

// noteSignOut takes in that az has no account any more. At the first look of a run it had one by what an
// earlier run remembers, if at all.
func (s *state) noteSignOut(before auth.Files, known bool, now time.Time) {
	outcome := OutcomeOK
	had := len(before.Profile.Subscriptions) > 0
	if !known {
		outcome, had = OutcomeUnseen, s.past.open()
	}
	if !had || s.signedIn() {
		return
	}
	s.past.add(Moment{At: now, Kind: SignedOut, Outcome: outcome})
	s.past.signedInAt = time.Time{} // who signs in again at once signs in anew
}

// open reports whether an account was there when last something was heard of one.
func (p *past) open() bool {
	for _, m := range slices.Backward(p.moments) {
		switch {
		case m.Kind == SignedOut:
			return false
		case m.Kind == SignedIn, m.Kind == Renewed && m.Outcome == OutcomeOK:
			return true
		}
	}
	return false
}

// lastOut is the moment of the last sign-out; zero where none is remembered.
func (p *past) lastOut() time.Time {
	for _, m := range slices.Backward(p.moments) {
		if m.Kind == SignedOut {
			return m.At
		}
	}
	return time.Time{}
}

// recall takes up the moments that an earlier run kept, as far as they can be true.
func (p *past) recall(all []Moment, now time.Time) {
	for _, m := range all {
		if m.At.IsZero() || m.At.After(now) || now.Sub(m.At) > keptPast || m.Times < 1 || m.Times > math.MaxInt32 || len(p.moments) >= maxMoments {
			continue
		}
		p.moments = append(p.moments, m)
		switch m.Kind {
		case SignedIn:
			p.signedInAt = m.At
		case SignedOut:
			p.signedInAt = time.Time{}
		}
	}
}
