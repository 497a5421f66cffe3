// Package signin is the one reading of a sign-in: from az's files, what was learnt, the settings and the moment it
// tells the tenant, the account's row, the scope in az's cloud, the verdict, the prediction, and what a container is to
// be given. It is pure: it reads no file, asks nobody and keeps nothing. The agent, the command line and the doctor all
// go by it, and none has such a rule of its own. It knows nothing of engines, menus or HTTP.
package signin

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"aztray/internal/auth"
)

// Settings are the person's settings that a sign-in is read by.
type Settings struct {
	TenantID       string // id, domain or name; "" means az's own
	SubscriptionID string // of that tenant; "" means az's own
	Scope          string // as set; View.Scope is the one of az's cloud
	Scopes         []string
	SignInLifetime time.Duration // 0 means not set
	Warn           time.Duration // before the end of a sign-in
}

// Learnt is what was found out about the sign-in in one tenant. Times are UTC.
type Learnt struct {
	Silent     auth.SilentState
	Refusal    *auth.Problem            // why the last renewal was refused; nil: it was not
	Tokens     map[string]auth.Token    // by scope
	Lacking    map[string]*auth.Problem // by scope: why there is no token for it
	SignedInAt time.Time                // by Entra's clock; zero is not known
	Policy     auth.Policy
	Offline    bool // the last renewal reached nobody
}

// Noting is l with the moment of a sign-in that az's files tell of; one that is to come is no moment.
func (l Learnt) Noting(at, now time.Time) Learnt {
	if at.After(l.SignedInAt) && !at.After(now) {
		l.SignedInAt = at
	}
	return l
}

// View is all that the sign-in is read from.
type View struct {
	Files    auth.Files
	Read     bool // Files were read
	Settings Settings
	Chosen   string                      // the tenant that the person picked in this run; "" is none
	Listed   []auth.Tenant               // as Resource Manager lists them
	Learnt   func(string) (Learnt, bool) // of a tenant's id
	Skew     time.Duration               // our clock minus Entra's
	Held     func(string) time.Time      // the end of what containers hold of a tenant, the first to end; nil: not known
}

// Container is what View must know of a thing that is given a credential.
type Container interface {
	// Wants is the tenant, by id, and the scopes it is to have, of the tenant in use and the usual scopes. id gives the
	// id of a tenant that is named in another way.
	Wants(tenant string, usual []string, id func(tenant string) string) (string, []string)
	WantsRefresh() bool
}

// Tenant is the id of the tenant in use: picked, else set, else az's current one; "" when nobody is signed in and
// none is named.
func (v View) Tenant() string {
	return v.TenantID(cmp.Or(v.Chosen, v.Settings.TenantID, v.Files.Profile.Current().TenantID))
}

// TenantID is the id of a tenant that is named by id, domain or name, in whatever letter case; one that is not known
// is taken for an id.
func (v View) TenantID(want string) string { return v.TenantNamed(want).ID }

// TenantNamed is the tenant that is named by id, domain or name, in whatever letter case; an id comes before a name
// that is spelled like it. One that is not known has the id alone.
func (v View) TenantNamed(want string) auth.Tenant {
	if want == "" {
		return auth.Tenant{}
	}
	known := v.Tenants()
	for _, field := range []func(auth.Tenant) string{
		func(t auth.Tenant) string { return t.ID }, func(t auth.Tenant) string { return t.Domain }, func(t auth.Tenant) string { return t.Name },
	} {
		if i := slices.IndexFunc(known, func(t auth.Tenant) bool { return strings.EqualFold(field(t), want) }); i >= 0 {
			return known[i]
		}
	}
	return auth.Tenant{ID: want}
}

// Tenants are those of az's profile with the names that Resource Manager gives, and its others after them.
func (v View) Tenants() []auth.Tenant {
	known := v.Files.Profile.Tenants()
	for _, t := range v.Listed {
		i := slices.IndexFunc(known, func(k auth.Tenant) bool { return strings.EqualFold(k.ID, t.ID) })
		if i < 0 {
			known = append(known, t)
			continue
		}
		known[i].Name, known[i].Domain = cmp.Or(known[i].Name, t.Name), cmp.Or(known[i].Domain, t.Domain)
	}
	return known
}

// SignedIn reports whether az has an account.
func (v View) SignedIn() bool { return len(v.Files.Profile.Subscriptions) > 0 }

// Row is the profile's row for a tenant: the subscription that is set, else az's own there, else az's current one, for
// an account may reach tenants in which it has no subscription.
func (v View) Row(tenant string) auth.ProfileSubscription {
	for _, r := range v.Files.Profile.Subscriptions {
		if v.Settings.SubscriptionID != "" && strings.EqualFold(r.ID, v.Settings.SubscriptionID) && strings.EqualFold(r.TenantID, tenant) {
			return r
		}
	}
	if r, ok := v.Files.Profile.InTenant(tenant); ok {
		return r
	}
	return v.Files.Profile.Current()
}

// Scope is the scope that is judged, as it is called in az's cloud.
func (v View) Scope() string {
	if !v.Read {
		return v.Settings.Scope
	}
	return v.Files.Cloud.Scope(v.Settings.Scope)
}

// Usual are the scopes that every container is given, in every spelling, the judged one first.
func (v View) Usual() []string { return auth.WithSpellings(v.named()) }

// named are the scopes that the settings name.
func (v View) named() []string { return append([]string{v.Scope()}, v.Settings.Scopes...) }

// Wants is the tenant and the scopes of a container, in every spelling.
func (v View) Wants(c Container) (tenant string, scopes []string) {
	tenant, scopes = c.Wants(v.Tenant(), v.named(), v.TenantID)
	return tenant, auth.WithSpellings(scopes)
}

// Bundle is what a container is to hold: a token for each of its scopes that there is one for, so that one that is
// refused does not keep the others away. It is false while there is no live token at all.
func (v View) Bundle(c Container, now time.Time) (auth.Bundle, bool) {
	tenant, scopes := v.Wants(c)
	l, ok := v.learnt(tenant)
	if !ok || !v.SignedIn() {
		return auth.Bundle{}, false
	}
	var tokens []auth.Token
	for _, scope := range scopes {
		if t, ok := l.Tokens[scope]; ok && t.ExpiresOn.After(now) {
			tokens = append(tokens, t)
		}
	}
	b := v.Files.Bundle(v.Row(tenant), tenant, tokens)
	b.TenantDomain = cmp.Or(b.TenantDomain, v.TenantNamed(tenant).Domain)
	if c.WantsRefresh() {
		b = v.Files.WithRefresh(b)
	}
	return b, len(tokens) > 0
}

// Lacking is the first of the scopes named for a container that it gets no token for, and why; "" where it gets all,
// or nobody has said why not. Another spelling that is refused here is refused to az on the host as well.
func (v View) Lacking(c Container, now time.Time) (scope string, why *auth.Problem) {
	tenant, scopes := c.Wants(v.Tenant(), v.named(), v.TenantID)
	l, _ := v.learnt(tenant)
	for _, scope := range scopes {
		if p := l.Lacking[scope]; p != nil && !l.Tokens[scope].ExpiresOn.After(now) {
			return scope, p
		}
	}
	return "", nil
}

// LackingWords is that a container gets no token for one of its scopes, in a sentence.
func LackingWords(scope string, why *auth.Problem) string {
	return "No token for " + scope + ": " + why.Message
}

// Facts is what Judge goes by, for one tenant.
func (v View) Facts(tenant string, now time.Time) auth.Facts {
	f := auth.Facts{Known: v.Read, SignedIn: v.SignedIn()}
	l, ok := v.learnt(tenant)
	if !ok {
		return f
	}
	f.TokenExpires = l.Tokens[v.Scope()].ExpiresOn
	if v.Held != nil && !f.TokenExpires.After(now) {
		if held := v.Held(tenant); held.After(now) {
			f.TokenExpires = held // no token is at hand, and theirs serves them
		}
	}
	f.Silent, f.Refusal = l.Silent, l.Refusal
	if l.Offline && !f.TokenExpires.After(now) && f.Silent == auth.SilentWorks {
		f.Silent = auth.SilentUntried // nothing lives and nothing can be tried: that is not knowing
	}
	p := v.Predict(tenant)
	f.SignInEnds, f.SignInEndsFrom = p.Ends, p.Source
	return f
}

// Verdict is how the sign-in in a tenant stands at now.
func (v View) Verdict(tenant string, now time.Time) auth.Verdict {
	return auth.Judge(v.Facts(tenant, now), now, v.Settings.Warn)
}

// Predict says when the sign-in in a tenant will end, by our clock, and from what that is known.
func (v View) Predict(tenant string) auth.Prediction {
	l, ok := v.learnt(tenant)
	if !ok {
		return auth.Prediction{Source: auth.DeadlineNone}
	}
	policy := l.Policy
	policy.Configured = v.Settings.SignInLifetime
	p := policy.SignInEnds(l.SignedInAt, v.LastUse(tenant))
	if !p.Ends.IsZero() {
		p.Ends = p.Ends.Add(v.Skew) // Entra ends it by its own clock, and a person reads ours
	}
	return p
}

// LastUse is when az last used its refresh token; zero where its cache does not say.
func (v View) LastUse(tenant string) time.Time {
	if v.Files.Cache == nil {
		return time.Time{}
	}
	account, ok := v.Files.Cache.Account(v.Row(tenant).User.Name)
	if !ok {
		return time.Time{}
	}
	return v.Files.Cache.Used(account.HomeAccountID)
}

// NotSignedIn is the problem while az has no account; nil while it has one.
func (v View) NotSignedIn(tenant string) *auth.Problem {
	if v.SignedIn() {
		return nil
	}
	return auth.Classify("Please run 'az login' to setup account.", nil).With(tenant, v.Scope())
}

func (v View) learnt(tenant string) (Learnt, bool) {
	if v.Learnt == nil {
		return Learnt{}, false
	}
	return v.Learnt(tenant)
}
