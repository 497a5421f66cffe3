package auth

import (
	"cmp"
	"fmt"
	"log/slog"
	"strings"
)

// Kind says what a caller does next about a Problem.
type Kind string

const (
	SignInRequired Kind = "sign-in-required" // an interactive sign-in cures it
	ClaimsRequired Kind = "claims-required"  // an interactive sign-in with the tenant and scope (MFA, claims) cures it
	WrongTenant    Kind = "wrong-tenant"     // another tenant, or a membership that is missing
	PolicyBlocked  Kind = "policy-blocked"   // device or conditional access: signing in again does not help
	PasswordFirst  Kind = "password-first"   // the password must be changed before anything else
	AccountBlocked Kind = "account-blocked"  // an administrator must unlock the account
	ConsentNeeded  Kind = "consent-needed"
	ConfigError    Kind = "config-error" // a wrong scope, tenant, secret: settings must change
	Transient      Kind = "transient"    // back off, ask nobody
	Offline        Kind = "offline"      // the network; what was known stays known
	AZMissing      Kind = "az-missing"
	AZBroken       Kind = "az-broken" // az, or its directory, must be repaired
	Cancelled      Kind = "cancelled" // the person ended it
	TimedOut       Kind = "timed-out" // the browser never answered
	EngineMissing  Kind = "engine-missing"
	Unclassified   Kind = "unclassified" // offer one sign-in
)

// Problem is a failure that a person can act on. Callers switch on Kind, never on text.
type Problem struct {
	Code    string `json:"code"`    // Entra's, as AADSTS700082, or ours, as AZ_NOT_FOUND
	Kind    Kind   `json:"kind"`    // what a caller does next
	Message string `json:"message"` // one sentence of ours, no server text
	Advice  string `json:"advice"`  // one step, a command where there is one
	Lesson  Lesson `json:"-"`       // what the text taught; zero where it taught nothing
	Err     error  `json:"-"`       // the cause, redacted, for --verbose; Unwrap returns it

	template string // Advice before its placeholders were filled; "" means Advice has none
	app      string // the service principal that it is of; "" where it is of a person
}

func (p *Problem) Error() string { return fmt.Sprintf("%s (%s)", p.Message, p.Code) }
func (p *Problem) Unwrap() error { return p.Err }

// LogValue gives a log the parts, the redacted cause among them.
func (p *Problem) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("code", p.Code), slog.String("kind", string(p.Kind)), slog.String("message", p.Message)}
	if p.Err != nil {
		attrs = append(attrs, slog.String("cause", redact(p.Err.Error())))
	}
	return slog.GroupValue(attrs...)
}

// SignInCures reports whether an interactive sign-in is the cure to offer.
func (p *Problem) SignInCures() bool {
	switch p.Kind {
	case SignInRequired, ClaimsRequired, Unclassified, TimedOut, Cancelled:
		return true
	}
	return false
}

// Refuses reports whether the sign-in itself was refused. Where it is false (no network, a busy
// Entra, an az that does not run, a person who ended it), nothing was learnt about the sign-in and
// what was known stays known.
func (p *Problem) Refuses() bool {
	switch p.Kind {
	case SignInRequired, ClaimsRequired, WrongTenant, PolicyBlocked, PasswordFirst, AccountBlocked, ConsentNeeded, Unclassified:
		return true
	case ConfigError:
		return strings.HasPrefix(p.Code, "AADSTS") || p.Code == "AZ_PRINCIPAL_NOT_CACHED" || p.Code == "MANAGED_IDENTITY_REFUSED"
	}
	return false
}

// With returns a copy whose advice names the tenant and the scope; an empty one is left out.
func (p *Problem) With(tenant, scope string) *Problem {
	c := *p
	if p.template != "" {
		c.Advice = fill(p.template, p.Code, tenant, scope, p.Lesson.Claims, p.app)
	}
	return &c
}

// forApp is With for a service principal, whose id is app.
func (p *Problem) forApp(app, tenant, scope string) *Problem {
	c := *p
	c.app = app
	return c.With(tenant, scope)
}

// fill puts the commands of an advice in place: {renew} is ours, {login} is az's own with all that
// the sign-in must satisfy, {code} and {number} are Entra's, {app} is the service principal's id.
func fill(template, code, tenant, scope, claims, app string) string {
	renew := "aztray service auth-renew" + option("--tenant", tenant)
	login := "az login" + option("--tenant", tenant) + option("--scope", scope) + option("--claims-challenge", claims)
	return strings.NewReplacer("{renew}", renew, "{login}", login,
		"{app}", cmp.Or(app, "APP"), "{tenant}", cmp.Or(tenant, "TENANT"),
		"{code}", code, "{number}", strings.TrimPrefix(code, "AADSTS")).Replace(template)
}

// option is one option of a command that a person may paste into a shell.
func option(name, value string) string {
	if value == "" {
		return ""
	}
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=+@,", r)
	}
	if strings.IndexFunc(value, func(r rune) bool { return !plain(r) }) >= 0 {
		value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
	}
	return " " + name + " " + value
}
