package cli

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/signin/cases"
)

// TestTheCommandLineReadsASignInAsEverybodyDoes, as the agent's and the doctor's test of that name do.
func TestTheCommandLineReadsASignInAsEverybodyDoes(t *testing.T) {
	for _, k := range cases.All() {
		dir := t.TempDir()
		known, err := json.Marshal(agent.Memory{Tenants: k.Listed, Chosen: k.Chosen, Skew: k.Skew,
			Signs: map[string]agent.History{k.Want.Tenant: {SignedInAt: k.SignedInAt, Policy: k.Policy}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(stateFile(dir), known, 0o600); err != nil {
			t.Fatal(err)
		}
		c := &command{Env: Env{Out: io.Discard, Err: io.Discard, Now: func() time.Time { return cases.Now }}, settings: k.Settings}
		c.client = auth.Client{Dir: auth.Dir(dir), StateDir: dir}
		v := c.reading(k.Files)
		s := signIn{files: k.Files, tenant: v.TenantNamed(v.Tenant()), scope: v.Scope(), problem: k.Refusal, silent: auth.SilentWorks}
		s.row = v.Row(s.tenant.ID)
		s.token = auth.Token{Scope: s.scope, TenantID: s.tenant.ID, ExpiresOn: k.Token}
		if k.Refusal != nil {
			s.silent = auth.SilentRefused
		}
		r := c.report(t.Context(), s, found{}, nil).Report
		got := cases.Want{Tenant: r.Tenant.ID, Subscription: r.Subscription.ID, Scope: r.Scope, Level: r.Level}
		if r.Deadline != nil {
			got.Deadline = *r.Deadline
		}
		if got != k.Want {
			t.Errorf("%s:\n%+v, want\n%+v", k.Name, got, k.Want)
		}
		w := c.view(s, nil)
		get := func(_, scope string) (auth.Token, error) {
			if scope != w.Scope() { // neither an extra one nor another spelling
				return auth.Token{}, errors.New("AADSTS65001: The user or administrator has not consented")
			}
			return s.token, nil
		}
		w.Learnt = obtained(get, s.tenant.ID, w.Usual())
		if b, ok := w.Bundle(containers.Container{}, cases.Now); ok != k.Token.After(cases.Now) || ok && (len(b.Tokens) != 1 || b.TenantID != k.Want.Tenant) {
			t.Errorf("%s: a container gets %d tokens of %s", k.Name, len(b.Tokens), b.TenantID)
		}
	}
}
