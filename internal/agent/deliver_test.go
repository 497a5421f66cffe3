package agent

import (
	"slices"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

func TestContainersAlwaysHoldALiveToken(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a"), covered("b")}})
		for range 12 {
			x.after(20 * time.Minute)
			for _, id := range []string{"a", "b"} {
				if left := time.Until(r.peek().held[id].ExpiresOn()); left < 10*time.Minute {
					t.Fatalf("container %s holds a token with %v left", id, left)
				}
			}
		}
		if n := r.peek().probes; n > 10 {
			t.Errorf("%d renewals in four hours of tokens that live an hour", n)
		}
	})
}

// At a renewal every container gets its credential before what that replaced in any of them is looked at, and a
// sign-in that was found in one is told.
func TestARenewalGoesBeforeItsLooks(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		var many []containers.Container
		for i := range maxDeliveries + 5 {
			many = append(many, covered(string(rune('A'+i))))
		}
		r.tell(containers.Event{Kind: containers.Listed, Containers: many})
		x.after(time.Minute)
		r.mu.Lock()
		r.calls, r.slow, r.theirs = nil, 100*time.Millisecond, "B"
		r.mu.Unlock()
		s := x.after(40 * time.Minute) // one renewal
		calls := r.peek().calls
		first := slices.Index(calls, "confirm") // the last deliveries and the first looks begin together
		if slices.Sort(calls); first < maxDeliveries || len(calls) != 2*len(many) || calls[len(many)-1] != "confirm" || calls[len(many)] != "renew" {
			t.Errorf("the first look after %d calls; calls: %v", first, calls)
		}
		for _, c := range s.Containers {
			if own := c.State == containers.OwnSignIn; own != (c.ID == "B") || c.Unproved {
				t.Errorf("%s: %s, still to be looked at: %v", c.Name, c.State, c.Unproved)
			}
		}
	})
}

func TestADeliveryThatFailsIsTriedAgainMoreAndMoreSlowly(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	r.fails["a"] = true
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		r.tell(containers.Event{Kind: containers.Created, Container: covered("a")})
		s := x.after(25 * time.Minute)
		n := len(r.peek().tries["a"])
		if n < 5 || n > 20 || s.Containers[0].State != containers.Failed {
			t.Errorf("%d tries in 25 minutes, state %s", n, s.Containers[0].State)
		}
		r.mu.Lock()
		delete(r.fails, "a")
		r.mu.Unlock()
		x.a.Do(Sync{Names: []string{"codestory-a"}})
		if s = x.now(); s.Containers[0].State != containers.Fresh {
			t.Errorf("after Sync now the state is %s", s.Containers[0].State)
		}
	})
}

// TestAnEngineThatIsAway: the others' containers are served, its own wait without being tried, and
// what it says when it is back is the truth about its own alone.
func TestAnEngineThatIsAway(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	on := func(engine, id string) containers.Container {
		c := covered(id)
		c.Engine = engine
		return c
	}
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		away := &auth.Problem{Code: "ENGINE_UNREACHABLE", Kind: auth.EngineMissing, Message: "The other one does not answer.", Advice: "Look."}
		r.tell(containers.Event{Kind: containers.Listed, Engine: "near", Containers: []containers.Container{on("near", "a")}})
		r.tell(containers.Event{Kind: containers.Listed, Engine: "far", Containers: []containers.Container{on("far", "b"), on("far", "a")}})
		x.now()
		r.tell(containers.Event{Kind: containers.Lost, Engine: "far", Problem: away})
		s := x.after(3 * time.Hour)
		if len(s.Missing) != 1 || s.Missing[0] != away || len(s.Containers) != 2 || s.Containers[0].Away || !s.Containers[1].Away {
			t.Errorf("missing %v, containers %+v; want one line, and b marked", s.Missing, s.Containers)
		}
		if near, far := len(r.peek().tries["a"]), len(r.peek().tries["b"]); near < 3 || far != 1 {
			t.Errorf("%d deliveries here and %d there in three hours", near, far)
		}
		r.tell(containers.Event{Kind: containers.Listed, Engine: "far"})
		if s = x.now(); len(s.Missing) != 0 || len(s.Containers) != 1 || s.Containers[0].ID != "a" || s.Containers[0].Engine != "near" {
			t.Errorf("back with none: missing %v, containers %+v", s.Missing, s.Containers)
		}
	})
}

func TestACreatedContainerIsDeliveredToAtOnceAndVerifiedOnStart(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		began := time.Now()
		r.tell(containers.Event{Kind: containers.Created, Container: covered("a")})
		x.now()
		r.tell(containers.Event{Kind: containers.Started, Container: covered("a")})
		x.now()
		if len(r.peek().tries["a"]) != 1 || time.Since(began) != 0 {
			t.Errorf("%d deliveries %v after the event, want one at once", len(r.peek().tries["a"]), time.Since(began))
		}
		if x.after(settled); len(r.peek().tries["a"]) != 2 { // when those that started with it have theirs
			t.Errorf("%d deliveries after a while, want it looked at after its start", len(r.peek().tries["a"]))
		}
		r.tell(containers.Event{Kind: containers.Removed, Container: covered("a")})
		if s := x.now(); len(s.Containers) != 0 {
			t.Errorf("a container that is gone is shown: %v", s.Containers)
		}
	})
}

func TestContainersThatAreYetToBeMadeArePreparedFor(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		ahead := func() []auth.Bundle {
			r.mu.Lock()
			defer r.mu.Unlock()
			return slices.Clone(r.prepared)
		}
		x.now()
		if got := ahead(); len(got) != 1 || len(got[0].Tokens) != 2 { // the usual scope, with a slash and without
			t.Fatalf("with a sign-in: %d", len(got))
		}
		x.after(r.life)
		renewed := ahead()
		if last := renewed[len(renewed)-1]; len(renewed) < 2 || !last.ExpiresOn().After(time.Now()) {
			t.Errorf("after a token's life it was written %d times, the last ends at %v", len(renewed), last.ExpiresOn())
		}
		r.mu.Lock()
		r.fails["ahead"] = true
		r.mu.Unlock()
		r.write(auth.Files{})
		x.after(time.Minute)
		if tries := len(ahead()) - len(renewed); tries < 2 || tries > 10 {
			t.Errorf("what fails was tried %d times in a minute", tries)
		}
		r.mu.Lock()
		r.fails["ahead"] = false
		r.mu.Unlock()
		x.after(maxRetry) // the longest that a back-off takes
		done := ahead()
		x.after(time.Hour)
		if now := ahead(); len(now[len(now)-1].Tokens) != 0 || len(now) != len(done) {
			t.Errorf("after the sign-out: %d tokens, written %d times more", len(now[len(now)-1].Tokens), len(now)-len(done))
		}
	})
}

// TestMountsChanged: a directory whose credential somebody changed is looked at, and no other container.
func TestMountsChanged(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	mounts := covered("a")
	mounts.Delivery = "mount"
	r.first = []containers.Container{mounts, covered("b")}
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		before := r.peek().tries
		r.mounted()
		x.now()
		if a, b := len(r.peek().tries["a"])-len(before["a"]), len(r.peek().tries["b"])-len(before["b"]); a != 1 || b != 0 {
			t.Errorf("the one that mounts was looked at %d times, the other %d times", a, b)
		}
	})
}
