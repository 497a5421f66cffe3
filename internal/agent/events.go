package agent

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aztray/internal/auth"
	"aztray/internal/openai"
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
	stamp  string    // of the files
}

func (e filesRead) apply(s *state, now time.Time) {
	s.reading, s.azProblem, s.stamp = false, e.az, e.stamp
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
	s.set.Scope = s.view().Scope()
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
		s.sign(tenant)
		l, _ := s.learnt(tenant)
		s.sign(tenant).signedInAt = l.Noting(at, now).SignedInAt
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
	delete(s.opened, tenant)
	delete(s.opened, "")
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
		s.begin(signInJob{tenant: s.tenantID(cmp.Or(c.TenantID, worst(s.inUse(now)).Tenant.ID)), env: activation(c.ActivationToken),
			deviceCode: c.DeviceCode, progress: c.Progress.line()}, now)
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
		s.beginRestart(func(b *box) bool { return named(b.c, c.Names) }, c, now)
	case filesAre:
		s.readAgain = s.readAgain || c.stamp != s.stamp
	case Verify:
		s.beginVerify(c, now)
	case ListTenants:
		s.beginListTenants(c)
	case Sync:
		s.readAgain = true // az's files may have changed this moment
		for _, g := range s.signs {
			if g.silent != auth.SilentWorks {
				g.probeAt, g.tries = now, 0
			}
		}
		if len(c.Names) == 0 {
			s.ahead.sent, s.ahead.retryAt = "", time.Time{}
		}
		for _, b := range s.boxes {
			if named(b.c, c.Names) {
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
	if j.deviceCode {
		way = "device-code"
	}
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
	if j.fix {
		s.opened[j.tenant] = true
	}
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
	byPerson := under.Way != "silent"
	s.renewal, s.readAgain = nil, true
	if e.err != nil {
		failure := problemOf(e.err)
		if byPerson || !e.j.fix { // what nobody at the desktop asked for is no news there
			s.failure = failure
		}
		s.past.ended(*under, failure, time.Time{}, now)
		s.set.Log.Warn("the sign-in failed", "problem", failure)
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
