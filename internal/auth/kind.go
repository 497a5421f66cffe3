package auth

import (
	"encoding/json"
	"slices"
	"strings"
)

// AccountKind is what az is signed in as, in one row of its profile.
type AccountKind string

const (
	AccountNone            AccountKind = "none"
	AccountPerson          AccountKind = "person"
	AccountGuest           AccountKind = "guest"        // a person in a tenant that is not their own
	AccountTenantLevel     AccountKind = "tenant-level" // a person in a tenant without a subscription
	AccountBroker          AccountKind = "broker"       // a person whom the system's own broker signs in
	AccountSecret          AccountKind = "service-principal-secret"
	AccountCertificate     AccountKind = "service-principal-certificate"
	AccountFederated       AccountKind = "service-principal-federated"
	AccountPrincipal       AccountKind = "service-principal" // by what cannot be read
	AccountManagedIdentity AccountKind = "managed-identity"
	AccountCloudShell      AccountKind = "cloud-shell"
)

// Kind is what az is signed in as in a row. Of a person it says the first that holds of: broker,
// guest, tenant-level; that a person is a guest can be told only where the token cache can be read.
func (f Files) Kind(row ProfileSubscription) AccountKind {
	switch {
	case row.User.Name == "":
		return AccountNone
	case bool(row.User.CloudShell):
		return AccountCloudShell
	case row.managedIdentity():
		return AccountManagedIdentity
	case row.User.Type == "servicePrincipal":
		return f.principalKind(row)
	}
	if f.Cache != nil {
		if a, ok := f.Cache.Account(row.User.Name); ok {
			switch _, home, _ := strings.Cut(a.HomeAccountID, "."); {
			case a.Source == "broker":
				return AccountBroker
			case home != "" && home != row.TenantID:
				return AccountGuest
			}
		}
	}
	if row.TenantLevel() {
		return AccountTenantLevel
	}
	return AccountPerson
}

// TenantLevel reports an account without a subscription, which az puts in its profile under the
// tenant's id.
func (s ProfileSubscription) TenantLevel() bool { return s.ID != "" && s.ID == s.TenantID }

// managedIdentity tells by the names that az gives to such accounts (azure-cli-core, _profile.py).
func (s ProfileSubscription) managedIdentity() bool {
	return bool(s.User.Identity) || s.User.Name == "systemAssignedIdentity" || s.User.Name == "userAssignedIdentity"
}

// Users lists who is signed in to az, each once, in az's order: one az holds several.
func (p Profile) Users() []string {
	var users []string
	for _, s := range p.Subscriptions {
		if n := s.User.Name; n != "" && !slices.ContainsFunc(users, func(u string) bool { return strings.EqualFold(u, n) }) {
			users = append(users, n)
		}
	}
	return users
}

// Person reports a kind that a person signs in as.
func (k AccountKind) Person() bool {
	return slices.Contains([]AccountKind{AccountPerson, AccountGuest, AccountTenantLevel, AccountBroker}, k)
}

// Renewable reports whether a sign-in in the browser renews it. Nobody signed in is such a case.
func (k AccountKind) Renewable() bool { return k.Person() || k == AccountNone }

// Words says it to a person, to stand after "signed in as".
func (k AccountKind) Words() string {
	switch k {
	case AccountPerson:
		return "a person"
	case AccountGuest:
		return "a guest of the tenant"
	case AccountTenantLevel:
		return "a person without a subscription"
	case AccountBroker:
		return "a person, by the system's own sign-in (WAM)"
	case AccountSecret:
		return "a service principal with a secret"
	case AccountCertificate:
		return "a service principal with a certificate"
	case AccountFederated:
		return "a service principal with a federated token"
	case AccountPrincipal:
		return "a service principal"
	case AccountManagedIdentity:
		return "this machine's managed identity"
	case AccountCloudShell:
		return "whoever opened the Cloud Shell"
	}
	return "nobody"
}

// renewProblems says why a browser renews none of these, and what does.
var renewProblems = map[AccountKind]Problem{
	AccountSecret: {Code: "RENEW_SECRET",
		Message: "az is signed in as a service principal, which a browser cannot renew: its secret must be good.",
		Advice:  "Where the secret has expired, have an owner of the app make a new one (az ad app credential reset --id {app}), then: " + loginBySecret},
	AccountCertificate: {Code: "RENEW_CERTIFICATE",
		Message: "az is signed in as a service principal, which a browser cannot renew: its certificate must be good.",
		Advice:  "Where the certificate has expired or moved, give az the new one: az login --service-principal --username {app} --tenant {tenant} --password CERT.pem"},
	AccountFederated: {Code: "RENEW_FEDERATED",
		Message: "az is signed in as a service principal with a federated token, which lasts minutes and which a browser cannot renew.",
		Advice:  "Get a new token from where the last one came from, then: " + loginByToken},
	AccountPrincipal: {Code: "RENEW_PRINCIPAL",
		Message: "az is signed in as a service principal, which a browser cannot renew.",
		Advice:  "Give az its secret or certificate anew: az login --service-principal --username {app} --tenant {tenant} (see az login --help)"},
	AccountManagedIdentity: {Code: "RENEW_MANAGED_IDENTITY",
		Message: "az is signed in as this machine's managed identity, which needs no renewing and which a browser cannot renew.",
		Advice:  "Where it fails, look at the machine's identity in Azure, then: az login --identity; or sign in yourself: az login"},
	AccountCloudShell: {Code: "RENEW_CLOUD_SHELL",
		Message: "Cloud Shell signs az in itself, and no browser here can renew that.",
		Advice:  "Restart the Cloud Shell; or sign in yourself: az login"},
}

// RenewProblem says why "Renew now" cannot help the account of a row, and what does; nil where it can.
func (k AccountKind) RenewProblem(row ProfileSubscription) *Problem {
	p, ok := renewProblems[k]
	if !ok {
		return nil
	}
	p.Kind, p.template = ConfigError, p.Advice
	return p.forApp(row.User.Name, row.TenantID, "")
}

// principalsFile is where az keeps the service principals' credentials, if not encrypted.
const principalsFile = "service_principal_entries.json"

// principal is one entry of it, without what is secret in it.
type principal struct {
	ClientID    string  `json:"client_id"`
	Tenant      string  `json:"tenant"`
	Secret      present `json:"client_secret"`
	Certificate present `json:"certificate"`
	Assertion   present `json:"client_assertion"`
}

// present is whether a field says something; what it says is not kept.
type present bool

func (p *present) UnmarshalJSON(b []byte) error {
	*p = present(!slices.Contains([]string{"null", "false", `""`}, string(b)))
	return nil
}

// readPrincipals reads how az's service principals prove themselves; nil where there are none, or
// where that cannot be read.
func (d Dir) readPrincipals(p Profile) []principal {
	if !slices.ContainsFunc(p.Subscriptions, func(s ProfileSubscription) bool { return s.User.Type == "servicePrincipal" }) {
		return nil
	}
	b, err := d.readFile(principalsFile)
	if err != nil {
		return nil
	}
	defer clear(b)
	var out []principal
	if json.Unmarshal(b, &out) != nil {
		return nil
	}
	return out
}

// principalKind takes the entry that az would take: the one of the tenant, else any of that client.
func (f Files) principalKind(row ProfileSubscription) AccountKind {
	var found *principal
	for i, p := range f.principals {
		if p.ClientID == row.User.Name && (found == nil || p.Tenant == row.TenantID && found.Tenant != row.TenantID) {
			found = &f.principals[i]
		}
	}
	switch {
	case found == nil:
	case bool(found.Certificate):
		return AccountCertificate
	case bool(found.Secret):
		return AccountSecret
	case bool(found.Assertion):
		return AccountFederated
	}
	return AccountPrincipal
}
