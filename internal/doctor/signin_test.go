package doctor

import (
	"testing"

	"aztray/internal/signin/cases"
)

// TestTheDoctorReadsASignInAsEverybodyDoes, as the agent's and the command line's test of that name do. It predicts
// nothing.
func TestTheDoctorReadsASignInAsEverybodyDoes(t *testing.T) {
	for _, c := range cases.All() {
		v := signInFacts{Files: c.Files, Known: c.Listed, Chosen: c.Chosen}.view(c.Settings)
		tenant := v.Tenant()
		if tenant != c.Want.Tenant || v.Row(tenant).ID != c.Want.Subscription || v.Scope() != c.Want.Scope {
			t.Errorf("%s: %s %s %s, want %+v", c.Name, tenant, v.Row(tenant).ID, v.Scope(), c.Want)
		}
	}
}
