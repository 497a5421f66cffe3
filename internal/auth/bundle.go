package auth

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AzureCLIClientID is the public client that az signs in as (azure-cli-core, auth/constants.py).
const AzureCLIClientID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

// Bundle is a sign-in cut down to what a container may hold: one account in one tenant and access
// tokens. It holds a refresh token only where the person gave one to a container by name: see
// Files.WithRefresh.
type Bundle struct {
	Username      string
	HomeAccountID string // "<oid>.<home tenant>", as MSAL names it
	Environment   string // the authority's host in the token cache, such as login.microsoftonline.com
	Cloud         string // az's name of the cloud, such as AzureCloud
	Manager       string // the resource that az asks for where it is told none: Resource Manager's; "" where not known
	TenantID      string
	TenantDomain  string                // by which the tenant may be asked for as well; "" where it is not known
	Subscription  Subscription          // the zero value: a tenant-level account
	Rows          []ProfileSubscription // the account's subscriptions in the tenant; nil: Subscription alone
	Tokens        []Token
	Refresh       Secret // the token cache's RefreshToken section, cut down to the account; mostly the zero Secret
}

// ExpiresOn is the end of the token that ends first, in UTC; zero when there is none.
func (b Bundle) ExpiresOn() time.Time {
	if len(b.Tokens) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(b.Tokens, func(x, y Token) int { return x.ExpiresOn.Compare(y.ExpiresOn) }).ExpiresOn
}

// tenantLevelName is what az calls an account without a subscription (_profile.py).
const tenantLevelName = "N/A(tenant level account)"

// maxRows bounds the subscriptions that a container is told of.
const maxRows = 200

// Subscriptions are the rows of the container's profile: the default one first, and then the others that the account
// has in the tenant, which az and its --subscription may be asked for.
func (b Bundle) Subscriptions() []ProfileSubscription {
	first := ProfileSubscription{ID: b.Subscription.ID, Name: b.Subscription.Name, HomeTenantID: b.TenantID}
	if first.ID == "" {
		first.ID, first.Name, first.HomeTenantID = b.TenantID, tenantLevelName, "" // az leaves it out there
	}
	rows := []ProfileSubscription{first}
	for _, r := range b.Rows {
		switch {
		case r.TenantID != b.TenantID:
		case r.ID == first.ID:
			rows[0] = r
		case r.State == "Enabled" && len(rows) < maxRows:
			rows = append(rows, r)
		}
	}
	for i := range rows {
		rows[i].IsDefault, rows[i].TenantID, rows[i].State = i == 0, b.TenantID, "Enabled"
	}
	return rows
}

// ProfileJSON is azureProfile.json with Subscriptions. az reads it with or without a byte order mark
// (azure-cli-core, _session.py).
func (b Bundle) ProfileJSON() []byte {
	var rows []any
	for _, r := range b.Subscriptions() {
		row := map[string]any{
			"id": r.ID, "name": r.Name, "state": r.State, "isDefault": r.IsDefault, "tenantId": r.TenantID,
			"environmentName": b.Cloud, "user": map[string]string{"name": b.Username, "type": "user"},
		}
		if r.HomeTenantID != "" {
			row["homeTenantId"], row["managedByTenants"] = r.HomeTenantID, []any{}
		}
		if r.TenantDomain != "" { // newer ones say so
			row["tenantDefaultDomain"], row["tenantDisplayName"] = r.TenantDomain, r.TenantName
		}
		rows = append(rows, row)
	}
	return mustJSON(map[string]any{"subscriptions": rows})
}

// CacheJSON is msal_token_cache.json in MSAL's unified schema with access tokens only
// (microsoft-authentication-library-for-python, token_cache.py).
func (b Bundle) CacheJSON() []byte { return mustJSON(b.cache()) }

// FullCacheJSON is CacheJSON with the account's refresh token, where b has one. Whoever holds it can
// have tokens for every resource and tenant that the person reaches, for as long as the sign-in lasts.
func (b Bundle) FullCacheJSON() []byte {
	c := b.cache()
	if !b.Refresh.IsZero() {
		c["RefreshToken"] = json.RawMessage(b.Refresh.Reveal())
	}
	return mustJSON(c)
}

func (b Bundle) cache() map[string]any {
	access := map[string]any{}
	for _, t := range b.Tokens {
		target := spelt(t.Scope, t.Target)
		key := strings.ToLower(strings.Join([]string{b.HomeAccountID, b.Environment, "accesstoken", AzureCLIClientID, t.TenantID, target}, "-"))
		access[key] = map[string]string{
			"credential_type": "AccessToken", "secret": t.Secret.Reveal(), "home_account_id": b.HomeAccountID,
			"environment": b.Environment, "client_id": AzureCLIClientID, "target": target, "realm": t.TenantID,
			"token_type": "Bearer", "cached_at": epoch(t.ObtainedAt), "expires_on": epoch(t.ExpiresOn),
			"extended_expires_on": epoch(t.ExpiresOn),
		}
	}
	oid, _, _ := strings.Cut(b.HomeAccountID, ".")
	account := map[string]string{
		"home_account_id": b.HomeAccountID, "environment": b.Environment, "realm": b.TenantID,
		"local_account_id": oid, "username": b.Username, "authority_type": "MSSTS",
	}
	return map[string]any{
		"AccessToken": access,
		"Account":     map[string]any{strings.ToLower(b.HomeAccountID + "-" + b.Environment + "-" + b.TenantID): account},
		"AppMetadata": map[string]any{"appmetadata-" + b.Environment + "-" + AzureCLIClientID: map[string]string{
			"client_id": AzureCLIClientID, "environment": b.Environment,
		}},
	}
}

// spelt is granted with what else the token answers to: MSAL for Python compares letter by letter, and Entra does not.
func spelt(scope, granted string) string {
	all := strings.Fields(granted)
	resource := Resource(scope)
	words := []string{scope}
	if resource != scope {
		words = append(words, resource+"/.Default", resource+"/.DEFAULT", strings.ToUpper(scope))
	}
	for _, s := range slices.Backward(words) {
		if !slices.Contains(all, s) {
			all = slices.Insert(all, 0, s)
		}
	}
	return strings.Join(all, " ")
}

// epoch is a time as MSAL stores it: Unix seconds in a string.
func epoch(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// mustJSON marshals maps of strings, which cannot fail.
func mustJSON(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}
