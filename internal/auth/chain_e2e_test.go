//go:build e2e && linux

package auth

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"aztray/test/rig/cloud"
)

func TestRealAzIsASource(t *testing.T) {
	c, dir := onRig(t)
	os.Unsetenv("AZURE_TOKEN_CREDENTIALS") // the rig's; set again after the test
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	o := SourceOptions{Tenant: cloud.Contoso.ID, Scope: cloud.ScopeCognitive, HTTP: c.HTTPClient(), Try: true, Timeout: time.Minute, Dir: dir,
		machine: func() bool { return false }}
	stands := func(want SourceState, code string) {
		t.Helper()
		s, got := source(t, Sources(ctx, o), sourceCLI), ""
		if s.Problem != nil {
			got = s.Problem.Code
		}
		if s.State != want || got != code {
			t.Errorf("az is %s by %q (%s), want %s by %q", s.State, got, s.Reason, want, code)
		}
	}
	stands(SourceNotConfigured, "")
	c.SetPolicy(func(p *cloud.Policy) { p.TokenLifetime = 4 * time.Minute }) // which az takes as over
	if err := (CLI{}).Login(ctx, LoginOptions{TenantID: cloud.Contoso.ID, Scope: cloud.ScopeCognitive}); err != nil {
		t.Fatal(err)
	}
	stands(SourceUsed, "")
	o.Tenant = cloud.Fabrikam.ID
	stands(SourceUsed, "")
	c.SetPolicy(func(p *cloud.Policy) { p.Tenant(cloud.Fabrikam).SignInFrequency = time.Millisecond })
	stands(SourceRefused, "AADSTS70043")
}

// TestRealAzBehindAServiceThatNeverAnswers: az waits for good, and is ended at our limit.
func TestRealAzBehindAServiceThatNeverAnswers(t *testing.T) {
	c, _ := onRig(t)
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	c.SetPolicy(func(p *cloud.Policy) { p.TokenLifetime = 4 * time.Minute }) // which az takes as over
	if err := (CLI{}).Login(ctx, LoginOptions{TenantID: cloud.Contoso.ID, Scope: cloud.ScopeCognitive}); err != nil {
		t.Fatal(err)
	}
	c.SetPolicy(func(p *cloud.Policy) { p.Service(cloud.Entra).Outage = cloud.OutageSilent })
	_, err := CLI{Limit: 5 * time.Second}.AccessToken(ctx, cloud.Contoso.ID, cloud.ScopeCognitive)
	if p, ok := errors.AsType[*Problem](err); !ok || p.Code != "AZ_NO_ANSWER" || p.Kind != Offline {
		t.Errorf("AccessToken = %v, want AZ_NO_ANSWER", err)
	}
}

// TestRealAzAskedByAnAgentOpensNoBrowser: az of 2026 signs in by itself where an agent's session is in its environment
// and the renewal gives nothing. az of 2023 knows nothing of that.
func TestRealAzAskedByAnAgentOpensNoBrowser(t *testing.T) {
	c, _ := onRig(t)
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	t.Setenv("COPILOT_AGENT_SESSION_ID", "0c1d2e3f-0000-4000-8000-000000000000")
	if err := (CLI{}).Login(ctx, LoginOptions{TenantID: cloud.Contoso.ID, Scope: cloud.ScopeCognitive}); err != nil {
		t.Fatal(err)
	}
	if _, err := (CLI{}).AccessToken(ctx, cloud.Contoso.ID, cloud.ScopeCognitive); err != nil {
		t.Errorf("with a good token in az's cache: %v", err)
	}
	visited := len(c.Visited())
	c.SetPolicy(func(p *cloud.Policy) { p.Tenant(cloud.Contoso).SignInFrequency = time.Millisecond })
	_, err := CLI{Limit: 20 * time.Second}.AccessToken(ctx, cloud.Contoso.ID, "https://management.azure.com/.default")
	if p, ok := errors.AsType[*Problem](err); !ok || p.Kind != SignInRequired {
		t.Errorf("refused, az says %v, want SignInRequired", err)
	}
	if n := len(c.Visited()) - visited; n > 0 {
		t.Errorf("a question opened %d pages", n)
	}
}

func TestKindsAndCloudsAsRealAzWritesThem(t *testing.T) {
	_, dir := onRig(t)
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	az := func(args ...string) {
		t.Helper()
		if _, err := (CLI{}).runTelling(ctx, nil, azEnvironment(os.Environ(), true), args...); err != nil {
			t.Fatalf("az %s: %v: %v", args[0], err, err.(*Problem).Err)
		}
	}
	read := func() Files {
		t.Helper()
		f, err := dir.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	az("login", "--tenant", cloud.Fabrikam.ID)
	if f := read(); f.Kind(f.Profile.Current()) != AccountGuest {
		t.Errorf("Ada in Fabrikam is %s, want a guest", f.Kind(f.Profile.Current()))
	}
	az("login", "--tenant", cloud.Tailspin.ID, "--allow-no-subscriptions")
	if row, ok := read().Profile.InTenant(cloud.Tailspin.ID); !ok || !row.TenantLevel() {
		t.Errorf("Ada in Tailspin: %+v, want a tenant-level account", row)
	}
	az("login", "--service-principal", "--username", cloud.RobotID, "--password", cloud.RobotSecret, "--tenant", cloud.Contoso.ID)
	f := read()
	if row, ok := f.Profile.InTenant(cloud.Contoso.ID); !ok || f.Kind(row) != AccountSecret {
		t.Errorf("Robot is %s, want a service principal with a secret", f.Kind(row))
	}
	if users := f.Profile.Users(); len(users) != 2 {
		t.Errorf("signed in are %q, want Ada and Robot", users)
	}

	// with all that az would else ask the cloud for
	az("cloud", "register", "--name", "My Stack", "--cloud-config", `{"endpoints": {"activeDirectory": "https://adfs.stack.example/adfs",
		"activeDirectoryResourceId": "https://management.stack.example/1234", "resourceManager": "https://management.stack.example/",
		"management": "https://management.stack.example/", "activeDirectoryGraphResourceId": "https://graph.stack.example/"}}`)
	az("cloud", "set", "--name", "My Stack")
	f = read()
	if c := f.Cloud; c.Name != "My Stack" || c.AuthorityHost != "adfs.stack.example" || c.ARM != "https://management.stack.example" ||
		c.ARMScope != "https://management.stack.example/1234/.default" || len(f.Profile.Subscriptions) != 0 {
		t.Errorf("the cloud is %+v with %d accounts, want My Stack and none", c, len(f.Profile.Subscriptions))
	}
	t.Setenv("AZURE_CLOUD_NAME", "AzureCloud")
	if n := len(read().Profile.Subscriptions); n < 3 {
		t.Errorf("%d accounts of the public cloud, want them back", n)
	}
}
