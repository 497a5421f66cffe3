package agent

import (
	"cmp"
	"context"
	"time"

	"aztray/internal/auth"
)

// Fix renews without a person where that is enough; in the tenant that is worst off if TenantID is empty. Where it is
// not enough, it opens the browser if it may: once for each refusal, for a script may ask for it again and again. It
// does nothing while a sign-in runs. How it ended is in Past.Last.
type Fix struct {
	TenantID string
	Browser  bool // it may open one
}

func (Fix) command() {}

// fix starts what Fix asks for; once az's files were read, for before that nobody knows who is signed in.
func (s *state) fix(c Fix, now time.Time) {
	if !s.filesKnown {
		s.fixLater = &c
		return
	}
	tenant := s.tenantID(cmp.Or(c.TenantID, worst(s.inUse(now)).Tenant.ID))
	row := s.row(tenant)
	browser := c.Browser && !s.opened[tenant] && s.files.Kind(row).Renewable()
	silent := s.signedIn() || !browser
	if s.renewal == nil && !silent {
		s.opened[tenant] = true
	}
	s.begin(signInJob{tenant: tenant, silent: silent, fix: silent, files: s.files, username: row.User.Name,
		lonely: !browser}, now)
}

// fixNow does what was asked for too early, now that az's files were read, or could not be.
func (s *state) fixNow(now time.Time) {
	c := s.fixLater
	if c == nil || !s.filesKnown && s.filesErr == nil {
		return
	}
	s.fixLater = nil
	if s.filesKnown {
		s.fix(*c, now)
		return
	}
	s.past.ended(Renewal{Way: "silent", Tenant: s.tenantByID(c.TenantID), Since: now}, s.filesErr, time.Time{}, now)
}

// alone tries without a person.
func (j signInJob) alone(ctx context.Context, w World) (auth.Token, error) {
	if j.fix {
		return w.Token(ctx, j.files, j.username, j.tenant, j.scope)
	}
	return w.UseTenant(ctx, j.tenant, j.scope, j.follow)
}

// Parts that settings turn off: what they lacked is then no matter.
const (
	PartEndpoint = "endpoint"
	PartSocket   = "engine socket"
)

// Lacks says that a part of the program is not there, and why: it is shown with what else is missing.
// A nil problem says that it is there again. It may be called from anywhere while Run runs.
func (a *Agent) Lacks(ctx context.Context, part string, p *auth.Problem) {
	a.send(ctx, partSaid{part, p})
}

// PageAt says where the status page is; a zero Page: nowhere. It may be called from anywhere while Run runs.
func (a *Agent) PageAt(ctx context.Context, p Page) { a.send(ctx, pageMoved{p}) }

type pageMoved struct{ page Page }

func (e pageMoved) apply(s *state, _ time.Time) { s.page = e.page }

type partSaid struct {
	part    string
	problem *auth.Problem
}

func (e partSaid) apply(s *state, _ time.Time) {
	if e.problem == nil {
		delete(s.lacking, e.part)
		return
	}
	s.lacking[e.part] = e.problem
}
