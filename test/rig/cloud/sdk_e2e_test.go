//go:build e2e

package cloud_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"aztray/test/rig/cloud"
)

func TestRealAzServesAzidentity(t *testing.T) {
	a := newAZ(t)
	a.login("--tenant", cloud.Contoso.ID)
	for _, pair := range a.env() { // the credential gives az this process's environment
		if name, value, ok := strings.Cut(pair, "="); ok && os.Getenv(name) != value {
			t.Setenv(name, value)
		}
	}
	credential, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: cloud.Fabrikam.ID})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{cloud.ScopeCognitive}})
	if err != nil {
		t.Fatal(err)
	}
	issued := a.issued(got.Token)
	if issued.Tenant != cloud.Fabrikam.ID || got.ExpiresOn.Sub(issued.ExpiresOn).Abs() > 2*time.Second {
		t.Errorf("a token of %s until %v, want Fabrikam until %v", issued.Tenant, got.ExpiresOn, issued.ExpiresOn)
	}
}

// azCache shows MSAL az's cache without its access tokens, so that it must refresh, and writes nothing.
type azCache struct{ file string }

func (v azCache) Replace(_ context.Context, c cache.Unmarshaler, _ cache.ReplaceHints) error {
	b, err := os.ReadFile(v.file)
	if err != nil {
		return err
	}
	var sections map[string]json.RawMessage
	if err := json.Unmarshal(b, &sections); err != nil {
		return err
	}
	delete(sections, "AccessToken")
	if b, err = json.Marshal(sections); err != nil {
		return err
	}
	return c.Unmarshal(b)
}

func (azCache) Export(context.Context, cache.Marshaler, cache.ExportHints) error { return nil }

func TestRealAzCacheServesMSALGo(t *testing.T) {
	a := newAZ(t)
	a.login("--tenant", cloud.Contoso.ID)
	before := a.token()
	client := msal(t, a.cloud, cloud.Contoso.ID, public.WithCache(azCache{filepath.Join(a.dir, "msal_token_cache.json")}))
	accounts, err := client.Accounts(t.Context())
	if err != nil || len(accounts) != 1 || accounts[0].PreferredUsername != cloud.Ada.Username {
		t.Fatalf("accounts %v, %v", accounts, err)
	}
	began := time.Now()
	got, err := client.AcquireTokenSilent(t.Context(), []string{cloud.ScopeCognitive}, public.WithSilentAccount(accounts[0]))
	t.Logf("%6d ms  MSAL Go refresh", time.Since(began).Milliseconds())
	if err != nil {
		t.Fatal(err)
	}
	if fresh := a.issued(got.AccessToken); fresh.ID == before.ID || fresh.Tenant != cloud.Contoso.ID {
		t.Error("MSAL Go gave az's cached token")
	}
	a.token() // az's own refresh token still serves
	a.cloud.SetPolicy(func(p *cloud.Policy) { p.Tenant(cloud.Contoso).SignInFrequency = time.Millisecond })
	if _, err := client.AcquireTokenSilent(t.Context(), []string{cloud.ScopeCognitive}, public.WithSilentAccount(accounts[0])); err == nil || !strings.Contains(err.Error(), "AADSTS70043") {
		t.Errorf("beyond the sign-in frequency: %v", err)
	}
}
