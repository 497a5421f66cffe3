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
	TenantID      string
	Subscription  Subscription // the zero value: a tenant-level account
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

// ProfileJSON is azureProfile.json with the one subscription. az reads it with or without a byte
// order mark (azure-cli-core, _session.py).
func (b Bundle) ProfileJSON() []byte {
	id, name := b.Subscription.ID, b.Subscription.Name
	if id == "" {
		id, name = b.TenantID, tenantLevelName
	}
	_, home, _ := strings.Cut(b.HomeAccountID, ".")
	if home == "" {
		home = b.TenantID
	}
	return mustJSON(map[string]any{
		"subscriptions": []any{map[string]any{
			"id": id, "name": name, "state": "Enabled", "isDefault": true,
			"tenantId": b.TenantID, "homeTenantId": home, "managedByTenants": []any{},
			"environmentName": b.Cloud,
			"user":            map[string]string{"name": b.Username, "type": "user"},
		}},
	})
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
		target := t.Target
		if !slices.Contains(strings.Fields(target), t.Scope) {
			target = strings.TrimSpace(t.Scope + " " + target)
		}
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

// epoch is a time as MSAL stores it: Unix seconds in a string.
func epoch(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// mustJSON marshals maps of strings, which cannot fail.
func mustJSON(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}
