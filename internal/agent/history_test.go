package agent

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// told are a past's moments in words.
func told(p Past) (all []string) {
	for _, m := range p.Moments {
		all = append(all, fmt.Sprint(m.Kind, " ", m.Way, " ", m.Outcome, " ", m.Times, " ", m.Names))
	}
	return all
}

func TestWhatHappenedIsRemembered(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	file := filepath.Join(t.TempDir(), "state.json")
	inBubble(t, r, Settings{StateFile: file}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a"), covered("b")}})
		x.now()
		r.refuse(refusal)
		x.after(2 * time.Hour)
		x.a.Do(Renew{})
		s := x.now()
		want := []string{
			"renewal silent ok 1 []",
			"delivery  fresh 2 [codestory-a codestory-b]",
			"renewal silent refused 4 []", // each half hour, as one
			"sign-in  ok 1 []",
			"renewal browser ok 1 []",
			"delivery  fresh 2 [codestory-a codestory-b]",
		}
		got := slices.DeleteFunc(told(s.Past), func(m string) bool { return m == "renewal az ok 1 []" }) // az's own, where it is due
		slices.Sort(got)
		slices.Sort(want)    // what is of one moment has no order
		for i := range got { // names of one round come as the deliveries end
			if len(got) == len(want) && got[i] != want[i] && got[i] != "delivery  fresh 2 [codestory-b codestory-a]" {
				t.Errorf("%q, want %q", got[i], want[i])
			}
		}
		if len(got) != len(want) {
			t.Errorf("remembered %q", told(s.Past))
		}
		if n := s.Past.Renewals[RenewalCount{"silent", OutcomeRefused}]; n != 4 {
			t.Errorf("%d refusals are counted", n)
		}
		if d := s.Past.Deliveries[containers.Fresh]; d.Count != 4 || d.Within[0] != 4 {
			t.Errorf("deliveries: %+v", d)
		}
		if l := s.Past.Last; l == nil || l.Way != "browser" || l.Outcome != OutcomeOK || l.Tenant.ID != contoso {
			t.Errorf("the last: %+v", l)
		}
	})
	if kept := Recall(file).Past; len(kept) < 6 {
		t.Errorf("kept %+v", kept)
	}
}

func TestASignOutIsRemembered(t *testing.T) {
	out := func(p Past) (all []string) {
		for _, m := range p.Moments {
			if m.Kind == SignedOut {
				all = append(all, m.Outcome)
			}
		}
		return all
	}
	file := filepath.Join(t.TempDir(), "state.json")
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{StateFile: file}, func(x *run) {
		x.now()
		r.write(profile(contoso, fabrikam))
		if s := x.now(); len(out(s.Past)) != 0 {
			t.Errorf("while signed in: %q", told(s.Past))
		}
		r.write(auth.Files{})
		r.write(auth.Files{}) // az writes more than once
		s := x.now()
		if got := out(s.Past); !slices.Equal(got, []string{OutcomeOK}) || !s.Past.Moments[len(s.Past.Moments)-1].At.Equal(s.At) {
			t.Errorf("signed out at %v: %q, %+v", s.At, got, s.Past.Moments)
		}
		r.write(profile(contoso))
		x.now()
		r.write(auth.Files{})
		if s := x.now(); !slices.Equal(out(s.Past), []string{OutcomeOK, OutcomeOK}) {
			t.Errorf("signed out twice: %q", told(s.Past))
		}
	})
	inBubble(t, r, Settings{StateFile: file}, func(x *run) {
		if s := x.now(); !slices.Equal(out(s.Past), []string{OutcomeOK, OutcomeOK}) {
			t.Errorf("started anew, still signed out: %q", told(s.Past))
		}
		r.write(profile(contoso))
		x.now()
	})
	inBubble(t, r, Settings{StateFile: file}, func(x *run) {
		if s := x.now(); len(out(s.Past)) != 2 {
			t.Errorf("started anew, still signed in: %q", told(s.Past))
		}
	})
	r.files = auth.Files{}
	inBubble(t, r, Settings{StateFile: file}, func(x *run) {
		if s := x.now(); !slices.Equal(out(s.Past), []string{OutcomeOK, OutcomeOK, OutcomeUnseen}) {
			t.Errorf("signed out between two runs: %q", told(s.Past))
		}
	})
}

func TestWhetherSomebodyWasSignedIn(t *testing.T) {
	for _, c := range []struct {
		name string
		past []Moment
		want bool
	}{
		{"nothing is remembered", nil, false},
		{"a sign-in", []Moment{{Kind: SignedIn, Outcome: OutcomeOK}}, true},
		{"a renewal, of a sign-in that is forgotten", []Moment{{Kind: Renewed, Outcome: OutcomeOK}}, true},
		{"a refusal after it: the account is there still", []Moment{{Kind: Renewed, Outcome: OutcomeOK}, {Kind: Renewed, Outcome: OutcomeRefused}}, true},
		{"a sign-out", []Moment{{Kind: SignedIn, Outcome: OutcomeOK}, {Kind: SignedOut, Outcome: OutcomeOK}}, false},
		{"a sign-in in vain after it", []Moment{{Kind: SignedOut, Outcome: OutcomeOK}, {Kind: Renewed, Way: "browser", Outcome: OutcomeCancelled}}, false},
		{"a sign-in after it", []Moment{{Kind: SignedOut, Outcome: OutcomeOK}, {Kind: SignedIn, Outcome: OutcomeOK}}, true},
		{"a delivery alone", []Moment{{Kind: Delivered, Outcome: string(containers.Fresh)}}, false},
	} {
		if got := (&past{moments: c.past}).open(); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// Two sources tell of one sign-in some minutes apart; a sign-out between two sign-ins makes them two.
func TestSignInsThatAreOne(t *testing.T) {
	t0 := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	in := Moment{At: t0, Kind: SignedIn, Outcome: OutcomeOK, Times: 1}
	out := Moment{At: t0.Add(time.Minute), Kind: SignedOut, Outcome: OutcomeOK, Times: 1}
	two := []string{"sign-in 12:00", "sign-out 12:01", "sign-in 12:02"}
	for _, c := range []struct {
		name     string
		recalled []Moment
		signsOut bool
		want     []string
	}{
		{"the same once more, minutes later", []Moment{in}, false, two[:1]},
		{"signed out and in again within minutes", []Moment{in}, true, two},
		{"the sign-out was in an earlier run", []Moment{in, out}, false, two},
	} {
		s := newState(Settings{}, func() float64 { return 0 })
		s.past.recall(c.recalled, t0.Add(time.Hour))
		if c.signsOut {
			s.noteSignOut(profile(contoso), true, out.At)
		}
		s.files = profile(contoso)
		s.sign(contoso).signedInAt = t0.Add(2 * time.Minute)
		s.noteSignIns(t0.Add(2 * time.Minute))
		var got []string
		for _, m := range s.past.moments {
			got = append(got, string(m.Kind)+m.At.Format(" 15:04"))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

// What versions before the sign-out was a moment have written.
func TestAStateFileOfBefore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	old := `{"tenants": [{"id": "` + contoso + `", "name": "Contoso", "domain": "contoso.example"}], "sign_ins": {"` + contoso + `": {"signed_in_at": "1999-12-31T20:00:00Z", "policy": {}}},
 "past": [{"at": "1999-12-31T20:00:00Z", "kind": "sign-in", "tenant": "` + contoso + `", "outcome": "ok", "times": 1},
  {"at": "1999-12-31T20:00:05Z", "kind": "renewal", "tenant": "` + contoso + `", "way": "silent", "outcome": "ok", "until": "1999-12-31T21:00:00Z", "times": 1},
  {"at": "1999-12-31T20:00:06Z", "kind": "delivery", "outcome": "fresh", "times": 2, "names": ["a", "b"]}]}`
	if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	inBubble(t, newRig(), Settings{StateFile: file}, func(x *run) { // in a bubble it is the year 2000
		want := []string{"sign-in  ok 1 []", "renewal silent ok 1 []", "delivery  fresh 2 [a b]", "sign-out  unseen 1 []"}
		if s := x.now(); !slices.Equal(told(s.Past), want) {
			t.Errorf("taken up: %q", told(s.Past))
		}
	})
}

func TestThePastIsBounded(t *testing.T) {
	p, now := newPast(), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for range 20 * 24 * 60 {
		now = now.Add(time.Minute)
		p.renewed(contoso, "silent", nil, now.Add(time.Hour), now)
	}
	if n := len(p.moments); n != maxMoments {
		t.Errorf("%d moments, want %d", n, maxMoments)
	}
	p.renewed(contoso, "silent", nil, now, now.Add(keptPast-time.Hour))
	for _, m := range p.moments {
		if m.At.Before(now.Add(-time.Hour)) {
			t.Fatalf("still knows of %v at %v", m.At, now)
		}
	}
	for i := range 300 { // one round
		p.delivered(containers.Status{}, containers.Status{Name: fmt.Sprint(i), State: containers.Failed}, time.Second, now.Add(keptPast))
	}
	last := p.moments[len(p.moments)-1]
	if last.Times != 300 || len(last.Names) != maxNames {
		t.Errorf("%d deliveries, names %q", last.Times, last.Names)
	}
}

// What a snapshot holds does not change when more happens.
func TestThePastOfASnapshotStays(t *testing.T) {
	p, now := newPast(), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	offline := &auth.Problem{Kind: auth.Offline}
	p.renewed(contoso, "silent", offline, time.Time{}, now)
	p.delivered(containers.Status{}, containers.Status{Name: "a", State: containers.Fresh, DeliveredAt: now}, 0, now)
	shown := p.shown()
	moments, counts := slices.Clone(shown.Moments), maps.Clone(shown.Renewals)
	p.renewed(contoso, "silent", offline, time.Time{}, now.Add(time.Minute))
	p.delivered(containers.Status{}, containers.Status{Name: "b", State: containers.Fresh, DeliveredAt: now}, 0, now)
	for i := range moments {
		if fmt.Sprint(moments[i]) != fmt.Sprint(shown.Moments[i]) {
			t.Errorf("%v became %v", moments[i], shown.Moments[i])
		}
	}
	if !maps.Equal(counts, shown.Renewals) {
		t.Errorf("%v became %v", counts, shown.Renewals)
	}
}

func TestLookingAtAContainerIsNoDelivery(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	fresh := containers.Status{Name: "a", State: containers.Fresh, DeliveredAt: now.Add(-time.Second)}
	old := containers.Status{Name: "a", State: containers.Fresh, DeliveredAt: now.Add(-time.Hour)}
	shared := containers.Status{Name: "a", State: containers.Shared}
	failed := containers.Status{Name: "a", State: containers.Failed}
	for _, c := range []struct {
		name          string
		before, after containers.Status
		want          uint64
	}{
		{"it got the token just now", containers.Status{}, fresh, 1},
		{"it holds what it held", fresh, fresh, 0},
		{"seen for the first time, it holds one of an earlier run", containers.Status{}, old, 0},
		{"it turns out to share az's directory", containers.Status{State: containers.Missing}, shared, 1},
		{"it still shares it", shared, shared, 0},
		{"it failed again", failed, failed, 1},
	} {
		p := newPast()
		p.delivered(c.before, c.after, time.Second, now)
		if got := p.deliveries[c.after.State].Count; got != c.want || len(p.moments) != int(c.want) {
			t.Errorf("%s: counted %d, remembered %d, want %d", c.name, got, len(p.moments), c.want)
		}
	}
}

func TestFixNeedsAPersonOnlyWhereSilenceIsRefused(t *testing.T) {
	offline := &auth.Problem{Code: "OFFLINE", Kind: auth.Offline}
	for _, c := range []struct {
		name    string
		refused *auth.Problem
		way     string
		outcome string
		logins  int
	}{
		{"silent is enough", nil, "silent", OutcomeOK, 0},
		{"refused: the browser", refusal, "browser", OutcomeOK, 1},
		{"no network: no browser cures that", offline, "silent", OutcomeOffline, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig()
			r.files = profile(contoso)
			inBubble(t, r, Settings{}, func(x *run) {
				x.now()
				r.refuse(c.refused)
				before := r.peek().probes
				x.a.Do(Fix{Browser: true})
				s := x.now()
				if l := s.Past.Last; l == nil || l.Way != c.way || l.Outcome != c.outcome || s.Renewal != nil {
					t.Errorf("ended as %+v", l)
				}
				if p := r.peek(); len(p.logins) != c.logins || p.probes == before {
					t.Errorf("%d sign-ins, %d probes", len(p.logins), p.probes-before)
				}
			})
		})
	}
}

func TestFixOfWhatNoBrowserRenews(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	r.files.Profile.Subscriptions[0].User.Type = "servicePrincipal"
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		r.refuse(refusal)
		x.a.Do(Fix{Browser: true})
		if s := x.now(); s.Past.Last == nil || s.Past.Last.Outcome != OutcomeRefused || len(r.peek().logins) != 0 {
			t.Errorf("ended as %+v after %d sign-ins", s.Past.Last, len(r.peek().logins))
		}
	})
}

// fails has every sign-in end unanswered.
func fails(r *rig) {
	r.login = func(context.Context, auth.LoginOptions) error {
		return &auth.Problem{Code: "SIGN_IN_TIMED_OUT", Kind: auth.TimedOut}
	}
}

// A script asks again and again; the browser opens once for each refusal, and only where it may.
func TestFixOpensOneBrowserForARefusal(t *testing.T) {
	for _, c := range []struct {
		name, tenant string
		out          bool // nobody is signed in
	}{{"refused", contoso, false}, {"signed out", contoso, true}, {"refused, in whichever tenant", "", false}, {"signed out, in whichever", "", true}} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig()
			refused := func(p *auth.Problem) { // az says it too where nobody is signed in
				r.refuse(p)
				r.mu.Lock()
				defer r.mu.Unlock()
				r.refused[""] = p
			}
			r.files = profile(contoso)
			if c.out {
				r.files = profile()
			}
			inBubble(t, r, Settings{}, func(x *run) {
				x.now()
				refused(refusal)
				fails(r)
				tried := func(browser bool, logins int) {
					t.Helper()
					x.a.Do(Fix{TenantID: c.tenant, Browser: browser})
					s := x.now()
					if got := len(r.peek().logins); got != logins || s.Past.Last == nil || s.Past.Last.Outcome == OutcomeOK {
						t.Errorf("%d sign-ins, want %d; ended as %+v", got, logins, s.Past.Last)
					}
				}
				tried(false, 0)
				if f := x.now().Failure; f != nil {
					t.Errorf("the person is told of %v, which they did not ask for", f)
				}
				tried(true, 1)
				tried(true, 1)
				time.Sleep(time.Hour)
				tried(true, 1)
				tried(false, 1)

				refused(nil)
				r.login = nil
				r.write(profile(contoso))
				x.a.Do(Renew{TenantID: contoso}) // the person's own
				if s := x.now(); s.Past.Last.Outcome != OutcomeOK || len(r.peek().logins) != 2 {
					t.Fatalf("ended as %+v", s.Past.Last)
				}
				refused(refusal)
				fails(r)
				if c.out {
					r.write(profile())
					x.now()
				}
				tried(true, 3)
				tried(true, 3)
			})
		})
	}
}

func TestAPartThatIsNotThereIsShown(t *testing.T) {
	inBubble(t, newRig(), Settings{}, func(x *run) {
		taken := &auth.Problem{Code: "PORT_TAKEN"}
		x.a.Lacks(context.Background(), "health", taken)
		if s := x.now(); !slices.Contains(s.Missing, taken) {
			t.Errorf("missing: %v", s.Missing)
		}
		x.a.Lacks(context.Background(), "health", nil)
		if s := x.now(); slices.Contains(s.Missing, taken) {
			t.Errorf("still missing: %v", s.Missing)
		}
	})
}
