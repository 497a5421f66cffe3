package cli

import (
	"strings"
	"testing"

	"aztray/internal/auth"
)

func TestTable(t *testing.T) {
	sample := func() *table {
		tb := &table{head: []string{"CONTAINER", "STATE", "PLACE"}}
		tb.row("codestory-ingestion-worker-of-a-long-name-1", "has the credential", "/home/service/.azure")
		tb.row("東京", "has none yet", "")
		return tb
	}
	for name, c := range map[string]struct {
		term Terminal
		want string
	}{
		"in a pipe all is whole, and no line ends in blanks": {Terminal{}, `
CONTAINER                                    STATE               PLACE
codestory-ingestion-worker-of-a-long-name-1  has the credential  /home/service/.azure
東京                                         has none yet
`},
		"80 columns": {Terminal{Is: true, Width: 80}, `
CONTAINER                               STATE               PLACE
codestory-ingestion…r-of-a-long-name-1  has the credential  /home/service/.azure
東京                                    has none yet
`},
		"48 columns": {Terminal{Is: true, Width: 48}, `
CONTAINER       STATE            PLACE
codesto…name-1  has the…dential  /home/s…/.azure
東京            has none yet
`},
	} {
		var b strings.Builder
		if err := sample().write(&b, c.term); err != nil {
			t.Fatal(err)
		}
		if b.String() != c.want[1:] {
			t.Errorf("%s:\n%s\nwant\n%s", name, b.String(), c.want[1:])
		}
		for line := range strings.Lines(b.String()) {
			if line = strings.TrimSuffix(line, "\n"); c.term.Width > 0 && columns(line) > c.term.Width {
				t.Errorf("%s: a line of %d columns:\n%s", name, columns(line), line)
			}
		}
	}
}

func TestTablePaints(t *testing.T) {
	tb := &table{head: []string{"A", "B"}}
	tb.add(cell{text: "good", style: green}, cell{text: "x\x1b[31m\ny"})
	var b strings.Builder
	if err := tb.write(&b, Terminal{Is: true, Width: 80, Colour: true}); err != nil {
		t.Fatal(err)
	}
	if want := "\x1b[1mA\x1b[0m     \x1b[1mB\x1b[0m\n\x1b[32mgood\x1b[0m  x[31my\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// An id that is there to be copied is never cut; the others give way.
func TestTableLeavesIdsWhole(t *testing.T) {
	tb := &table{}
	id := "c0000000-aaaa-4aaa-8aaa-000000000001"
	tb.add(cell{text: strings.Repeat("long ", 20)}, cell{text: id, whole: true})
	var b strings.Builder
	if err := tb.write(&b, Terminal{Is: true, Width: 80}); err != nil {
		t.Fatal(err)
	}
	if line := strings.TrimSuffix(b.String(), "\n"); columns(line) != 80 || !strings.HasSuffix(line, "  "+id) {
		t.Errorf("%d columns: %s", columns(line), line)
	}
}

// Sentences are broken at blanks, each line under the one before.
func TestTableBreaksProse(t *testing.T) {
	tb := &table{head: []string{"SOURCE", "WHY"}, prose: true}
	tb.row("EnvironmentCredential", "AZURE_CLIENT_ID, AZURE_TENANT_ID and a secret are not all set.")
	var b strings.Builder
	if err := tb.write(&b, Terminal{Is: true, Width: 60}); err != nil {
		t.Fatal(err)
	}
	const want = `SOURCE                 WHY
EnvironmentCredential  AZURE_CLIENT_ID, AZURE_TENANT_ID and
                       a secret are not all set.
`
	if b.String() != want {
		t.Errorf("\n%swant\n%s", b.String(), want)
	}
}

func TestTenantTable(t *testing.T) {
	all := []TenantReport{
		{Tenant: auth.Tenant{ID: "c0000000-aaaa-4aaa-8aaa-000000000001", Name: "Contoso", Domain: "contoso.example"}, Current: true, SignedIn: true, Lifetime: "12 hours"},
		{Tenant: auth.Tenant{ID: "a0000000-dddd-4ddd-8ddd-000000000003", Name: "Northwind Traders", Domain: "northwind.example"}, Problem: "AADSTS50076"},
		{Tenant: auth.Tenant{ID: "fab00000-bbbb-4bbb-8bbb-000000000002", Name: "Fabrikam", Domain: "fabrikam.example"}, Problem: "NET_UNREACHABLE", untold: &auth.Problem{Code: "NET_UNREACHABLE"}},
	}
	for width, want := range map[int]string{
		0: `   TENANT             DOMAIN             SIGNED IN       SIGN-IN LASTS  ID
*  Contoso            contoso.example    yes             12 hours       c0000000-aaaa-4aaa-8aaa-000000000001
   Northwind Traders  northwind.example  no AADSTS50076  not known      a0000000-dddd-4ddd-8ddd-000000000003
   Fabrikam           fabrikam.example   not known       not known      fab00000-bbbb-4bbb-8bbb-000000000002
`,
		80: `   TENANT             DOMAIN             SIGNED IN       SIGN-IN LASTS
*  Contoso            contoso.example    yes             12 hours
   Northwind Traders  northwind.example  no AADSTS50076  not known
   Fabrikam           fabrikam.example   not known       not known
`,
	} {
		var b strings.Builder
		term := Terminal{Is: width > 0, Width: width}
		if err := tenantTable(all, term).write(&b, term); err != nil || b.String() != want {
			t.Errorf("%d columns: %v\n%swant\n%s", width, err, b.String(), want)
		}
	}
}
