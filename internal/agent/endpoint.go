package agent

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/signin"
)

const (
	maxWaiters   = 512             // that wait for a token at once
	comfortable  = 6 * time.Minute // what a token should have left: SDKs renew one with less than five
	patience     = 2 * time.Second // how long a renewal may run before what still lives is given in its place
	lastResort   = 2 * time.Second // what a token must have left to be given at all: it is to reach the service
	refusedEvery = time.Minute     // between two renewals of a tenant for a token that a service refused
	keptServed   = 24 * time.Hour  // after its token's end: how long it is known that a container asked
)

// Served is what a container was last given by the identity endpoint.
type Served struct {
	At        time.Time `json:"at"`
	ExpiresOn time.Time `json:"expires_on"`
}

// Question is what is asked for.
type Question struct {
	Tenant  string // "": the one in use
	Scope   string
	Refused string // SHA-256, in hexadecimal digits, of a token that a service refused; "": none was
}

// Token gives a token. One that lasts is given at once, else a silent renewal is awaited until ctx ends,
// which should have a deadline. What still lives is given while the person is needed, and when a renewal
// takes longer than a moment. A token that a service refused is not given again: a newer one is obtained.
// Errors are *auth.Problem, or ctx's.
func (a *Agent) Token(ctx context.Context, q Question) (auth.Token, error) {
	w := waiter{Question: q, ctx: ctx, reply: make(chan tokenReply, 1)}
	w.until, _ = ctx.Deadline()
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
	Question
	ctx   context.Context
	since time.Time
	until time.Time // it waits no longer; zero: it has no deadline
	reply chan tokenReply
}

// refuses reports whether t is the token that w's service refused.
func (w waiter) refuses(t auth.Token) bool {
	if w.Refused == "" || t.ExpiresOn.IsZero() {
		return false
	}
	sum := sha256.Sum256([]byte(t.Secret.Reveal()))
	return strings.EqualFold(w.Refused, hex.EncodeToString(sum[:]))
}

type tokenReply struct {
	token   auth.Token
	problem *auth.Problem // nil: token is there
}

type tokenAsked struct{ w waiter }

func (e tokenAsked) apply(s *state, now time.Time) {
	e.w.since = now
	if len(s.waiters) < maxWaiters {
		s.waiters = append(s.waiters, e.w)
	} else if r, known := s.reply(e.w, now); known {
		e.w.reply <- r
	} else {
		e.w.reply <- tokenReply{problem: notYet}
	}
}

type served struct {
	id      string
	expires time.Time
}

func (e served) apply(s *state, now time.Time) { s.served[e.id] = Served{now, e.expires} }

var (
	notYet = &auth.Problem{Code: "TOKEN_NOT_YET", Kind: auth.Transient,
		Message: "There is no fresh token at the moment; it is tried again by itself.", Advice: "See aztray service status if it stays."}
	notNewer = &auth.Problem{Code: "TOKEN_NOT_NEWER", Kind: auth.Transient,
		Message: "The service refused this token, and there is no newer one at the moment.", Advice: "Sign in again if it stays: aztray service auth-renew"}
)

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
	g := s.sign(s.tenantID(cmp.Or(w.Tenant, s.tenant())))
	t, had := g.tokens[w.Scope]
	if w.refuses(t) {
		return s.replyNewer(w, g, now)
	}
	life := t.ExpiresOn.Sub(t.ObtainedAt)
	fresh, alive := t.Alive(now, min(comfortable, life/2)), t.Alive(now, min(lastResort, life/4))
	tried := !g.probedAt.IsZero() && (!g.probedAt.Before(w.since) || now.Sub(g.probedAt) < s.set.ProbeInterval)
	switch {
	case fresh:
		return tokenReply{token: t}, true
	case g.probing && !(alive && now.Sub(g.probeBegan) >= patience):
		return tokenReply{}, false
	case alive && (g.probing || g.refusal != nil || s.renewal != nil || tried):
		return tokenReply{token: t}, true
	case s.renewal != nil:
		return tokenReply{}, false
	case g.refusal != nil:
		return tokenReply{problem: g.refusal}, true
	case g.triesAgain(w.Scope, w.until): // a network that has just come up has no names for some seconds
		return tokenReply{}, false
	case tried && g.lacking[w.Scope] != nil:
		return tokenReply{problem: g.lacking[w.Scope]}, true
	case g.tries > 0 && now.Before(g.probeAt), had && !g.probedAt.Before(w.since), g.probedAt.After(w.since):
		return tokenReply{problem: notYet}, true
	}
	g.probeAt = earlier(g.probeAt, now)
	return tokenReply{}, false
}

// triesAgain reports whether what failed for want of a network, or because Microsoft was busy, is tried again
// before until.
func (g *sign) triesAgain(scope string, until time.Time) bool {
	p := g.lacking[scope]
	passing := p == nil || p.Kind == auth.Offline || p.Kind == auth.Transient
	return g.tries > 0 && passing && g.probeAt.Before(until)
}

// replyNewer is reply to one whose service refused the token that there is. It has it renewed, but not as
// often as one container likes: each renewal is a delivery to all.
func (s *state) replyNewer(w waiter, g *sign, now time.Time) (tokenReply, bool) {
	switch {
	case g.probing, s.renewal != nil:
		return tokenReply{}, false
	case g.refusal != nil:
		return tokenReply{problem: g.refusal}, true
	case g.probedAt.After(w.since), now.Sub(g.refusedAt) < refusedEvery:
		return tokenReply{problem: cmp.Or(g.lacking[w.Scope], notNewer)}, true
	}
	g.refusedAt, g.probeAt = now, earlier(g.probeAt, now)
	return tokenReply{}, false
}

// patient makes the loop look again when the patience of those who wait for a renewal has ended.
func (p *plan) patient(s *state, now time.Time) {
	for _, w := range s.waiters {
		if end := s.sign(s.tenantID(cmp.Or(w.Tenant, s.tenant()))).probeBegan.Add(patience); end.After(now) {
			p.at(end)
		}
	}
}

// shownStatus is a container's status with what its log said, or with what it asked the endpoint for.
func (s *state) shownStatus(b *box, now time.Time) containers.Status {
	shown := *b
	if b.c.Delivery == "endpoint" {
		shown.status = AskedFirst(EndpointStatus(b.c, s.served[b.c.ID], s.set.Endpoint, now), b.status)
	}
	st := s.withComplaint(b, b.withRestart(shown.shown(now), now), now)
	if scope, why := s.view().Lacking(b.c, now); why != nil && st.Error == "" {
		st.Error = signin.LackingWords(scope, why)
	}
	st.Away = s.lost[b.c.Engine] != nil
	return s.choice().Grant(b.c).Shown(st)
}

// EndpointStatus says how a container stands that takes its tokens from the identity endpoint, which is
// on or off.
func EndpointStatus(c containers.Container, last Served, on bool, now time.Time) containers.Status {
	st := containers.Status{Name: c.Name, ID: c.ID, Project: c.Project, Engine: c.Engine, Delivery: c.Delivery, State: containers.Missing, Running: c.Running, Service: c.Service}
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

// AskedFirst is st, of a container that takes its tokens from the identity endpoint, with the question that stands
// in its way, as Question of the engines gives it.
func AskedFirst(st, question containers.Status) containers.Status {
	if question.Consent.Question == containers.AskEngine && st.State != containers.Unreachable {
		st.State, st.Error, st.Consent = containers.Missing, question.Error, question.Consent
		st.DeliveredAt, st.ExpiresOn = time.Time{}, time.Time{}
	}
	return st
}

// question finds out about each container that takes its tokens from the endpoint whether the person must be asked
// about it, when it came or something about it changed.
func (p *plan) question(s *state, now time.Time) {
	for _, b := range s.boxes {
		if b.c.Delivery != "endpoint" || !b.verify || b.working || s.lost[b.c.Engine] != nil {
			continue
		}
		if now.Before(b.retryAt) {
			p.at(b.retryAt)
			continue
		}
		b.working, b.verify = true, false
		p.jobs = append(p.jobs, questionJob{b.c})
	}
}

type questionJob struct{ c containers.Container }

func (j questionJob) run(ctx context.Context, w World) event { return questioned{w.Question(ctx, j.c)} }

type questioned struct{ status containers.Status }

func (e questioned) apply(s *state, now time.Time) {
	b, ok := s.boxes[e.status.ID]
	if !ok {
		return
	}
	b.working = false
	if e.status.State == containers.Failed {
		b.tries++
		b.verify, b.retryAt = true, now.Add(backOff(s, b.tries))
		return
	}
	b.tries, b.status.Consent, b.status.Error = 0, e.status.Consent, e.status.Error
}

// keptAsked is what of served is worth keeping at now.
func keptAsked(all map[string]Served, now time.Time) map[string]Served {
	kept := maps.Clone(all)
	maps.DeleteFunc(kept, func(_ string, v Served) bool { return now.Sub(v.ExpiresOn) > keptServed })
	return kept
}
