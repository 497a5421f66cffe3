package cli

import (
	"strings"
	"testing"

	"aztray/internal/auth"
)

func TestMatchTenant(t *testing.T) {
	contoso := auth.Tenant{ID: "c0000000-aaaa-4aaa-8aaa-000000000001", Name: "Contoso", Domain: "contoso.example"}
	fabrikam := auth.Tenant{ID: "fab00000-bbbb-4bbb-8bbb-000000000002", Name: "Fabrikam", Domain: "fabrikam.example"}
	nameless := auth.Tenant{ID: contoso.ID}
	away := &auth.Problem{Kind: auth.Offline, Message: "No network."}
	for _, c := range []struct {
		name     string
		all      []auth.Tenant
		want     string
		unlisted *auth.Problem
		id, err  string
	}{
		{"by name, in any letter case", []auth.Tenant{contoso, fabrikam}, "FABRIKAM", nil, fabrikam.ID, ""},
		{"by domain", []auth.Tenant{contoso, fabrikam}, "contoso.example", nil, contoso.ID, ""},
		{"by the first word of its domain", []auth.Tenant{{ID: "x", Name: "Our firm", Domain: "contoso.example"}}, "contoso", nil, "x", ""},
		{"by id", []auth.Tenant{nameless}, contoso.ID, away, contoso.ID, ""},
		{"a near miss", []auth.Tenant{contoso, fabrikam}, "fabrikan", nil, "", `you have no tenant called "fabrikan"; did you mean "Fabrikam"?`},
		{"none of that name", []auth.Tenant{contoso}, "tailspin", nil, "", `you have no tenant called "tailspin"; aztray tenant list shows them`},
		{"the list can't be had: what is in its way, for the name may be right", []auth.Tenant{nameless}, "fabrikam", away, "", "No network."},
		{"nor can it, and an earlier one has the name", []auth.Tenant{nameless, fabrikam}, "fabrikam", away, fabrikam.ID, ""},
		{"nor can it, and an earlier one has a near miss", []auth.Tenant{nameless, fabrikam}, "fabrikan", away, "", `did you mean "Fabrikam"?`},
		{"a domain that nobody listed", nil, "tailspin.example", away, "tailspin.example", ""},
	} {
		got, err := matchTenant(c.all, c.want, c.unlisted)
		said := ""
		if err != nil {
			said = err.Error()
		}
		if got.ID != c.id || !strings.Contains(said, c.err) || (err != nil) != (c.err != "") {
			t.Errorf("%s: %q, %v; want %q, %q", c.name, got.ID, err, c.id, c.err)
		}
	}
}
