package agent

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// TestWhatHappenedWhileNothingRanIsMadeGood: a container that was dropped from the settings, and a sign-out,
// between two runs.
func TestWhatHappenedWhileNothingRanIsMadeGood(t *testing.T) {
	for _, c := range []struct {
		why    string
		now    auth.Files
		listed []containers.Container
		want   []string // whose credential is taken back
	}{
		{"nothing", profile(contoso), []containers.Container{covered("a"), covered("b")}, nil},
		{"b was dropped from the settings", profile(contoso), []containers.Container{covered("a")}, []string{"b"}},
		{"all were", profile(contoso), nil, []string{"a", "b"}},
		{"the person signed out", profile(), []containers.Container{covered("a"), covered("b")}, []string{"a", "b"}},
	} {
		t.Run(c.why, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "state.json")
			r := newRig()
			r.files, r.first = profile(contoso), []containers.Container{covered("a"), covered("b")}
			inBubble(t, r, Settings{StateFile: file}, func(x *run) { x.after(time.Minute) })
			again := newRig()
			again.files, again.first = c.now, c.listed
			inBubble(t, again, Settings{StateFile: file}, func(x *run) {
				x.after(time.Minute)
				again.tell(containers.Event{Kind: containers.Listed, Containers: c.listed})
				x.after(time.Minute)
			})
			if slices.Sort(again.withdrew); !slices.Equal(again.withdrew, c.want) {
				t.Errorf("taken from %v, want %v", again.withdrew, c.want)
			}
		})
	}
}

// TestTakingBackIsTriedAgain: what could not be taken back is not forgotten, at a sign-out and where a container is
// no longer covered.
func TestTakingBackIsTriedAgain(t *testing.T) {
	for why, lose := range map[string]func(r *rig){
		"a sign-out": func(r *rig) { r.write(profile()) },
		"no longer covered": func(r *rig) {
			for range 2 { // the engine was away in between
				r.tell(containers.Event{Kind: containers.Listed})
			}
		},
	} {
		t.Run(why, func(t *testing.T) {
			r := newRig()
			r.files = profile(contoso)
			inBubble(t, r, Settings{}, func(x *run) {
				r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a")}})
				x.after(time.Minute)
				r.mu.Lock()
				r.fails["a"] = true
				r.mu.Unlock()
				lose(r)
				x.after(time.Second)
				r.mu.Lock()
				if delete(r.fails, "a"); len(r.withdrew) == 0 || len(r.held) != 1 {
					t.Errorf("before: tried with %v, %d hold it", r.withdrew, len(r.held))
				}
				r.mu.Unlock()
				if why == "no longer covered" {
					r.tell(containers.Event{Kind: containers.Listed})
				}
				x.after(time.Minute)
				if held := r.peek().held; len(held) != 0 {
					t.Errorf("it is held still")
				}
			})
		})
	}
}

// TestADirectoryThatOthersMountIsLeft: a service was scaled down, or its container made anew.
func TestADirectoryThatOthersMountIsLeft(t *testing.T) {
	web := func(id, name string) containers.Container {
		return containers.Container{ID: id, Name: name, Project: "shop", Service: "web", Delivery: "mount", Running: true}
	}
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{web("1", "shop-web-1"), web("2", "shop-web-2")}})
		x.after(time.Minute)
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{web("3", "shop-web-1")}})
		x.after(time.Minute)
		if r.peek().withdrew != 0 {
			t.Errorf("taken from %v, whose directory is shop-web-1's of now", r.withdrew)
		}
		r.tell(containers.Event{Kind: containers.Listed})
		x.after(time.Minute)
		if r.peek().withdrew != 1 {
			t.Errorf("taken from %v in the end", r.withdrew)
		}
	})
}

// TestHoldingEnds: what a container holds is forgotten when it is of no use any more.
func TestHoldingEnds(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	token := func(left time.Duration) auth.Token { return auth.Token{ExpiresOn: now.Add(left)} }
	for _, c := range []struct {
		why    string
		bundle auth.Bundle
		want   time.Duration
	}{
		{"one token", auth.Bundle{Tokens: []auth.Token{token(time.Hour)}}, time.Hour},
		{"the last of several", auth.Bundle{Tokens: []auth.Token{token(time.Hour), token(24 * time.Hour), token(time.Minute)}}, 24 * time.Hour},
		{"a refresh token", auth.Bundle{Tokens: []auth.Token{token(time.Hour)}, Refresh: auth.NewSecret("r")}, refreshLasts},
	} {
		h := holds(covered("a"), c.bundle, now)
		if !h.Until.Equal(now.Add(c.want)) {
			t.Errorf("%s: until %v, want %v later", c.why, h.Until, c.want)
		}
		for _, later := range []bool{false, true} {
			at, s := now, newState(Settings{}, nil)
			if later {
				at = h.Until
			}
			s.recallHolding(map[string]*Holding{"a": h, "b": nil}, at)
			if _, kept := s.strays["a"]; kept == later || len(s.strays) > 1 {
				t.Errorf("%s: recalled %v, later: %v", c.why, s.strays, later)
			}
		}
	}
}
