//go:build e2e

package cloud_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/test/rig/cloud"
)

// az is real az with its own directory and a browser that signs in by itself.
type az struct {
	t       *testing.T
	cloud   *cloud.Cloud
	dir     string
	browser string
}

// ran is what one az command left.
type ran struct {
	stdout, stderr string
	err            error
	took           time.Duration
}

func newAZ(t *testing.T) *az {
	t.Helper()
	if _, err := exec.LookPath("az"); err != nil {
		t.Fatal("these tests need az: ", err)
	}
	c := start(t, cloud.Options{})
	browser, err := c.WriteBrowser(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &az{t, c, t.TempDir(), browser}
}

func (a *az) env() []string {
	return append(append(os.Environ(), a.cloud.Env(a.dir)...), "BROWSER="+a.browser)
}

// run runs az and prints how long it took.
func (a *az) run(args ...string) ran {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 90*time.Second)
	defer cancel()
	var out, msg bytes.Buffer
	cmd := exec.CommandContext(ctx, "az", args...)
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = a.env(), &out, &msg, time.Second
	began := time.Now()
	err := cmd.Run()
	r := ran{out.String(), msg.String(), err, time.Since(began)}
	a.t.Logf("%6d ms  az %s", r.took.Milliseconds(), strings.Join(args[:min(2, len(args))], " ")) // no further: a secret may follow
	return r
}

// must runs az, which must succeed.
func (a *az) must(args ...string) ran {
	a.t.Helper()
	r := a.run(args...)
	if r.err != nil {
		a.t.Fatalf("az %s: %v\n%s", strings.Join(args, " "), r.err, r.stderr)
	}
	return r
}

// refused runs az, which must fail and say want on standard error.
func (a *az) refused(want string, args ...string) {
	a.t.Helper()
	r := a.run(args...)
	if r.err == nil || !strings.Contains(r.stderr, want) {
		a.t.Fatalf("az %s: error %v, want one that says %q\n%s", strings.Join(args, " "), r.err, want, r.stderr)
	}
}

func (a *az) login(more ...string) ran {
	a.t.Helper()
	return a.must(append([]string{"login", "--allow-no-subscriptions"}, more...)...)
}

// token asks az for a token for Azure OpenAI and finds it among the issued ones.
func (a *az) token(more ...string) cloud.IssuedToken {
	a.t.Helper()
	r := a.must(append([]string{"account", "get-access-token", "--scope", cloud.ScopeCognitive, "-o", "json"}, more...)...)
	var answer struct{ AccessToken string }
	decode(a.t, r.stdout, &answer)
	return a.issued(answer.AccessToken)
}

func (a *az) issued(value string) cloud.IssuedToken {
	a.t.Helper()
	for _, i := range a.cloud.Issued() {
		if i.Value == value {
			return i
		}
	}
	a.t.Fatal("the token was not issued by this cloud")
	return cloud.IssuedToken{}
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
}

func TestRealAzSignsInThroughTheBrowser(t *testing.T) {
	a := newAZ(t)
	r := a.login()
	var rows []struct{ Name, TenantID string }
	decode(t, r.stdout, &rows)
	names := ""
	for _, row := range rows {
		names += row.Name + "; "
	}
	if want := "Contoso Development; Contoso Production; Fabrikam Lab; N/A(tenant level account); "; names != want {
		t.Errorf("subscriptions after login: %s\nwant %s", names, want)
	}
	// the first as az 2.45 says it, the second as 2.74 and 2.91 do
	mfa := strings.Contains(r.stderr, "require Multi-Factor Authentication") || strings.Contains(r.stderr, "you must use multi-factor authentication")
	if !mfa || !strings.Contains(r.stderr, cloud.Northwind.ID) {
		t.Errorf("az does not name Northwind as a tenant that demands MFA: %s", r.stderr)
	}
	var shown struct {
		TenantID string
		User     struct{ Name string }
	}
	decode(t, a.must("account", "show", "-o", "json").stdout, &shown)
	if shown.TenantID != cloud.Contoso.ID || shown.User.Name != cloud.Ada.Username {
		t.Errorf("account: %+v", shown)
	}
	first, again := a.token(), a.token()
	if first.Tenant != cloud.Contoso.ID || first.ID != again.ID {
		t.Errorf("az gave %s of %s, then %s: want the cached token of Contoso twice", first.ID, first.Tenant, again.ID)
	}
	if got := a.token("--tenant", cloud.Fabrikam.ID).Tenant; got != cloud.Fabrikam.ID {
		t.Errorf("silently for Fabrikam: a token of %s", got)
	}
	a.refused("AADSTS50076", "account", "get-access-token", "--scope", cloud.ScopeCognitive, "--tenant", cloud.Northwind.ID)
	if !strings.Contains(cacheOf(t, a.dir), `"family_id": "1"`) {
		t.Error("az's cache has no family refresh token")
	}
}

func cacheOf(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "msal_token_cache.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRealAzSignsInToATenantThatDemandsMFA(t *testing.T) {
	a := newAZ(t)
	a.login("--tenant", cloud.Northwind.ID, "--scope", cloud.ScopeCognitive)
	if got := a.token("--tenant", cloud.Northwind.ID).Tenant; got != cloud.Northwind.ID {
		t.Errorf("a token of %s", got)
	}
}

func TestRealAzMeetsTheSignInFrequency(t *testing.T) {
	a := newAZ(t)
	a.cloud.SetPolicy(func(p *cloud.Policy) { p.TokenLifetime = time.Minute }) // az refreshes each time
	a.login("--tenant", cloud.Contoso.ID)
	if one, two := a.token(), a.token(); one.ID == two.ID {
		t.Error("az did not refresh a token with less than five minutes left")
	}
	a.cloud.SetPolicy(func(p *cloud.Policy) { p.Tenant(cloud.Contoso).SignInFrequency = time.Millisecond })
	a.refused("AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token was issued on ",
		"account", "get-access-token", "--scope", cloud.ScopeCognitive)
	a.cloud.SetPolicy(func(p *cloud.Policy) { p.Tenant(cloud.Contoso).SignInFrequency = time.Hour })
	a.login("--tenant", cloud.Contoso.ID) // the person signs in again
	a.token()
}

func TestRealAzMeetsRefusals(t *testing.T) {
	a := newAZ(t)
	a.cloud.SetPolicy(func(p *cloud.Policy) { p.TokenLifetime = time.Minute })
	a.login("--tenant", cloud.Contoso.ID)
	for _, c := range []struct {
		name, want string
		change     func(*cloud.Policy)
	}{
		{"revoked", "AADSTS50173", func(p *cloud.Policy) { p.Revoked = time.Now() }},
		{"idle", "AADSTS700082", func(p *cloud.Policy) { p.Revoked, p.IdleLimit = time.Time{}, time.Millisecond }},
		{"blocked", "AADSTS53003", func(p *cloud.Policy) { p.IdleLimit = 0; p.Tenant(cloud.Contoso).ConditionalAccess = 53003 }},
		{"cut off", "Max retries exceeded", func(p *cloud.Policy) { p.NetworkCut = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := *a
			a.t = t
			// MSAL remembers a refusal for a minute; without its memory it asks again.
			if err := os.Remove(filepath.Join(a.dir, "msal_http_cache.bin")); err != nil {
				t.Fatal(err)
			}
			a.cloud.SetPolicy(c.change)
			a.refused(c.want, "account", "get-access-token", "--scope", cloud.ScopeCognitive)
		})
	}
}

func TestRealAzTenantWithoutSubscriptions(t *testing.T) {
	a := newAZ(t)
	a.refused("No subscriptions found", "login", "--tenant", cloud.Tailspin.ID)
	a.login("--tenant", cloud.Tailspin.ID)
	if got := a.token().Tenant; got != cloud.Tailspin.ID {
		t.Errorf("a token of %s", got)
	}
}

func TestRealAzSignsInByDeviceCode(t *testing.T) {
	a := newAZ(t)
	r := a.login("--use-device-code")
	if !strings.Contains(r.stderr, "https://microsoft.com/devicelogin and enter the code") {
		t.Errorf("az did not print the code: %s", r.stderr)
	}
	a.token()
	a.cloud.SetPolicy(func(p *cloud.Policy) { p.NoDeviceCode = true })
	a.refused("AADSTS53003", "login", "--use-device-code")
}

func TestRealAzSignsInAsAServicePrincipal(t *testing.T) {
	a := newAZ(t)
	login := []string{"login", "--service-principal", "-u", cloud.RobotID, "--tenant", cloud.Contoso.ID, "-p"}
	a.refused("AADSTS7000215", append(login, "wrong")...)
	a.must(append(login, cloud.RobotSecret)...)
	if got := a.token(); got.Account != cloud.Robot || got.Tenant != cloud.Contoso.ID {
		t.Errorf("a token of %s in %s", got.Account, got.Tenant)
	}
}

func TestRealAzDeclined(t *testing.T) {
	a := newAZ(t)
	a.cloud.SetPolicy(func(p *cloud.Policy) { p.Authorize = cloud.Deny })
	a.refused("AADSTS65004", "login")
}
