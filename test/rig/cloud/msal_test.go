package cloud_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"aztray/test/rig/cloud"
)

// msal is MSAL Go as az's own program, through the cloud's proxy.
func msal(t *testing.T, c *cloud.Cloud, tenant string, more ...public.Option) public.Client {
	t.Helper()
	client, err := public.New(cloud.AzureCLI, append(more, public.WithAuthority(cloud.Authority+"/"+tenant), public.WithHTTPClient(c.HTTPClient()))...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// visit is a browser for MSAL.
func visit(t *testing.T, c *cloud.Cloud) func(string) error {
	return func(address string) error {
		if !strings.Contains(address, "response_mode=form_post") {
			t.Error("MSAL asked for no form_post")
		}
		go c.Visit(context.Background(), address)
		return nil
	}
}

func TestMSALSignsInByFormPost(t *testing.T) {
	c := start(t, cloud.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	client := msal(t, c, "organizations")
	scopes := []string{cloud.ScopeCognitive}
	got, err := client.AcquireTokenInteractive(ctx, scopes, public.WithOpenURL(visit(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	if got.Account.HomeAccountID != cloud.Ada.HomeAccountID() || got.IDToken.TenantID != cloud.Contoso.ID || len(got.DeclinedScopes) > 0 {
		t.Errorf("signed in as %s in %s, declined %v", got.Account.HomeAccountID, got.IDToken.TenantID, got.DeclinedScopes)
	}
	silent, err := client.AcquireTokenSilent(ctx, scopes, public.WithSilentAccount(got.Account), public.WithTenantID(cloud.Fabrikam.ID))
	if err != nil || claims(t, silent.AccessToken)["tid"] != cloud.Fabrikam.ID {
		t.Errorf("silently for Fabrikam: %v", err)
	}
	c.SetPolicy(func(p *cloud.Policy) { p.Authorize = cloud.Deny })
	if _, err := client.AcquireTokenInteractive(ctx, scopes, public.WithOpenURL(visit(t, c))); err == nil || !strings.Contains(err.Error(), "AADSTS65004") {
		t.Errorf("declined: %v", err)
	}
}
