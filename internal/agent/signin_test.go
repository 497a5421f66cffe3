package agent

import (
	"testing"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/signin"
	"aztray/internal/signin/cases"
)

// TestTheAgentReadsASignInAsEverybodyDoes, as the command line's and the doctor's test of that name do.
func TestTheAgentReadsASignInAsEverybodyDoes(t *testing.T) {
	for _, c := range cases.All() {
		set := signin.SettingsOf(c.Settings)
		s := newState(withDefaults(Settings{TenantID: set.TenantID, SubscriptionID: set.SubscriptionID, Scope: set.Scope, Scopes: set.Scopes,
			SignInLifetime: set.SignInLifetime, Warn: set.Warn, Stay: !c.Settings.Azure.Follow}), func() float64 { return 0 })
		s.tenants, s.chosen, s.skew = c.Listed, c.Chosen, c.Skew
		filesRead{files: c.Files}.apply(s, cases.Now)
		g := s.sign(c.Want.Tenant)
		g.signedInAt, g.policy, g.silent = c.SignedInAt, c.Policy, auth.SilentWorks
		g.tokens[c.Want.Scope] = auth.Token{Scope: c.Want.Scope, TenantID: c.Want.Tenant, ExpiresOn: c.Token}
		if g.refusal = c.Refusal; c.Refusal != nil {
			g.silent = auth.SilentRefused
		}
		g.lacking[cases.Extra] = &auth.Problem{Code: "AADSTS65001", Kind: auth.ConsentNeeded}
		snap := s.snapshot(cases.Now)
		got := cases.Want{Tenant: snap.Tenant.ID, Subscription: snap.Subscription.ID, Scope: snap.Scope, Level: snap.Level, Deadline: snap.Deadline}
		if got != c.Want {
			t.Errorf("%s:\n%+v, want\n%+v", c.Name, got, c.Want)
		}
		if b, ok := s.bundle(containers.Container{}, cases.Now); ok != c.Token.After(cases.Now) || ok && (len(b.Tokens) != 1 || b.TenantID != c.Want.Tenant) {
			t.Errorf("%s: a container gets %d tokens of %s", c.Name, len(b.Tokens), b.TenantID)
		}
	}
}
