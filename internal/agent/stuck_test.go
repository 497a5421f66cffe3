package agent

import (
	"slices"
	"testing"
	"time"

	"aztray/internal/containers"
	"aztray/internal/watch/symptom"
)

func TestWhatARestartIsOfferedFor(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 11, 23, 12, minute, 0, 0, time.UTC) }
	type said struct {
		cause symptom.Cause
		at    int // minutes after twelve
	}
	for _, c := range []struct {
		name           string
		said           []said
		deliveredAt    int // and held since; below zero: it holds none
		restartedAt    int // below zero: never
		now            int
		offered, stuck bool
	}{
		{"its log is content", nil, 0, -1, 10, false, false},
		{"it failed before it held a credential: it may have taken it up since", []said{{symptom.NoCredential, 1}}, 5, -1, 6, true, false},
		{"it found none though there was one", []said{{symptom.NoCredential, 6}}, 5, -1, 6, true, true},
		{"az told it to sign in though it is", []said{{symptom.AzLogin, 6}}, 5, -1, 6, true, true},
		{"its token was refused, which a new one may cure", []said{{symptom.TokenRefused, 6}}, 5, -1, 6, true, false},
		{"the one after it was refused too", []said{{symptom.TokenRefused, 1}, {symptom.TokenRefused, 6}}, 5, -1, 6, true, true},
		{"it lacks a role, which nothing of ours cures", []said{{symptom.RoleMissing, 6}}, 5, -1, 6, false, false},
		{"it needs another tenant's token", []said{{symptom.WrongTenant, 6}}, 5, -1, 6, false, false},
		{"it holds no credential", []said{{symptom.NoCredential, 6}}, -1, -1, 6, false, false},
		{"that was long ago", []said{{symptom.NoCredential, 6}}, 5, -1, 22, false, false},
		{"it was restarted since", []said{{symptom.NoCredential, 6}}, 5, 7, 8, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newState(Settings{}, func() float64 { return 0 })
			b := &box{c: covered("a")}
			if c.deliveredAt >= 0 {
				b.status = containers.Status{State: containers.Fresh, DeliveredAt: at(c.deliveredAt), ExpiresOn: at(59)}
			}
			if c.restartedAt >= 0 {
				b.revival.at = at(c.restartedAt)
			}
			for _, f := range c.said {
				b.complain(containers.Finding{Cause: f.cause, At: at(f.at)})
			}
			if st := s.withComplaint(b, b.status, at(c.now)); st.RestartHelps != c.offered || st.Stuck != c.stuck {
				t.Errorf("offered %v, stuck %v; want %v and %v", st.RestartHelps, st.Stuck, c.offered, c.stuck)
			}
		})
	}
}

func TestALabelHasItRestartedAndNotForEver(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{Logs: true}, func(x *run) {
		willing := covered("a")
		willing.Restart = true
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{willing, covered("b")}})
		x.after(10 * time.Minute)
		var at []time.Duration // of each restart, since the first failure
		began, seen := time.Now(), 0
		for range 120 {
			r.say("a", symptom.NoCredential)
			r.say("b", symptom.NoCredential)
			x.after(time.Minute)
			if n := len(r.restartedNames()); n > seen {
				seen = n
				at = append(at, time.Since(began).Round(time.Minute))
			}
		}
		if want := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 35 * time.Minute, 75 * time.Minute}; !slices.Equal(at, want) {
			t.Errorf("restarted after %v, want %v", at, want)
		}
		if names := slices.Compact(r.restartedNames()); !slices.Equal(names, []string{"codestory-a"}) {
			t.Errorf("restarted %v: one without the label is nobody's but the person's to restart", names)
		}
	})
}

func TestAStartIsANewBeginning(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{Logs: true}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a")}})
		x.after(10 * time.Minute)
		r.say("a", symptom.NoCredential)
		if s := x.after(10 * time.Second); !s.Containers[0].RestartHelps || !s.Containers[0].Stuck {
			t.Fatalf("after the failure: %+v", s.Containers[0])
		}
		r.tell(containers.Event{Kind: containers.Started, Container: covered("a")})
		if s := x.now(); s.Containers[0].RestartHelps || s.Containers[0].Error != "" {
			t.Errorf("after somebody restarted it: %+v", s.Containers[0])
		}
	})
}
