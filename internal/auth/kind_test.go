package auth

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// kindRow is one subscription as az writes it.
func kindRow(id, user string) string {
	return `{"id": "` + id + `", "name": "Work", "state": "Enabled", "isDefault": true, "tenantId": "` + contoso + `", "environmentName": "AzureCloud", "homeTenantId": "` + contoso + `", "user": ` + user + `}`
}

func TestKindsOfSignIn(t *testing.T) {
	const (
		ada   = `{"name": "ada@contoso.example", "type": "user"}`
		robot = `{"name": "app-1", "type": "servicePrincipal"}`
	)
	entry := func(tenant, proof string) string {
		return fmt.Sprintf(`{"client_id": "app-1", "tenant": %q, %s}`, tenant, proof)
	}
	account := func(home, source string) string {
		return fmt.Sprintf(`{"Account": {"a": {"home_account_id": "oid.%s", "username": "ada@contoso.example", "account_source": %q}}}`, home, source)
	}
	tests := []struct {
		name, row, cache, principals string
		want                         AccountKind
		renewable                    bool
	}{
		{"nobody", "", "", "", AccountNone, true},
		{"a person", kindRow("s-1", ada), account(contoso, "authorization_code"), "", AccountPerson, true},
		{"a person, cache unread", kindRow("s-1", ada), "", "", AccountPerson, true},
		{"a person whose home is elsewhere", kindRow("s-1", ada), account(fabrikam, "authorization_code"), "", AccountGuest, true},
		{"a person without a subscription", kindRow(contoso, ada), account(contoso, ""), "", AccountTenantLevel, true},
		{"a person by WAM", kindRow("s-1", ada), account(contoso, "broker"), "", AccountBroker, true},
		{"a principal with a secret", kindRow("s-1", robot), "", entry(contoso, `"client_secret": "hush~hush"`), AccountSecret, false},
		{"a principal with a certificate", kindRow("s-1", robot), "", entry(contoso, `"certificate": "/home/ada/robot.pem", "use_cert_sn_issuer": true`), AccountCertificate, false},
		{"a principal with a federated token", kindRow("s-1", robot), "", entry(contoso, `"client_assertion": "ey.J"`), AccountFederated, false},
		{"a principal with two entries: its tenant's", kindRow("s-1", robot), "",
			entry(fabrikam, `"client_secret": "hush~hush"`) + "," + entry(contoso, `"certificate": "/robot.pem"`), AccountCertificate, false},
		{"a principal known in another tenant only, as az takes it", kindRow("s-1", robot), "", entry(fabrikam, `"client_secret": "hush~hush"`), AccountSecret, false},
		{"a principal whose entries are encrypted", kindRow("s-1", robot), "", "", AccountPrincipal, false},
		{"a principal of an az that writes every field", kindRow("s-1", `{"name": "app-1", "type": "servicePrincipal", "assignedIdentityInfo": null, "cloudShellID": false}`), "", "", AccountPrincipal, false},
		{"the machine's identity", kindRow("s-1", `{"name": "systemAssignedIdentity", "type": "servicePrincipal", "assignedIdentityInfo": "MSI"}`), "", "", AccountManagedIdentity, false},
		{"an identity given to the machine, as az once wrote it", kindRow("s-1", `{"name": "userAssignedIdentity", "type": "servicePrincipal", "assignedIdentityInfo": null}`), "", "", AccountManagedIdentity, false},
		{"Cloud Shell", kindRow("s-1", `{"name": "ada@contoso.example", "type": "user", "cloudShellID": true}`), "", "", AccountCloudShell, false},
	}
	words := map[string]AccountKind{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{profileFile: `{"subscriptions": [` + tt.row + `]}`}
			if tt.cache != "" {
				files[cacheFile] = tt.cache
			}
			if tt.principals != "" {
				files[principalsFile] = "[" + tt.principals + "]"
			}
			f, err := azDir(t, files).Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := f.Kind(f.Profile.Current())
			if got != tt.want || got.Renewable() != tt.renewable || (got.RenewProblem(f.Profile.Current()) == nil) != tt.renewable {
				t.Errorf("%s (renewable %v, %v), want %s (%v)", got, got.Renewable(), got.RenewProblem(f.Profile.Current()), tt.want, tt.renewable)
			}
			if other, ok := words[got.Words()]; ok && other != got {
				t.Errorf("%s and %s are both %q", got, other, got.Words())
			}
			words[got.Words()] = got
			if strings.Contains(fmt.Sprintf("%+v", f), "hush") {
				t.Error("the secret was kept")
			}
			if p := got.RenewProblem(f.Profile.Current()); p != nil && (p.SignInCures() || p.Message == "" || !strings.Contains(p.Advice, "az login")) {
				t.Errorf("%s: %q %q, want a way by az login and no offer of the browser", got, p.Message, p.Advice)
			}
		})
	}
}

func TestUsersAreListedOnce(t *testing.T) {
	rows := []string{`{"name": "ada@contoso.example"}`, `{"name": "bob@fabrikam.example"}`, `{"name": "Ada@contoso.example"}`, `{}`}
	for i, r := range rows {
		rows[i] = kindRow(fmt.Sprint("s-", i), r)
	}
	p, err := parseProfile([]byte(`{"subscriptions": [` + strings.Join(rows, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Users(), []string{"ada@contoso.example", "bob@fabrikam.example"}; !slices.Equal(got, want) {
		t.Errorf("users %q, want %q", got, want)
	}
}
