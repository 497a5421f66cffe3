package agent

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
	"aztray/internal/watch"
)

// eventName is for the log, which gets no contents.
func eventName(e event) string { return strings.TrimPrefix(fmt.Sprintf("%T", e), "agent.") }

type filesChanged struct{}

func (filesChanged) apply(s *state, _ time.Time) { s.readAgain = true }

// woke: the machine slept.
type woke struct{}

func (woke) apply(s *state, now time.Time) { s.awake(now) }

type filesRead struct {
	files  auth.Files
	err    error
	az     *auth.Problem
	signIn time.Time // the moment of the last sign-in, where the files tell
}

func (e filesRead) apply(s *state, now time.Time) {
	s.reading, s.azProblem = false, e.az
	if e.err != nil {
		s.readTries++
		s.readAt = now.Add(backOff(s, s.readTries))
		if !errors.Is(e.err, auth.ErrTorn) {
			s.filesErr = &auth.Problem{Code: "AZ_FILES_UNREADABLE", Kind: auth.ConfigError, Err: e.err,
				Message: "az's own directory cannot be read.", Advice: "Make it yours again (ls -ld ~/.azure), or set AZURE_CONFIG_DIR."}
		}
		return
	}
	before, known := s.files, s.filesKnown
	s.files, s.filesKnown, s.filesErr, s.readTries = e.files, true, nil, 0
	s.set.Scope = e.files.Cloud.Scope(s.scopeSet)
	was, is := before.Profile.Current(), e.files.Profile.Current()
	if known && was.TenantID != is.TenantID {
		s.openaiAt = time.Time{}
		s.chosen = cmp.Or(s.chosenStill(is.TenantID), "")
	}
	ours := was.User.Name == "" && now.Sub(s.rolled).Abs() < ownWrites // the sign-in that we have just had
	if !known || was.User.Name != is.User.Name && !ours {
		s.forgetSigns(now)
	}
	s.noteSignOut(before, known, now)
	s.noteSignIn(e.signIn, now)
	s.takeDiskTokens()
	for _, g := range s.signs {
		if g.silent != auth.SilentWorks {
			g.probeAt, g.tries = now, 0 // perhaps somebody has just signed in
		}
	}
	if s.failure != nil && s.signedIn() && !slices.Equal(before.Profile.Subscriptions, e.files.Profile.Subscriptions) {
		s.failure = nil
	}
}

// ownWrites is how long after our own use of az its files tell nothing about a sign-in by hand.
const ownWrites = time.Minute

// noteSignIn takes in that the person signed in, by whatever way: it holds for every tenant that the
// account reaches.
func (s *state) noteSignIn(at, now time.Time) {
	if at.IsZero() || at.After(now) || now.Sub(s.rolled).Abs() < ownWrites {
		return
	}
	for tenant := range s.wanted() {
		if g := s.sign(tenant); at.After(g.signedInAt) {
			g.signedInAt = at
		}
	}
}

// chosenStill keeps the tenant picked here unless az was moved to another one by hand.
func (s *state) chosenStill(current string) string {
	if s.chosen == current || s.renewal != nil {
		return s.chosen
	}
	return ""
}

// forgetSigns starts anew: another person is signed in, or nobody is.
func (s *state) forgetSigns(now time.Time) {
	for tenant, g := range s.signs {
		delete(s.signs, tenant)
		fresh := s.sign(tenant)
		fresh.policy = g.policy // the organisation's, whoever signs in
		if s.signedIn() && !s.everRead {
			fresh.signedInAt = g.signedInAt // from the state file
		}
	}
	s.everRead = true
	s.tenantsAt = time.Time{}
}

type probed struct {
	tenant, username, first string
	tokens                  map[string]auth.Token
	errs                    map[string]error
	skew                    time.Duration
}

func (e probed) apply(s *state, now time.Time) {
	g := s.sign(e.tenant)
	g.probing, g.probedAt, s.skew = false, now, e.skew
	if s.row(e.tenant).User.Name != e.username {
		g.probeAt = now
		return
	}
	if g.again {
		g.again = false
		defer func() { g.probeAt = now }()
	}
	for scope, t := range e.tokens {
		g.tokens[scope] = t
	}
	g.lacking = map[string]*auth.Problem{}
	for scope, err := range e.errs {
		g.lacking[scope] = problemOf(err)
	}
	err, failed := e.errs[e.first]
	if !failed {
		g.policy = g.policy.Renewed(g.signedInAt, s.lastUse(e.tenant), now.Add(-e.skew))
		g.worked(s, e.tenant, now)
		s.past.renewed(e.tenant, "silent", nil, g.tokens[e.first].ExpiresOn, now)
		return
	}
	p := problemOf(err)
	s.past.renewed(e.tenant, "silent", p, time.Time{}, now)
	if g.refusal == nil && g.offlineSince.IsZero() {
		s.set.Log.Warn("no silent renewal", "tenant", e.tenant, "problem", p)
	}
	if p.Refuses() {
		g.silent, g.refusal, g.offlineSince, g.tries = auth.SilentRefused, p, time.Time{}, 0
		g.learn(p.Lesson, now)
		g.probeAt = now.Add(refusedRetry)
		return
	}
	g.tries++
	g.probeAt = now.Add(backOff(s, g.tries))
	if (p.Kind == auth.Offline || p.Kind == auth.Transient) && g.offlineSince.IsZero() {
		g.offlineSince = now
	}
}

// worked notes that a token was had without a person, or that one has just signed in.
func (g *sign) worked(s *state, tenant string, now time.Time) {
	g.silent, g.refusal, g.offlineSince, g.tries = auth.SilentWorks, nil, time.Time{}, 0
	g.probeAt = afterProbe(s, tenant, g.tokens[s.set.Scope].ExpiresOn, now)
}

// learn takes in what a refusal taught: how long sign-ins last here, and when this one began.
func (g *sign) learn(l auth.Lesson, now time.Time) {
	g.policy = g.policy.Learn(l, now)
	if !l.SignedInAt.IsZero() {
		g.signedInAt = l.SignedInAt
	}
}

// problemOf is the Problem that err is, or one around it.
func problemOf(err error) *auth.Problem {
	if p, ok := errors.AsType[*auth.Problem](err); ok {
		return p
	}
	return auth.Classify(err.Error(), err)
}

type asked struct{ c Command }

func (e asked) apply(s *state, now time.Time) {
	switch c := e.c.(type) {
	case Renew:
		s.begin(signInJob{tenant: cmp.Or(c.TenantID, worst(s.inUse(now)).Tenant.ID), env: activation(c.ActivationToken)}, now)
	case UseTenant:
		s.begin(signInJob{tenant: c.TenantID, use: true, silent: true}, now)
	case MenuOpened:
		if s.tenantsAt.Sub(now) < tenantsEvery-tenantsFresh {
			s.tenantsAt = now
		}
	case Fix:
		s.fix(c, now)
	case CancelSignIn:
		s.cancel = s.renewal != nil
	case Answer:
		s.answers = append(s.answers, c)
	case Restart:
		s.beginRestart(func(b *box) bool { return len(c.Names) == 0 || slices.Contains(c.Names, b.c.Name) }, now)
	case Sync:
		if len(c.Names) == 0 {
			s.ahead.sent, s.ahead.retryAt = "", time.Time{}
		}
		for _, b := range s.boxes {
			if len(c.Names) == 0 || slices.Contains(c.Names, b.c.Name) {
				b.verify, b.retryAt = true, time.Time{}
			}
		}
	}
}

func activation(token string) []string {
	if token == "" {
		return nil
	}
	return []string{"XDG_ACTIVATION_TOKEN=" + token, "DESKTOP_STARTUP_ID=" + token}
}

// begin starts a sign-in or a switch unless one is under way.
func (s *state) begin(j signInJob, now time.Time) {
	if s.renewal != nil {
		return
	}
	row := s.row(j.tenant)
	if kind := s.files.Kind(row); !j.silent && !kind.Renewable() {
		s.failure = kind.RenewProblem(row)
		s.past.ended(Renewal{"browser", s.tenantByID(j.tenant), now}, s.failure, time.Time{}, now)
		return
	}
	if g, ok := s.signs[j.tenant]; ok && g.refusal != nil {
		j.claims = g.refusal.Lesson.Claims
	}
	j.scope, j.timeout, j.follow = s.set.Scope, s.set.LoginTimeout, !s.set.Stay
	way := "browser"
	if j.silent {
		way = "silent"
	}
	s.renewal = &Renewal{Way: way, Tenant: s.tenantByID(j.tenant), Since: now}
	s.signIn, s.failure = &j, nil
}

// browserNeeded: the switch cannot be had without the person.
type browserNeeded struct{ j signInJob }

func (e browserNeeded) apply(s *state, now time.Time) {
	j := e.j
	j.silent = false
	s.signIn = &j
	if s.renewal != nil {
		s.renewal.Way = "browser"
	}
}

type signInEnded struct {
	j     signInJob
	token auth.Token
	err   error
}

func (e signInEnded) apply(s *state, now time.Time) {
	under := cmp.Or(s.renewal, &Renewal{Way: "browser", Tenant: s.tenantByID(e.j.tenant), Since: now})
	byPerson := under.Way == "browser"
	s.renewal, s.readAgain = nil, true
	if e.err != nil {
		s.failure = problemOf(e.err)
		s.past.ended(*under, s.failure, time.Time{}, now)
		s.set.Log.Warn("the sign-in failed", "problem", s.failure)
		for _, g := range s.signs {
			g.probeAt = now // az may have stored a sign-in before it failed
		}
		return
	}
	tenant := cmp.Or(e.token.TenantID, e.j.tenant)
	g := s.sign(tenant)
	g.tokens[e.j.scope] = e.token
	s.past.ended(*under, nil, e.token.ExpiresOn, now)
	if byPerson || !e.j.fix {
		s.rolled = now
	}
	if byPerson {
		for _, any := range s.signs {
			any.signedInAt = now.Add(-s.skew)
		}
	}
	g.worked(s, tenant, now)
	if e.j.scope != s.set.Scope {
		g.probeAt = now // the settings changed while the person signed in
	}
	if e.j.use {
		s.chosen = tenant
	}
	s.tenantsAt, s.openaiAt = time.Time{}, time.Time{}
	for id, other := range s.signs {
		if id != tenant {
			other.probeAt = now // one sign-in may cure other tenants too
		}
	}
}

type tenantsListed struct {
	tenants []auth.Tenant
	err     error
}

func (e tenantsListed) apply(s *state, now time.Time) {
	s.askingTenant = false
	if e.err != nil {
		s.tenantsAt = now.Add(maxRetry)
		return
	}
	s.tenants = e.tenants
}

// openaiAsked is what the endpoint said to a token of a tenant.
type openaiAsked struct {
	asked  openai.Settings
	tenant string
	result openai.Result
}

func (e openaiAsked) apply(s *state, now time.Time) {
	s.askingOpenAI = false
	if e.tenant != s.tenant() || e.asked != s.set.OpenAI {
		return // the tenant was switched meanwhile, or the settings changed: ask again
	}
	if e.result.Status == openai.Healthy {
		s.openaiFailures = 0
	} else {
		s.openaiFailures++
	}
	s.openaiAt = now.Add(openai.Next(e.result, s.openaiFailures, s.random()))
	p := e.result.Problem
	if e.result.Status == openai.Unknown && s.openai != nil && p != nil && (p.Kind == auth.Offline || p.Kind == auth.Transient) {
		return // what was known stays known
	}
	s.openai = &e.result
	if p != nil && p.Kind == auth.SignInRequired {
		s.sign(e.tenant).probeAt = now // a live token that is refused: perhaps the sign-in was revoked
	}
}

// rolled: az was had renew its own.
type rolled struct {
	tenant string
	err    error
}

func (e rolled) apply(s *state, now time.Time) {
	var p *auth.Problem
	if e.err != nil {
		p = problemOf(e.err)
	}
	s.past.renewed(e.tenant, "az", p, time.Time{}, now)
}

// settled is how long a container that has ended is left alone: often it is removed then, which fails where
// somebody writes into it. If it stays, it holds its credential when it is started again.
const settled = 2 * time.Second

// containerEvent is news from the engine.
type containerEvent struct{ e containers.Event }

func (e containerEvent) apply(s *state, now time.Time) {
	switch e.e.Kind {
	case containers.Passed:
		s.around.passed(now)
		return
	case containers.Listed:
		s.around.listed(now)
		delete(s.lost, e.e.Engine)
		s.resync(e.e.Engine, e.e.Containers)
	case containers.Lost:
		s.lost[e.e.Engine] = e.e.Problem
	case containers.Removed:
		delete(s.boxes, e.e.Container.ID)
	case containers.Stopped:
		if b, ok := s.boxes[e.e.Container.ID]; ok {
			b.c, b.status.Running, b.untouched = e.e.Container, false, false
			b.verify, b.retryAt = true, now.Add(settled)
		}
	default:
		s.box(e.e.Container)
		if e.e.Kind == containers.Started {
			s.boxes[e.e.Container.ID].started(now)
		}
	}
}

// logSaid is a failure that a container's log told of.
type logSaid struct{ f containers.Finding }

func (e logSaid) apply(s *state, now time.Time) {
	b, ok := s.boxes[e.f.ContainerID]
	if !ok {
		return
	}
	b.complain(e.f)
	s.set.Log.Info("a container's log tells of a failure", "container", e.f.Name, "cause", e.f.Cause, "code", e.f.Code)
	if e.f.Cause.Credential() {
		s.doubt(b, now)
	}
}

// healthSaid is what a watched service says of itself. Which container it is cannot be known from
// its URL, so that each is looked at.
type healthSaid struct{ r watch.Report }

func (e healthSaid) apply(s *state, now time.Time) {
	if !e.r.AuthFailing || !e.r.Detail.Credential() {
		return
	}
	s.set.Log.Info("a service says that its credential fails", "url", e.r.URL, "cause", e.r.Detail, "code", e.r.Code)
	for _, b := range s.boxes {
		s.doubt(b, now)
	}
}

// doubt has a container looked at and its tenant's renewal tried, as often as the settings allow: where
// the sign-in is good the container gets a new token, and where not the person is told.
func (s *state) doubt(b *box, now time.Time) {
	b.verify, b.retryAt = true, time.Time{}
	tenant, _ := s.wants(b.c)
	if g := s.sign(tenant); g.silent != auth.SilentRefused {
		soonest := g.probedAt.Add(s.set.ProbeInterval)
		if soonest.Before(now) {
			soonest = now
		}
		g.probeAt = earlier(g.probeAt, soonest)
	}
}

// released: what a container held was taken back, as far as there is still such a container.
type released struct {
	name   string
	status containers.Status
}

func (e released) apply(s *state, _ time.Time) {
	s.set.Log.Info("no longer covered", "container", e.name, "state", e.status.State, "why", e.status.Error)
}

// resync takes a full list of one engine's containers: what is not in it is gone, or no longer covered. What
// those hold is taken away; of one that is gone, the engine says so.
func (s *state) resync(engine string, all []containers.Container) {
	seen := map[string]bool{}
	for _, c := range all {
		s.box(c)
		seen[c.ID] = true
	}
	for id, b := range s.boxes {
		if !seen[id] && b.c.Engine == engine {
			delete(s.boxes, id)
			if b.sent != "" || b.status.State == containers.Fresh {
				s.leftovers = append(s.leftovers, b.c)
			}
		}
	}
}

// box takes note of a container, and has it looked at again: it was created, started or changed.
func (s *state) box(c containers.Container) {
	b, ok := s.boxes[c.ID]
	if ok && b.c.Engine != c.Engine {
		return // one engine that is listed by two addresses
	}
	if !ok {
		b = &box{status: containers.Status{Name: c.Name, ID: c.ID, Project: c.Project, Engine: c.Engine, Delivery: cmp.Or(c.Delivery, "copy"), State: containers.Missing}}
		s.boxes[c.ID] = b
	}
	if b.c.Delivery != c.Delivery && c.Delivery == "endpoint" && b.sent != "" {
		s.leftovers, b.sent = append(s.leftovers, b.c), "" // what was put there by another way
	}
	b.c, b.verify, b.retryAt = c, true, time.Time{}
	b.status.Running, b.status.Name = c.Running, c.Name
	b.untouched = b.untouched && !c.Running
}

type delivered struct {
	id, mark string
	status   containers.Status
	took     time.Duration
}

func (e delivered) apply(s *state, now time.Time) {
	b, ok := s.boxes[e.id]
	if !ok {
		return
	}
	if e.mark != "" {
		s.past.delivered(b.status, e.status, e.took, now)
	}
	b.working, b.status = false, e.status
	b.status.Running = b.c.Running
	b.sent, b.tries = e.mark, b.tries+1
	b.untouched = e.status.State == containers.Fresh && !b.c.Running
	if e.status.State == containers.Failed {
		b.sent = ""
		b.retryAt = now.Add(backOff(s, b.tries))
		return
	}
	b.tries = 0
}

type prepared struct {
	mark string
	err  error
}

func (e prepared) apply(s *state, now time.Time) {
	a := &s.ahead
	a.working, a.sent, a.tries = false, e.mark, a.tries+1
	if e.err != nil {
		a.sent, a.retryAt = "", now.Add(backOff(s, a.tries))
		return
	}
	a.tries = 0
}
