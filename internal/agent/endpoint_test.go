package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// ask asks for a token with a deadline, as the endpoint does.
func (x *run) ask(tenant, scope string) (auth.Token, error) {
	ctx, stop := context.WithTimeout(x.t.Context(), 8*time.Second)
	defer stop()
	return x.a.Token(ctx, Question{Tenant: tenant, Scope: scope})
}

func kindOf(err error) auth.Kind {
	if p, ok := errors.AsType[*auth.Problem](err); ok {
		return p.Kind
	}
	return auth.Kind(fmt.Sprint(err))
}

func TestATokenForTheEndpoint(t *testing.T) {
	const other = "https://vault.example/.default"
	for _, c := range []struct {
		name   string
		set    func(*rig)
		before time.Duration          // passes after the start
		then   func(*rig)             // and then this happens
		tenant string                 // asked for
		scope  string                 // asked for; "" is the judged one
		want   auth.Kind              // of the error; "" is a token
		left   time.Duration          // at least, of the token
		probes func(was, is int) bool // nil: whatever they were
	}{
		{name: "one that lasts is given as it is", before: time.Minute, left: 50 * time.Minute,
			probes: func(was, is int) bool { return was == is }},
		{name: "a scope that nobody asked for yet is fetched", scope: other, left: 50 * time.Minute,
			probes: func(was, is int) bool { return is > was }},
		{name: "a tenant that nobody asked for yet is tried", tenant: fabrikam, left: 50 * time.Minute},
		{name: "nobody is signed in", set: func(r *rig) { r.files = auth.Files{} }, want: auth.SignInRequired},
		{name: "refused, and the token has time left", then: func(r *rig) { r.refuse(refusal) }, before: 35 * time.Minute, left: time.Minute},
		{name: "refused, and the token has ended", set: func(r *rig) { r.refuse(refusal) }, want: auth.SignInRequired},
		{name: "no network, and no token", set: func(r *rig) { r.refuse(&auth.Problem{Kind: auth.Offline}) }, want: auth.Offline},
		{name: "tokens that live for twenty seconds", set: func(r *rig) { r.life = 20 * time.Second }, before: 40 * time.Minute, left: 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig()
			r.files = profile(contoso, fabrikam)
			if c.set != nil {
				c.set(r)
			}
			set := Settings{}
			if r.life < time.Minute {
				set.ProbeInterval = time.Second
			}
			inBubble(t, r, set, func(x *run) {
				x.now()
				if c.then != nil {
					c.then(r)
				}
				x.after(c.before)
				was := r.peek().probes
				want := c.scope
				if want == "" {
					want = scope
				}
				tok, err := x.ask(c.tenant, want)
				if c.want != "" {
					if kindOf(err) != c.want {
						x.t.Fatalf("error %v, want %s", err, c.want)
					}
					return
				}
				tenant := c.tenant
				if tenant == "" {
					tenant = contoso
				}
				if err != nil || tok.Scope != want || tok.TenantID != tenant || time.Until(tok.ExpiresOn) < c.left {
					x.t.Fatalf("a token for %s in %s with %v left, error %v", tok.Scope, tok.TenantID, time.Until(tok.ExpiresOn), err)
				}
				if c.probes != nil && !c.probes(was, r.peek().probes) {
					t.Errorf("%d renewals before and %d after", was, r.peek().probes)
				}
			})
		})
	}
}

// What one who asks is told, by what is known: each row but the first differs from a good sign-in whose
// token ends soon and that was not tried of late.
func TestReply(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	const wait = "wait"
	lasts := func(life, left time.Duration) auth.Token {
		return auth.Token{Scope: scope, ObtainedAt: now.Add(left - life), ExpiresOn: now.Add(left)}
	}
	for _, c := range []struct {
		name string
		with func(*state, *sign)
		want string // token, wait, or a problem's kind
	}{
		{"six minutes", func(_ *state, g *sign) { g.tokens[scope] = lasts(time.Hour, comfortable) }, "token"},
		{"less, and a renewal may be tried", nil, wait},
		{"less, and it was tried a moment ago", func(_ *state, g *sign) { g.probedAt = now.Add(-time.Minute) }, "token"},
		{"less, and a renewal runs", func(_ *state, g *sign) { g.probing, g.probeBegan = true, now.Add(-time.Second) }, wait},
		{"less, and a renewal has run for two seconds", func(_ *state, g *sign) { g.probing, g.probeBegan = true, now.Add(-patience) }, "token"},
		{"less, and a renewal runs during a sign-in", func(s *state, g *sign) {
			s.renewal, g.probing, g.probeBegan = &Renewal{}, true, now.Add(-patience)
		}, "token"},
		{"less, and the person signs in", func(s *state, _ *sign) { s.renewal = &Renewal{} }, "token"},
		{"less, and the person is needed", func(_ *state, g *sign) { g.refusal = refusal }, "token"},
		{"more than half of a short life", func(_ *state, g *sign) { g.tokens[scope] = lasts(time.Minute, 31*time.Second) }, "token"},
		{"less than half of it", func(_ *state, g *sign) { g.tokens[scope] = lasts(time.Minute, 29*time.Second) }, wait},
		{"twenty seconds, and the person is needed", func(_ *state, g *sign) { g.tokens[scope], g.refusal = lasts(time.Hour, 20*time.Second), refusal }, "token"},
		{"hardly any, and the person is needed", func(_ *state, g *sign) { g.tokens[scope], g.refusal = lasts(time.Hour, time.Second), refusal }, string(auth.SignInRequired)},
		{"hardly any, and a renewal has run for two seconds", func(_ *state, g *sign) {
			g.tokens[scope], g.probing, g.probeBegan = lasts(time.Hour, time.Second), true, now.Add(-patience)
		}, wait},
		{"none, and the person is needed", func(_ *state, g *sign) { clear(g.tokens); g.refusal = refusal }, string(auth.SignInRequired)},
		{"none, and the person signs in", func(s *state, g *sign) { clear(g.tokens); g.refusal, s.renewal = refusal, &Renewal{} }, wait},
		{"none, and nothing was tried", func(_ *state, g *sign) { clear(g.tokens) }, wait},
		{"none, and it failed a moment ago", func(_ *state, g *sign) { clear(g.tokens); g.tries, g.probeAt = 1, now.Add(time.Second) }, string(auth.Transient)},
		{"none, and it is to be tried again now", func(_ *state, g *sign) { clear(g.tokens); g.tries, g.probeAt = 1, now }, wait},
		{"none, and a scope that was refused of late", func(_ *state, g *sign) {
			clear(g.tokens)
			g.probedAt, g.lacking[scope] = now.Add(-time.Minute), &auth.Problem{Kind: auth.ConsentNeeded}
		}, string(auth.ConsentNeeded)},
		{"none, and a scope that was refused long ago", func(_ *state, g *sign) {
			clear(g.tokens)
			g.probedAt, g.lacking[scope] = now.Add(-time.Hour), &auth.Problem{Kind: auth.ConsentNeeded}
		}, wait},
		{"none, though it was tried since", func(_ *state, g *sign) { clear(g.tokens); g.probedAt = now.Add(time.Second) }, string(auth.Transient)},
		{"az's files are not read yet", func(s *state, _ *sign) { s.filesKnown = false }, wait},
		{"az's files cannot be read", func(s *state, _ *sign) { s.filesKnown, s.filesErr = false, &auth.Problem{Kind: auth.ConfigError} }, string(auth.ConfigError)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newState(Settings{Scope: scope, ProbeInterval: 5 * time.Minute}, func() float64 { return 0 })
			s.files, s.filesKnown = profile(contoso), true
			g := s.sign(contoso)
			g.tokens[scope], g.probeAt, g.probedAt = lasts(time.Hour, comfortable-time.Second), now.Add(time.Minute), now.Add(-time.Hour)
			if c.with != nil {
				c.with(s, g)
			}
			r, known := s.reply(waiter{Question: Question{Scope: scope}, since: now}, now)
			got := wait
			switch {
			case known && r.problem != nil:
				got = string(r.problem.Kind)
			case known:
				got = "token"
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if due := !g.probeAt.After(now) || g.probing || s.renewal != nil || !s.filesKnown; got == wait && !due {
				t.Error("nothing is under way that it could wait for")
			}
		})
	}
}

func TestWhoHasGoneIsNotWaitedOn(t *testing.T) {
	s := newState(Settings{}, func() float64 { return 0 })
	ctx, stop := context.WithCancel(t.Context())
	for _, ctx := range []context.Context{ctx, t.Context()} {
		tokenAsked{waiter{ctx: ctx, reply: make(chan tokenReply, 1)}}.apply(s, time.Now())
	}
	stop()
	if s.answer(time.Now()); len(s.waiters) != 1 {
		t.Errorf("%d wait", len(s.waiters))
	}
}

// A process that asks every five seconds never gets less than six minutes, and renewals do not become more.
func TestAskingAllTheTime(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		for range 6 * 3600 / 5 { // six hours
			tok, err := x.ask("", scope)
			if err != nil || time.Until(tok.ExpiresOn) < 6*time.Minute {
				x.t.Fatalf("%v left, error %v", time.Until(tok.ExpiresOn), err)
			}
			time.Sleep(5 * time.Second)
		}
		if n := r.peek().probes; n > 15 {
			t.Errorf("%d renewals in six hours", n)
		}
	})
}

// A renewal that hangs, on a network that swallows everything, holds no live token back: who asks waits for it
// for a moment, who asks later not at all. azure-identity 1.26 for Python fails on a 503 though its own token lives.
func TestAskingWhileARenewalHangs(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		first, err := x.ask("", scope)
		if err != nil {
			x.t.Fatal(err)
		}
		r.mu.Lock()
		r.hangs = 90 * time.Second
		r.mu.Unlock()
		r.refuse(&auth.Problem{Kind: auth.Offline})
		x.after(time.Until(first.ExpiresOn) - 6*time.Minute)
		longest := time.Duration(0)
		for time.Until(first.ExpiresOn) > lastResort+time.Second {
			began := time.Now()
			tok, err := x.ask("", scope)
			if err != nil || tok.Secret.Reveal() != first.Secret.Reveal() {
				x.t.Fatalf("with %v left: %v", time.Until(first.ExpiresOn), err)
			}
			longest = max(longest, time.Since(began))
			time.Sleep(time.Second)
		}
		if longest > patience {
			x.t.Errorf("one who asked waited for %v", longest)
		}
		time.Sleep(lastResort + time.Second)
		if _, err := x.ask("", scope); err == nil {
			x.t.Error("a token that has ended is given")
		}
	})
}

// After a laptop woke its network is there some seconds later. Who has no token by then waits for that, where an SDK
// that is told 503 at once has given up after six seconds; in a long outage it is told at once.
func TestAskingBeforeTheNetworkIsBack(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	r.refuse(&auth.Problem{Kind: auth.Offline})
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		go func() {
			time.Sleep(5 * time.Second)
			r.refuse(nil)
		}()
		began := time.Now()
		if _, err := x.ask("", scope); err != nil || time.Since(began) > 7*time.Second {
			x.t.Errorf("it got %v after %v", err, time.Since(began))
		}
		r.refuse(&auth.Problem{Kind: auth.Offline})
		x.after(4 * time.Hour)
		began = time.Now()
		if _, err := x.ask("", scope); kindOf(err) != auth.Offline && kindOf(err) != auth.Transient || time.Since(began) > 0 {
			x.t.Errorf("in a long outage: %v after %v", err, time.Since(began))
		}
	})
}

// A token that a service refused, as MSAL's token_sha256_to_refresh says, is not given again: the next is
// obtained, at most once a minute.
func TestATokenThatAServiceRefused(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		ask := func(refused auth.Token) (auth.Token, error) {
			ctx, stop := context.WithTimeout(x.t.Context(), 8*time.Second)
			defer stop()
			sum := sha256.Sum256([]byte(refused.Secret.Reveal()))
			return x.a.Token(ctx, Question{Scope: scope, Refused: hex.EncodeToString(sum[:])})
		}
		first, err := x.ask("", scope)
		if err != nil {
			x.t.Fatal(err)
		}
		was := r.peek().probes
		second, err := ask(first)
		if err != nil || second.Secret.Reveal() == first.Secret.Reveal() {
			x.t.Fatalf("the refused token came again, or none: %v", err)
		}
		for range 3 { // others whose service refused the first, and a service that refuses the second as well
			if tok, err := ask(first); err != nil || tok.Secret.Reveal() != second.Secret.Reveal() {
				x.t.Errorf("another who was refused: %v", err)
			}
			if _, err := ask(second); kindOf(err) != auth.Transient {
				x.t.Errorf("the second at once again: %v", err)
			}
		}
		if n := r.peek().probes - was; n != 1 {
			x.t.Errorf("%d renewals", n)
		}
		if tok, err := x.ask("", scope); err != nil || tok.Secret.Reveal() != second.Secret.Reveal() {
			x.t.Errorf("who was not refused: %v", err)
		}
		x.after(refusedEvery)
		if tok, err := ask(second); err != nil || tok.Secret.Reveal() == second.Secret.Reveal() {
			x.t.Errorf("a minute later: %v", err)
		}
		r.refuse(refusal)
		x.after(refusedEvery)
		newest, err := x.ask("", scope)
		if err != nil {
			x.t.Fatal(err)
		}
		if _, err := ask(newest); kindOf(err) != auth.SignInRequired {
			x.t.Errorf("when the person is needed: %v", err)
		}
	})
}

// While the person signs in, who has no token waits, and has one when the sign-in is done.
func TestAskingDuringASignIn(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	r.refuse(refusal)
	r.login = func(ctx context.Context, _ auth.LoginOptions) error {
		select {
		case <-time.After(10 * time.Second):
		case <-ctx.Done():
		}
		return nil
	}
	inBubble(t, r, Settings{}, func(x *run) {
		x.now()
		x.a.Do(Renew{})
		x.now()
		if _, err := x.ask("", scope); !errors.Is(err, context.DeadlineExceeded) { // for 8 seconds
			t.Errorf("while the browser is open: %v", err)
		}
		if tok, err := x.ask("", scope); err != nil || time.Until(tok.ExpiresOn) < 50*time.Minute {
			t.Errorf("when it is done: %v", err)
		}
		x.after(time.Minute)
		if n := len(x.a.state.waiters); n != 0 {
			t.Errorf("%d who gave up are still waited on", n)
		}
	})
}

func TestWaitersAreBounded(t *testing.T) {
	s := newState(Settings{}, func() float64 { return 0 })
	replies := make(chan tokenReply, 1)
	for range maxWaiters {
		tokenAsked{waiter{ctx: t.Context(), reply: nil}}.apply(s, time.Now())
	}
	tokenAsked{waiter{ctx: t.Context(), reply: replies}}.apply(s, time.Now())
	if len(s.waiters) != maxWaiters || (<-replies).problem != notYet {
		t.Errorf("%d wait", len(s.waiters))
	}
}

// A container that takes its tokens from the endpoint is given no copy, and is shown by what it asked for.
func TestAContainerOfTheEndpoint(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	box := covered("a")
	box.Delivery = "endpoint"
	state := func(s Snapshot) containers.Status {
		t.Helper()
		if len(s.Containers) != 1 {
			panic(fmt.Sprintf("containers %v", s.Containers))
		}
		return s.Containers[0]
	}
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{Endpoint: true, StateFile: file}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{box}})
		if st := state(x.now()); st.State != containers.Missing || st.Error == "" || st.Delivery != "endpoint" {
			t.Errorf("before it asks: %+v", st)
		}
		tok, err := x.ask("", scope)
		if err != nil {
			x.t.Fatal(err)
		}
		x.a.Served(x.t.Context(), "a", tok)
		if st := state(x.now()); st.State != containers.Fresh || !st.ExpiresOn.Equal(tok.ExpiresOn) || st.Error != "" {
			t.Errorf("after it asked: %+v", st)
		}
		if len(r.peek().held) != 0 || len(r.peek().tries) != 0 {
			t.Error("it was given a copy as well")
		}
		if kept := Recall(file).Served["a"]; !kept.ExpiresOn.Equal(tok.ExpiresOn) {
			t.Errorf("the command line would not know: %+v", kept)
		}
		if st := state(x.after(61 * time.Minute)); st.State != containers.Missing || st.Error == "" {
			t.Errorf("when its token has ended: %+v", st)
		}
	})
	inBubble(t, r, Settings{}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{box}})
		if st := state(x.now()); st.State != containers.Unreachable || st.Error == "" {
			t.Errorf("with the endpoint off: %+v", st)
		}
	})
}

// A container that controls the engine waits for the person's answer, whatever its label says; what it was given
// before is no credential of its own any more.
func TestAContainerOfTheEndpointThatControlsTheEngine(t *testing.T) {
	box := covered("a")
	box.Delivery = "endpoint"
	r := newRig()
	r.files = profile(contoso)
	r.asks = map[string]containers.Consent{"a": {Question: containers.AskEngine}}
	inBubble(t, r, Settings{Endpoint: true}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{box}})
		x.now()
		tok, err := x.ask("", scope)
		if err != nil {
			x.t.Fatal(err)
		}
		x.a.Served(x.t.Context(), "a", tok)
		if st := x.now().Containers[0]; st.State != containers.Missing || st.Consent.Question != containers.AskEngine || st.Error == "" || !st.ExpiresOn.IsZero() {
			t.Errorf("unanswered: %+v", st)
		}
		r.mu.Lock()
		delete(r.asks, "a")
		r.mu.Unlock()
		x.a.Do(Answer{ContainerID: "a", Question: containers.AskEngine, Allow: true})
		if st := x.now().Containers[0]; st.State != containers.Fresh || st.Consent != (containers.Consent{}) || st.Error != "" {
			t.Errorf("allowed: %+v", st)
		}
	})
}
