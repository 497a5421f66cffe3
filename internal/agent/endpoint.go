package agent

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

const (
	maxWaiters  = 512              // that wait for a token at once
	comfortable = 6 * time.Minute  // what a token should have left: SDKs renew one with less than five
	lastResort  = 30 * time.Second // what it must have left to be given while there is no better
	keptServed  = 24 * time.Hour   // after its token's end: how long it is known that a container asked
)

// Served is what a container was last given by the identity endpoint.
type Served struct {
	At        time.Time `json:"at"`
	ExpiresOn time.Time `json:"expires_on"`
}

// Token gives a token for one scope in a tenant, "" for the one in use. One that lasts is given at once,
// else a silent renewal is awaited until ctx ends, which should have a deadline. While the person is
// needed, what still lives is given. Errors are *auth.Problem, or ctx's.
func (a *Agent) Token(ctx context.Context, tenant, scope string) (auth.Token, error) {
	w := waiter{ctx: ctx, tenant: tenant, scope: scope, reply: make(chan tokenReply, 1)}
	select {
	case a.events <- tokenAsked{w}:
	case <-ctx.Done():
		return auth.Token{}, context.Cause(ctx)
	}
	select {
	case r := <-w.reply:
		if r.problem != nil {
			return auth.Token{}, r.problem
		}
		return r.token, nil
	case <-ctx.Done():
		return auth.Token{}, context.Cause(ctx)
	}
}

// Served notes that a container got a token by the identity endpoint.
func (a *Agent) Served(ctx context.Context, containerID string, t auth.Token) {
	a.send(ctx, served{containerID, t.ExpiresOn})
}

// waiter is one who asked for a token. reply holds one, so that the loop never waits for it.
type waiter struct {
	ctx           context.Context
	tenant, scope string
	since         time.Time
	reply         chan tokenReply
}

type tokenReply struct {
	token   auth.Token
	problem *auth.Problem // nil: token is there
}

type tokenAsked struct{ w waiter }

func (e tokenAsked) apply(s *state, now time.Time) {
	if len(s.waiters) >= maxWaiters {
		e.w.reply <- tokenReply{problem: notYet}
		return
	}
	e.w.since = now
	s.waiters = append(s.waiters, e.w)
}

type served struct {
	id      string
	expires time.Time
}

func (e served) apply(s *state, now time.Time) { s.served[e.id] = Served{now, e.expires} }

var notYet = &auth.Problem{Code: "TOKEN_NOT_YET", Kind: auth.Transient,
	Message: "There is no fresh token at the moment; it is tried again by itself.", Advice: "See aztray service status if it stays."}

// answer replies to those who wait and whose token, or what stands in its way, is known.
func (s *state) answer(now time.Time) {
	s.waiters = slices.DeleteFunc(s.waiters, func(w waiter) bool {
		if w.ctx.Err() != nil {
			return true
		}
		r, known := s.reply(w, now)
		if known {
			w.reply <- r
		}
		return known
	})
}

// reply says what w is to have; false while that must be waited for. Then a renewal runs, or is due.
func (s *state) reply(w waiter, now time.Time) (tokenReply, bool) {
	switch {
	case !s.filesKnown:
		return tokenReply{problem: s.filesErr}, s.filesErr != nil
	case !s.signedIn():
		return tokenReply{problem: auth.Classify("Please run 'az login' to setup account.", nil).With(s.set.TenantID, s.set.Scope)}, true
	}
	g := s.sign(s.tenantID(cmp.Or(w.tenant, s.tenant())))
	t, had := g.tokens[w.scope]
	life := t.ExpiresOn.Sub(t.ObtainedAt)
	fresh, alive := t.Alive(now, min(comfortable, life/2)), t.Alive(now, min(lastResort, life/4))
	tried := !g.probedAt.IsZero() && (!g.probedAt.Before(w.since) || now.Sub(g.probedAt) < s.set.ProbeInterval)
	switch {
	case fresh:
		return tokenReply{token: t}, true
	case g.probing:
		return tokenReply{}, false
	case alive && (g.refusal != nil || s.renewal != nil || tried):
		return tokenReply{token: t}, true
	case s.renewal != nil:
		return tokenReply{}, false
	case g.refusal != nil:
		return tokenReply{problem: g.refusal}, true
	case tried && g.lacking[w.scope] != nil:
		return tokenReply{problem: g.lacking[w.scope]}, true
	case g.tries > 0 && now.Before(g.probeAt), had && !g.probedAt.Before(w.since), g.probedAt.After(w.since):
		return tokenReply{problem: notYet}, true
	}
	g.probeAt = earlier(g.probeAt, now)
	return tokenReply{}, false
}

// shownStatus is a container's status with what its log said, or with what it asked the endpoint for.
func (s *state) shownStatus(b *box, now time.Time) containers.Status {
	shown := *b
	if b.c.Delivery == "endpoint" {
		shown.status = EndpointStatus(b.c, s.served[b.c.ID], s.set.Endpoint, now)
	}
	st := s.withComplaint(b, b.withRestart(shown.shown(now), now), now)
	st.Away = s.lost[b.c.Engine] != nil
	return st
}

// EndpointStatus says how a container stands that takes its tokens from the identity endpoint, which is
// on or off.
func EndpointStatus(c containers.Container, last Served, on bool, now time.Time) containers.Status {
	st := containers.Status{Name: c.Name, ID: c.ID, Project: c.Project, Engine: c.Engine, Delivery: c.Delivery, State: containers.Missing, Running: c.Running}
	switch {
	case !on:
		st.State, st.Error = containers.Unreachable, "It is to ask the identity endpoint, which is off: set endpoint.enabled = true."
	case c.NoNetwork:
		st.State, st.Error = containers.Unreachable, "It has no network, so it can't reach the identity endpoint; say aztray.deliver=copy or aztray.deliver=mount."
	case last.ExpiresOn.After(now):
		st.State, st.DeliveredAt, st.ExpiresOn = containers.Fresh, last.At, last.ExpiresOn
	case last.ExpiresOn.IsZero():
		st.Error = "It has not asked the identity endpoint for a token yet; aztray endpoint env --container " + c.Name + " prints what it needs."
	default:
		st.Error = "It has not asked the identity endpoint for a token since its last one ended."
	}
	return st
}

// keptAsked is what of served is worth keeping at now.
func keptAsked(all map[string]Served, now time.Time) map[string]Served {
	kept := maps.Clone(all)
	maps.DeleteFunc(kept, func(_ string, v Served) bool { return now.Sub(v.ExpiresOn) > keptServed })
	return kept
}
