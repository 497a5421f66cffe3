package agent

import (
	"fmt"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// BenchmarkNext is what the loop does at each event before a new container's delivery begins, which is
// a race for a millisecond.
func BenchmarkNext(b *testing.B) {
	for _, n := range []int{1, 20, 100} {
		b.Run(fmt.Sprintf("containers=%d", n), func(b *testing.B) {
			now := time.Now()
			s := newState(Settings{Scope: scope, ProbeInterval: 5 * time.Minute, Warn: time.Hour}, func() float64 { return 0 })
			s.files, s.filesKnown = profile(contoso, fabrikam), true
			g := s.sign(contoso)
			g.tokens[scope] = auth.Token{Scope: scope, TenantID: contoso, Secret: auth.NewSecret(string(make([]byte, 2000))), ExpiresOn: now.Add(time.Hour)}
			g.probeAt = now.Add(time.Hour)
			for i := range n {
				s.box(covered(fmt.Sprint(i)))
			}
			for range n { // until each has it
				for _, j := range next(s, now).jobs {
					if d, ok := j.(deliverJob); ok {
						delivered{id: d.c.ID, mark: d.mark, status: containers.Status{State: containers.Fresh}}.apply(s, now)
					}
				}
			}
			for b.Loop() {
				next(s, now)
			}
		})
	}
}

// BenchmarkEvent is an event with a full memory, as it is on the way of a new container's delivery: what outlives the
// run is not encoded there.
func BenchmarkEvent(b *testing.B) {
	for _, n := range []int{0, maxMoments} {
		b.Run(fmt.Sprintf("moments=%d", n), func(b *testing.B) {
			now := time.Now()
			s := newState(Settings{Scope: scope, ProbeInterval: 5 * time.Minute, Warn: time.Hour, StateFile: "state.json"}, func() float64 { return 0 })
			s.files, s.filesKnown, s.readAgain = profile(contoso), true, false
			s.sign(contoso).probeAt = now.Add(time.Hour)
			for i := range n {
				s.past.add(Moment{At: now, Kind: Renewed, Tenant: fmt.Sprint(i), Way: "silent", Outcome: OutcomeOK, Until: now, Names: []string{"one", "two", "three"}})
			}
			box := covered("a")
			for i := 0; b.Loop(); i++ {
				served{id: fmt.Sprint(i % 10), expires: now.Add(time.Duration(i))}.apply(s, now) // something to remember
				containerEvent{containers.Event{Kind: containers.Started, Container: box}}.apply(s, now)
				next(s, now)
			}
		})
	}
}
