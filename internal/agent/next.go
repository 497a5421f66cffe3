package agent

import (
	"maps"
	"slices"
	"strings"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// plan is what is to be done now, and when to look again if nothing happens until then.
type plan struct {
	jobs  []job
	wake  time.Time
	alike alike
}

const (
	maxDeliveries  = 16 // at once, by one engine
	minRetry       = 2 * time.Second
	maxRetry       = 5 * time.Minute
	refusedRetry   = 30 * time.Minute // a refusal is cured by a sign-in, which is noticed; policies change seldom
	tenantsEvery   = 12 * time.Hour
	tenantsFresh   = time.Minute // a list that is younger is not asked for again when the menu opens
	rollEvery      = time.Hour
	azTreatsAsOver = 5 * time.Minute // what az and MSAL leave of a token
)

// next says what to do at now. It marks in the state what it starts, so that nothing is started
// twice.
func next(s *state, now time.Time) plan {
	p := plan{wake: now.Add(tick), alike: alike{}}
	p.read(s, now)
	p.signIn(s)
	if s.filesKnown && s.signedIn() {
		p.probe(s, now)
		p.listTenants(s, now)
		p.roll(s, now)
		p.askOpenAI(s, now)
	}
	p.patient(s, now)
	p.follow(s)
	p.prepare(s, now)
	p.deliver(s, now)
	p.question(s, now)
	for _, j := range s.leftovers {
		p.jobs = append(p.jobs, j)
	}
	s.leftovers = nil
	p.lookAround(s, now)
	p.answer(s)
	p.cure(s, now)
	p.restart(s)
	p.jobs = append(p.jobs, s.tries...)
	s.tries = nil
	p.turn(s, now)
	return p
}

// at makes the loop look again at t.
func (p *plan) at(t time.Time) {
	if t.Before(p.wake) {
		p.wake = t
	}
}

func (p *plan) read(s *state, now time.Time) {
	if !s.readAt.IsZero() {
		if now.Before(s.readAt) {
			p.at(s.readAt)
		} else {
			s.readAgain = true
		}
	}
	if s.readAgain && !s.reading {
		s.readAgain, s.reading, s.readAt = false, true, time.Time{}
		p.jobs = append(p.jobs, readJob{})
	}
}

func (p *plan) signIn(s *state) {
	if s.cancel {
		s.cancel = false
		p.jobs = append(p.jobs, cancelJob{})
	}
	if s.signIn != nil {
		p.jobs = append(p.jobs, *s.signIn)
		s.signIn = nil
	}
}

// probe tries the silent renewal of each tenant in use when its time has come; not while a person
// signs in, which changes everything.
func (p *plan) probe(s *state, now time.Time) {
	if s.renewal != nil {
		return
	}
	for tenant, scopes := range s.wanted() {
		g := s.sign(tenant)
		if g.probing {
			continue
		}
		if now.Before(g.probeAt) {
			p.at(g.probeAt)
			continue
		}
		g.probing, g.probeBegan = true, now
		p.jobs = append(p.jobs, probeJob{files: s.files, username: s.row(tenant).User.Name, tenant: tenant, scopes: scopes})
	}
}

func (p *plan) listTenants(s *state, now time.Time) {
	g, ok := s.signs[s.tenant()]
	if s.askingTenant || !ok || g.silent != auth.SilentWorks || now.Before(s.tenantsAt) {
		return
	}
	s.askingTenant, s.tenantsAt = true, now.Add(tenantsEvery)
	p.jobs = append(p.jobs, tenantsJob{s.files})
}

// roll has az renew once its own token has ended: az then stores a new refresh token, and no idle
// limit catches a person who only uses aztray.
func (p *plan) roll(s *state, now time.Time) {
	tenant := s.tenant()
	g, ok := s.signs[tenant]
	if s.files.Cache == nil || !ok || g.silent != auth.SilentWorks || s.renewal != nil || s.azProblem != nil || now.Sub(s.rolled) < rollEvery {
		return
	}
	account, ok := s.files.Cache.Account(s.row(tenant).User.Name)
	if !ok {
		return
	}
	if t, ok := s.files.Cache.Token(account.HomeAccountID, tenant, s.set.Scope); ok && t.Alive(now, azTreatsAsOver) {
		return
	}
	s.rolled = now
	p.jobs = append(p.jobs, rollJob{tenant: tenant, scope: s.set.Scope})
}

// askOpenAI asks the endpoint whether the token works there, once there is one.
func (p *plan) askOpenAI(s *state, now time.Time) {
	g, ok := s.signs[s.tenant()]
	if s.set.OpenAI.Endpoint == "" || s.askingOpenAI || !ok || s.renewal != nil {
		return
	}
	token := g.tokens[s.set.Scope]
	if !token.ExpiresOn.After(now) {
		return
	}
	if now.Before(s.openaiAt) {
		p.at(s.openaiAt)
		return
	}
	s.askingOpenAI = true
	p.jobs = append(p.jobs, openaiJob{s.set.OpenAI, token})
}

// follow reads the log of each covered container, and of no other.
func (p *plan) follow(s *state) {
	for id, b := range s.boxes {
		if s.set.Logs && !s.followed[id] {
			s.followed[id] = true
			p.jobs = append(p.jobs, followJob{b.c})
		}
	}
	for id := range s.followed {
		if s.boxes[id] == nil || !s.set.Logs {
			delete(s.followed, id)
			p.jobs = append(p.jobs, unfollowJob{id})
		}
	}
}

// deliver gives each container what it should hold, and takes it away after a sign-out.
func (p *plan) deliver(s *state, now time.Time) {
	busy := map[string]int{} // by engine: a slow one holds up no other
	for _, b := range s.boxes {
		if b.working {
			busy[b.c.Engine]++
		}
	}
	for _, b := range s.urgentFirst() {
		limit := maxDeliveries
		if b.awaited {
			limit *= 2 // slow ones do not hold up a start
		}
		b.due = !b.working && busy[b.c.Engine] >= limit && b.c.Delivery != "endpoint"
		if b.working || busy[b.c.Engine] >= limit || b.c.Delivery == "endpoint" { // which asks by itself
			continue
		}
		if s.lost[b.c.Engine] != nil { // when it is back, everything of its is looked at
			continue
		}
		if now.Before(b.retryAt) {
			p.at(b.retryAt)
			continue
		}
		if s.filesKnown && s.filesErr == nil && !s.signedIn() && b.holds != nil {
			b.working, b.sent = true, ""
			busy[b.c.Engine]++
			p.jobs = append(p.jobs, withdrawJob{b.c})
			continue
		}
		g := p.alike.of(s, b.c, now)
		if !g.is || g.mark == b.sent && !b.verify {
			continue
		}
		b.working, b.verify, b.holds = true, false, holds(b.c, g.bundle, now)
		busy[b.c.Engine]++
		p.jobs = append(p.jobs, deliverJob{c: b.c, bundle: g.bundle, mark: g.mark})
	}
	for _, b := range s.boxes { // after those, since nothing waits for it
		if b.working || !b.status.Unproved || busy[b.c.Engine] >= maxDeliveries || s.lost[b.c.Engine] != nil || now.Before(b.retryAt) {
			continue
		}
		b.working = true
		busy[b.c.Engine]++
		p.jobs = append(p.jobs, confirmJob{b.c, b.sent})
	}
}

// alike keeps what containers of the same tenant and scopes are to hold, while one plan is made: a new
// container is raced, and to make it anew for each of the others first would lose the race.
type alike map[string]given

type given struct {
	bundle auth.Bundle
	mark   string
	is     bool // there is something to give
}

func (a alike) of(s *state, c containers.Container, now time.Time) given {
	tenant, scopes := s.wants(c)
	key := tenant + " " + strings.Join(scopes, " ")
	g, known := a[key]
	if !known {
		if g.bundle, g.is = s.bundle(c, now); g.is {
			g.mark = fingerprint(g.bundle)
		}
		a[key] = g
	}
	return g
}

// urgentFirst are all containers, those whose start is held back before the others.
func (s *state) urgentFirst() []*box {
	all := slices.Collect(maps.Values(s.boxes))
	if len(s.starters) > 0 {
		slices.SortStableFunc(all, func(a, b *box) int {
			switch {
			case a.awaited && !b.awaited:
				return -1
			case b.awaited && !a.awaited:
				return 1
			}
			return 0
		})
	}
	return all
}

// withdrawn is the fingerprint of nothing, prepared.
const withdrawn = "withdrawn"

// prepare does the same for containers that are yet to be made.
func (p *plan) prepare(s *state, now time.Time) {
	if s.ahead.working || s.set.Held != nil || !s.filesKnown || s.filesErr != nil {
		return
	}
	if now.Before(s.ahead.retryAt) {
		p.at(s.ahead.retryAt)
		return
	}
	g := p.alike.of(s, containers.Container{}, now)
	mark := withdrawn
	if g.is {
		mark = g.mark
	} else if s.signedIn() {
		return
	}
	if mark == s.ahead.sent {
		return
	}
	s.ahead.working = true
	p.jobs = append(p.jobs, prepareJob{g.bundle, mark})
}

// turn wakes the loop when a level changes by itself.
func (p *plan) turn(s *state, now time.Time) {
	for tenant := range s.wanted() {
		f := s.facts(tenant, now)
		for _, t := range []time.Time{f.TokenExpires, f.SignInEnds, f.SignInEnds.Add(-s.set.Warn)} {
			if t.After(now) {
				p.at(t)
			}
		}
	}
}

const (
	lastToken = time.Minute                    // before a predicted end: the token that outlives the sign-in the longest
	proof     = 5*time.Minute + 10*time.Second // after it: was the prediction right? Clocks may differ by five minutes
)

// afterProbe says when to renew next: at half of what the token has left, so that a refusal is known
// while the token still serves for as long again; and around the predicted end of the sign-in.
func afterProbe(s *state, tenant string, ends, now time.Time) time.Time {
	half := ends.Sub(now) / 2
	half -= time.Duration(s.random() * 0.1 * float64(half))
	at, soonest := now.Add(half), now.Add(s.set.ProbeInterval)
	if end := s.predict(tenant).Ends; end.After(now) {
		if before := end.Add(-lastToken); before.After(soonest) {
			at = earlier(at, before)
		} else {
			at = earlier(at, end.Add(proof))
		}
	}
	if at.Before(soonest) {
		return soonest
	}
	return at
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// backOff is how long to wait after the nth failure in a row (n from 1), with jitter.
func backOff(s *state, n int) time.Duration {
	d := maxRetry
	if n < 9 {
		d = min(minRetry<<(n-1), maxRetry)
	}
	return d - time.Duration(s.random()*0.2*float64(d))
}
