package agent

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
	"aztray/internal/watch"
)

const vault = "https://vault.azure.net/.default"

// configure has the agent take up settings, and waits until all has settled.
func (x *run) configure(c Configured) Snapshot {
	c.Settings.Scope = cmp.Or(c.Settings.Scope, scope)
	x.a.Configure(x.t.Context(), c)
	return x.now()
}

func TestOtherSettingsAreTakenUpAtOnce(t *testing.T) {
	r := newRig()
	r.files, r.endpoint = profile(contoso, fabrikam), contoso
	inBubble(t, r, Settings{}, func(x *run) {
		if s := x.now(); s.Tenant.ID != contoso || s.OpenAI != nil {
			t.Fatalf("before: %+v", s)
		}
		if s := x.configure(Configured{Settings: Settings{TenantID: fabrikam}}); s.Tenant.ID != fabrikam || s.Level != auth.OK || s.TokenExpires.IsZero() {
			t.Errorf("another tenant: %v, level %v, token until %v", s.Tenant, s.Level, s.TokenExpires)
		}
		if s := x.configure(Configured{Settings: Settings{Scope: vault}}); s.Scope != vault || s.TokenExpires.IsZero() || s.Level != auth.OK {
			t.Errorf("another scope: %q, token until %v, level %v", s.Scope, s.TokenExpires, s.Level)
		}
		s := x.configure(Configured{Settings: Settings{OpenAI: openai.Settings{Endpoint: "https://one.example"}}})
		if s.OpenAI == nil || s.OpenAI.Status != openai.Healthy {
			t.Errorf("an endpoint: %+v", s.OpenAI)
		}
		if s := x.configure(Configured{}); s.OpenAI != nil || s.Scope != scope {
			t.Errorf("none of it any more: %+v, %q", s.OpenAI, s.Scope)
		}
		x.configure(Configured{Settings: Settings{SignInLifetime: time.Hour}})
		x.a.Do(Renew{})
		if s := x.now(); s.DeadlineSource != auth.DeadlineConfigured || s.Lifetime != time.Hour {
			t.Errorf("the lifetime is known: %v, %v", s.DeadlineSource, s.Lifetime)
		}
	})
}

func TestSettingsThatCannotBeUsedChangeNothingAndAreNamed(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{TenantID: contoso}, func(x *run) {
		broken := &auth.Problem{Code: "SETTINGS", Kind: auth.ConfigError, Message: "config.toml, line 2: no.", Advice: "Correct it."}
		s := x.configure(Configured{Settings: Settings{TenantID: fabrikam}, Problem: broken})
		if s.Tenant.ID != contoso || !slices.Contains(s.Missing, broken) {
			t.Errorf("tenant %v, missing %v", s.Tenant, s.Missing)
		}
		if s := x.configure(Configured{Settings: Settings{TenantID: contoso}}); len(s.Missing) > 0 {
			t.Errorf("it is whole again: %v", s.Missing)
		}
	})
}

// What a part lacked is no matter once it is off; what another lacks stays.
func TestAPartThatIsOffLacksNothing(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	both := Settings{Endpoint: true, Socket: true}
	inBubble(t, r, both, func(x *run) {
		codes := func(s Snapshot) (all []string) {
			for _, p := range s.Missing {
				all = append(all, p.Code)
			}
			return all
		}
		x.a.Lacks(x.t.Context(), PartEndpoint, &auth.Problem{Code: "ENDPOINT"})
		x.a.Lacks(x.t.Context(), PartSocket, &auth.Problem{Code: "SOCKET"})
		for _, c := range []struct {
			set  Settings
			want []string
		}{
			{both, []string{"ENDPOINT", "SOCKET"}},
			{Settings{Socket: true}, []string{"SOCKET"}},
			{Settings{}, nil},
			{both, nil},
		} {
			if got := codes(x.configure(Configured{Settings: c.set})); !slices.Equal(got, c.want) {
				t.Errorf("endpoint %v, socket %v: %q is missing, want %q", c.set.Endpoint, c.set.Socket, got, c.want)
			}
		}
	})
}

// Started with settings that are not the person's, it keeps to the sign-in: no container is looked at, given
// anything or held back, whatever its name or label, until the person's settings come.
func TestWithoutThePersonsSettingsNoContainerIsTouched(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	r.there = map[string]containers.Container{"a": covered("a")}
	why := &auth.Problem{Code: "SETTINGS", Kind: auth.ConfigError, Message: "config.toml, line 2: no.", Advice: "Correct it."}
	inBubble(t, r, Settings{Held: why}, func(x *run) {
		if s := x.after(time.Hour); s.Level != auth.OK || !s.Held || !slices.Contains(s.Missing, why) {
			t.Errorf("the sign-in is %v, held %v, missing %v", s.Level, s.Held, s.Missing)
		}
		if err := x.a.Ready(x.t.Context(), "a"); err != nil {
			t.Errorf("a start: %v", err)
		}
		x.a.Do(Sync{})
		x.a.Do(Restart{})
		s, seen := x.now(), r.peek()
		if seen.watching || len(seen.held)+seen.prepared+len(s.Containers) > 0 {
			t.Errorf("the engine is watched: %v; delivered to %d, prepared %d, containers %v", seen.watching, len(seen.held), seen.prepared, s.Containers)
		}
		worse := &auth.Problem{Code: "SETTINGS", Kind: auth.ConfigError, Message: "config.toml, line 3: no."}
		if s := x.configure(Configured{Problem: worse}); !s.Held || !slices.Equal(s.Missing, []*auth.Problem{worse}) || r.peek().watching {
			t.Errorf("otherwise wrong: held %v, missing %v", s.Held, s.Missing)
		}

		if s := x.configure(Configured{}); s.Held || len(s.Missing) > 0 {
			t.Errorf("mended: held %v, missing %v", s.Held, s.Missing)
		}
		x.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a")}})
		s, seen = x.now(), r.peek()
		if len(s.Containers) != 1 || len(seen.held) != 1 || seen.prepared != 1 {
			t.Errorf("mended: containers %v, delivered to %d, prepared %d", s.Containers, len(seen.held), seen.prepared)
		}
	})
}

// Other settings in the middle of a sign-in: it goes on, and what it brought is used for what it was.
func TestASignInUnderWayOutlivesOtherSettings(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	r.login = func(ctx context.Context, _ auth.LoginOptions) error {
		select {
		case <-time.After(time.Minute):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	inBubble(t, r, Settings{}, func(x *run) {
		x.a.Do(Renew{})
		x.wantLevel(x.now(), auth.Renewing)
		x.wantLevel(x.configure(Configured{Settings: Settings{Scope: vault}, World: r}), auth.Renewing)
		s := x.after(2 * time.Minute)
		if s.Level != auth.OK || s.Failure != nil || s.Scope != vault || s.TokenExpires.IsZero() {
			t.Errorf("level %v, failure %v, scope %q, token until %v", s.Level, s.Failure, s.Scope, s.TokenExpires)
		}
		if t2 := x.a.state.signs[contoso].tokens[scope]; t2.ObtainedAt.Sub(s.At) < -90*time.Second {
			t.Errorf("what the person's sign-in brought is not kept for its scope: that token is of %v, now is %v", t2.ObtainedAt, s.At)
		}
	})
}

// A probe that runs while another scope is asked for is followed by one for that.
func TestAProbeForThePastIsFollowedByAnother(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	slow := &slowTokens{rig: r}
	inBubbleOf(t, slow, r, Settings{}, func(x *run) {
		x.after(time.Minute)
		r.wake()
		x.now() // a probe runs
		x.configure(Configured{Settings: Settings{Scope: vault}})
		if s := x.after(time.Minute); s.TokenExpires.IsZero() || s.Scope != vault {
			t.Errorf("scope %q, token until %v", s.Scope, s.TokenExpires)
		}
	})
}

// slowTokens takes ten seconds for each token.
type slowTokens struct{ *rig }

func (w *slowTokens) Token(ctx context.Context, f auth.Files, user, tenant, scope string) (auth.Token, error) {
	time.Sleep(10 * time.Second)
	return w.rig.Token(ctx, f, user, tenant, scope)
}

func TestOtherContainersAreCovered(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{Engines: []string{"unix:///one", "unix:///two"}, Logs: true}, func(x *run) {
		one, two := covered("a"), covered("b")
		one.Engine, two.Engine = "unix:///one", "unix:///two"
		r.tell(containers.Event{Kind: containers.Listed, Engine: "unix:///one", Containers: []containers.Container{one}})
		r.tell(containers.Event{Kind: containers.Listed, Engine: "unix:///two", Containers: []containers.Container{two}})
		r.tell(containers.Event{Kind: containers.Lost, Engine: "unix:///two", Problem: &auth.Problem{Code: "AWAY"}})
		if s := x.now(); len(s.Containers) != 2 || len(s.Missing) != 1 {
			t.Fatalf("before: %v, %v", s.Containers, s.Missing)
		}
		// The other engine is no longer listed, and on the first another container is covered.
		next := newRig()
		next.files = r.files
		s := x.configure(Configured{Settings: Settings{Engines: []string{"unix:///one"}, Logs: true}, World: next})
		if len(s.Containers) != 1 || len(s.Missing) != 0 {
			t.Errorf("an engine less: %v, %v", s.Containers, s.Missing)
		}
		another := covered("c")
		another.Engine = "unix:///one"
		next.tell(containers.Event{Kind: containers.Listed, Engine: "unix:///one", Containers: []containers.Container{another}})
		if s := x.now(); len(s.Containers) != 1 || s.Containers[0].ID != "c" {
			t.Errorf("another one is covered: %v", s.Containers)
		}
		if held := next.peek().held; len(held) != 1 || len(held["c"].CacheJSON()) == 0 {
			t.Errorf("delivered to %d containers", len(held))
		}
		if logs := func() int { next.mu.Lock(); defer next.mu.Unlock(); return len(next.says) }(); logs != 1 {
			t.Errorf("%d logs are read, want one", logs)
		}
		x.configure(Configured{Settings: Settings{Engines: []string{"unix:///one"}}})
		if logs := func() int { next.mu.Lock(); defer next.mu.Unlock(); return len(next.says) }(); logs != 0 {
			t.Errorf("%d logs are read though the setting says none", logs)
		}
	})
}

// What is no longer covered holds nothing of ours any more; what is gone is asked for once, and that is all.
func TestWhatIsNoLongerCoveredIsTakenBack(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		stays, goes := covered("a"), covered("b")
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{stays, goes}})
		if held := func() int { x.now(); return len(r.peek().held) }(); held != 2 {
			t.Fatalf("%d containers hold the credential, want two", held)
		}
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{stays}}) // by other settings, or another name
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{stays}})
		x.now()
		if p := r.peek(); len(p.held) != 1 || p.withdrew != 1 || len(p.held["a"].CacheJSON()) == 0 {
			t.Errorf("%d hold it, %d were withdrawn", len(p.held), p.withdrew)
		}
	})
}

func TestOtherServicesAreWatched(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	w := &healthWorld{rig: r, watched: make(chan []string, 4)}
	inBubbleOf(t, w, r, Settings{HealthURLs: []string{"http://one.example"}}, func(x *run) {
		x.configure(Configured{Settings: Settings{HealthURLs: []string{"http://two.example"}}})
		x.configure(Configured{Settings: Settings{HealthURLs: []string{"http://two.example"}}}) // as it is
		x.configure(Configured{})
		if one, two := <-w.watched, <-w.watched; one[0] != "http://one.example" || two[0] != "http://two.example" {
			t.Errorf("%v, then %v", one, two)
		}
		if w.running != 0 || len(w.watched) != 0 {
			t.Errorf("%d are still watched, %d more were", w.running, len(w.watched))
		}
	})
}

type healthWorld struct {
	*rig
	watched chan []string
	running int
}

func (w *healthWorld) WatchHealth(ctx context.Context, urls []string, _ func(watch.Report)) {
	w.watched <- urls
	w.running++
	<-ctx.Done()
	w.running--
}

// A container whose process has ended is often removed then, which we keep out of the way of.
func TestAContainerThatHasEndedIsLeftAloneForAMoment(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		c := covered("a")
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{c}})
		x.now()
		looked := len(r.peek().tries["a"])
		r.tell(containers.Event{Kind: containers.Stopped, Container: c})
		x.after(settled - time.Millisecond)
		if n := len(r.peek().tries["a"]); n != looked {
			t.Errorf("looked at %d times while it may be removed", n-looked)
		}
		x.after(time.Second)
		if n := len(r.peek().tries["a"]); n != looked+1 {
			t.Errorf("looked at %d times once it has stayed, want once", n-looked)
		}
	})
}
