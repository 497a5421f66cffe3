package auth

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	contoso  = "11111111-aaaa-4aaa-8aaa-000000000001"
	fabrikam = "22222222-bbbb-4bbb-8bbb-000000000002"
	scope    = "https://cognitiveservices.azure.com/.default"
)

// azDir is an az directory with the given files.
func azDir(t *testing.T, files map[string]string) Dir {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Dir(dir)
}

// profile is as az 2.45 writes it, byte order mark and all.
const profile = "\xEF\xBB\xBF" + `{"installationId": "1f0c", "subscriptions": [
 {"id": "s-1", "name": "Work", "state": "Enabled", "user": {"name": "ada@contoso.example", "type": "user"}, "isDefault": false, "tenantId": "` + contoso + `", "environmentName": "AzureCloud", "homeTenantId": "` + contoso + `", "managedByTenants": []},
 {"id": "s-2", "name": "Guest", "state": "Enabled", "user": {"name": "ada@contoso.example", "type": "user"}, "isDefault": true, "tenantId": "` + fabrikam + `", "environmentName": "AzureCloud", "homeTenantId": "` + fabrikam + `", "managedByTenants": []}]}`

// tokenCache has its sections in another order than MSAL's, fields nobody knows, a time as a number and
// an entry of another shape.
const tokenCache = `{"Later": {"x": {"y": 1}},
 "RefreshToken": {"r": {"secret": "0.refresh", "home_account_id": "oid.` + contoso + `", "environment": "login.microsoftonline.com", "client_id": "04b0", "target": "", "family_id": "1"}},
 "AccessToken": {
  "old": {"secret": "older", "home_account_id": "oid.` + contoso + `", "environment": "login.microsoftonline.com", "client_id": "04b0", "target": "https://cognitiveservices.azure.com/.default", "realm": "` + contoso + `", "expires_on": "1795442400", "cached_at": "1795438800"},
  "new": {"secret": "newer", "home_account_id": "oid.` + contoso + `", "environment": "login.microsoftonline.com", "client_id": "04b0", "target": "https://cognitiveservices.azure.com/.default https://cognitiveservices.azure.com/user_impersonation", "realm": "` + contoso + `", "expires_on": 1795446000, "cached_at": "1795442400", "surprise": true},
  "arm": {"secret": "arm", "home_account_id": "oid.` + contoso + `", "environment": "login.microsoftonline.com", "client_id": "04b0", "target": "https://management.core.windows.net//.default", "realm": "` + contoso + `", "expires_on": "1795446000", "cached_at": "1795442400"},
  "odd": ["not", "an", "entry"]},
 "Account": {"a": {"home_account_id": "oid.` + contoso + `", "environment": "login.microsoftonline.com", "realm": "` + contoso + `", "username": "Ada@Contoso.example", "authority_type": "MSSTS"}}}`

func TestReadFindsTheSignIn(t *testing.T) {
	f, err := azDir(t, map[string]string{profileFile: profile, cacheFile: tokenCache, configFile: "[cloud]\nname = AzureCloud\n"}).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c := f.Profile.Current(); c.ID != "s-2" || c.TenantID != fabrikam {
		t.Errorf("the current subscription is %q in %q, want s-2 in Fabrikam", c.ID, c.TenantID)
	}
	if r, ok := f.Profile.InTenant(contoso); !ok || r.ID != "s-1" {
		t.Errorf("in Contoso az would use %q (%v), want s-1", r.ID, ok)
	}
	account, ok := f.Cache.Account("ada@contoso.example")
	if !ok || !f.Cache.Renewable(account.HomeAccountID) {
		t.Fatalf("the account is %+v (%v), want one with a refresh token", account, ok)
	}
	token, ok := f.Cache.Token(account.HomeAccountID, contoso, scope)
	if !ok || token.Secret.Reveal() != "newer" || token.ExpiresOn.Unix() != 1795446000 {
		t.Errorf("the token ends %v (%v), want the one that lasts longest", token.ExpiresOn, ok)
	}
	if _, ok := f.Cache.Token(account.HomeAccountID, fabrikam, scope); ok {
		t.Error("a token of another tenant was taken")
	}
	if _, ok := f.Cache.Token(account.HomeAccountID, contoso, "https://management.core.windows.net/.default"); ok {
		t.Error("ARM's scope with one slash finds the token with two, whose audience is another")
	}
	if _, ok := f.Cache.Token(account.HomeAccountID, contoso, "https://MANAGEMENT.core.windows.net//.Default"); !ok {
		t.Error("letter case keeps a scope from its token")
	}
}

func TestReadOfOtherStates(t *testing.T) {
	noKeyRing(t)
	tests := []struct {
		name    string
		files   map[string]string
		problem string // code of the cache's problem
		cache   bool
		rows    int
	}{
		{"az was never used", nil, "", false, 0},
		{"nobody is signed in", map[string]string{profileFile: "\xEF\xBB\xBF{\"subscriptions\": []}"}, "", false, 0},
		{"the cache is encrypted by DPAPI", map[string]string{profileFile: profile, cacheDPAPI: "\x01\x00"}, "AZ_CACHE_ENCRYPTED", false, 2},
		{"the cache is in a key ring", map[string]string{profileFile: profile, cacheSignal: ""}, "AZ_CACHE_ENCRYPTED", false, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := azDir(t, tt.files).Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			code := ""
			if f.CacheProblem != nil {
				code = f.CacheProblem.Code
			}
			if code != tt.problem || (f.Cache != nil) != tt.cache || len(f.Profile.Subscriptions) != tt.rows {
				t.Errorf("problem %q, cache %v, %d rows; want %q, %v, %d", code, f.Cache != nil, len(f.Profile.Subscriptions), tt.problem, tt.cache, tt.rows)
			}
		})
	}
}

func TestReadWaitsWhileAzWrites(t *testing.T) {
	dir := azDir(t, map[string]string{profileFile: profile, cacheFile: tokenCache[:200]})
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	done := make(chan error, 1)
	go func() {
		_, err := dir.Read(ctx)
		done <- err
	}()
	if err := os.WriteFile(filepath.Join(string(dir), cacheFile), []byte(tokenCache), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("Read = %v once az had written all", err)
	}
	if _, err := azDir(t, map[string]string{profileFile: profile[:50]}).Read(t.Context()); !errors.Is(err, ErrTorn) {
		t.Errorf("Read of a profile that stays half = %v, want ErrTorn", err)
	}
}

func TestBundleHoldsOneAccountAndNoRefreshToken(t *testing.T) {
	f, err := azDir(t, map[string]string{profileFile: profile, cacheFile: tokenCache}).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	row, _ := f.Profile.InTenant(contoso)
	account, _ := f.Cache.Account(row.User.Name)
	token, _ := f.Cache.Token(account.HomeAccountID, contoso, scope)
	b := f.Bundle(row, contoso, []Token{token})
	cut, err := parseCache(b.CacheJSON())
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := cut.Token(account.HomeAccountID, contoso, scope); !ok || got.Secret.Reveal() != "newer" || !got.ExpiresOn.Equal(token.ExpiresOn) {
		t.Errorf("read back: %v (%v), want the token", got.ExpiresOn, ok)
	}
	if strings.Contains(string(b.CacheJSON()), "refresh") || strings.Contains(string(b.CacheJSON()), "arm") {
		t.Error("the bundle holds more than the one access token")
	}
	p, err := parseProfile(b.ProfileJSON())
	if err != nil || len(p.Subscriptions) != 1 || p.Current().ID != "s-1" {
		t.Errorf("the profile is %+v (%v), want s-1 alone", p, err)
	}
}

func TestTheViewsForRenewalHaveOneRefreshTokenEachTheNewestFirst(t *testing.T) {
	older := `{"old": {"secret": "0.older", "home_account_id": "oid.` + contoso + `", "last_modification_time": "1795430000"}, "other": {"secret": "0.other", "home_account_id": "someone.else", "last_modification_time": "1795450000"}, "r": {"last_modification_time": "1795440000", `
	c, err := parseCache([]byte(strings.Replace(tokenCache, `{"r": {`, older, 1)))
	if err != nil {
		t.Fatal(err)
	}
	views, err := c.forRenewal("oid." + contoso)
	if err != nil || len(views) != 2 {
		t.Fatalf("%d views, %v; want two", len(views), err)
	}
	for i, want := range []string{"0.refresh", "0.older"} {
		var sections map[string]json.RawMessage
		if err := json.Unmarshal(views[i], &sections); err != nil {
			t.Fatal(err)
		}
		if _, ok := sections["AccessToken"]; ok || sections["Later"] == nil || strings.Count(string(sections["RefreshToken"]), "secret") != 1 || !strings.Contains(string(sections["RefreshToken"]), want) {
			t.Errorf("view %d is not the one with %s alone: %s", i, want, views[i])
		}
	}
}

func FuzzParseCache(f *testing.F) {
	f.Add([]byte(tokenCache))
	f.Add([]byte(`{"AccessToken": {"k": {"expires_on": {}}}, "Account": []}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseCache(b)
		if err != nil {
			return
		}
		c.Account("ada@contoso.example")
		c.Token("oid."+contoso, contoso, scope)
		if _, err := c.forRenewal("oid." + contoso); err != nil && len(c.refresh) > 0 {
			t.Errorf("a cache that was read gives no view: %v", err)
		}
	})
}
