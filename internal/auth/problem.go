package auth

import "fmt"

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
	AZBroken       Kind = "az-broken"
	Cancelled      Kind = "cancelled" // the person ended it
	TimedOut       Kind = "timed-out" // the browser never answered
	EngineMissing  Kind = "engine-missing"
	Unclassified   Kind = "unclassified" // offer one sign-in
)

// Problem is a failure that a person can act on. Callers switch on Kind, never on text.
type Problem struct {
	Code    string // Entra's, as AADSTS700082, or ours, as AZ_NOT_FOUND
	Kind    Kind   // what a caller does next
	Message string // one sentence of ours, no server text
	Advice  string // one step, a command where there is one
	Err     error  // the cause, redacted, for --verbose; Unwrap returns it
}

func (p *Problem) Error() string { return fmt.Sprintf("%s (%s)", p.Message, p.Code) }
func (p *Problem) Unwrap() error { return p.Err }

// SignInCures reports whether an interactive sign-in is the cure to offer.
func (p *Problem) SignInCures() bool {
	switch p.Kind {
	case SignInRequired, ClaimsRequired, Unclassified, TimedOut, Cancelled:
		return true
	}
	return false
}
