package openai_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"aztray/internal/auth"
	"aztray/internal/openai"
	"aztray/test/rig/cloud"
)

func start(t *testing.T) *cloud.Cloud {
	t.Helper()
	c, err := cloud.Start(cloud.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// signIn signs Ada in to a tenant, as az would.
func signIn(t *testing.T, c *cloud.Cloud, tenant cloud.Tenant, scope string) auth.Token {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	client, err := public.New(cloud.AzureCLI, public.WithAuthority(cloud.Authority+"/"+tenant.ID), public.WithHTTPClient(c.HTTPClient()))
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.AcquireTokenInteractive(ctx, []string{scope}, public.WithOpenURL(func(address string) error {
		go c.Visit(context.Background(), address)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return auth.Token{Scope: scope, TenantID: tenant.ID, Secret: auth.NewSecret(got.AccessToken), ExpiresOn: got.ExpiresOn.UTC()}
}

// TestOnTheRig plays what can be wrong at an endpoint against the stand-in for Azure OpenAI, which
// words it as the real one does.
func TestOnTheRig(t *testing.T) {
	c := start(t)
	contoso := signIn(t, c, cloud.Contoso, cloud.ScopeCognitive)
	arm := signIn(t, c, cloud.Contoso, cloud.ScopeARM)
	good := openai.Settings{Endpoint: cloud.ContosoOpenAI, APIVersion: "2025-03-01-preview", ChatModel: "gpt-4o", EmbeddingModel: "text-embedding-3-small"}
	but := func(change func(*openai.Settings)) openai.Settings {
		s := good
		change(&s)
		return s
	}
	resource := func(change func(*cloud.OpenAIPolicy)) func(*cloud.Policy) {
		return func(p *cloud.Policy) { change(p.OpenAI(cloud.ContosoOpenAI)) }
	}
	outage := func(o cloud.Outage) func(*cloud.Policy) {
		return func(p *cloud.Policy) { p.Service(cloud.OpenAI).Outage = o }
	}
	for _, tc := range []struct {
		name        string
		policy      func(*cloud.Policy)
		settings    openai.Settings
		token       auth.Token
		status      openai.Status
		chat, embed openai.Status
		code        string
	}{
		{"all is well", nil, good, contoso, openai.Healthy, openai.Healthy, openai.Healthy, ""},
		{"a reasoning model", nil, but(func(s *openai.Settings) { s.ChatModel = "o4-mini" }), contoso, openai.Healthy, openai.Healthy, openai.Healthy, ""},
		{"the resource of another tenant", nil, but(func(s *openai.Settings) { s.Endpoint = cloud.FabrikamOpenAI }), contoso, openai.Unhealthy, openai.Unhealthy, openai.Unhealthy, "OPENAI_WRONG_TENANT"},
		{"a token for ARM", nil, good, arm, openai.Unhealthy, openai.Unhealthy, openai.Unhealthy, "OPENAI_WRONG_SCOPE"},
		{"a token of nobody's", nil, good, auth.Token{Scope: cloud.ScopeCognitive, Secret: auth.NewSecret("made-up")}, openai.Unhealthy, openai.Unhealthy, openai.Unhealthy, "OPENAI_TOKEN_REFUSED"},
		{"no role", resource(func(p *cloud.OpenAIPolicy) { p.NoRole = true }), good, contoso, openai.Unhealthy, openai.Unhealthy, openai.Unhealthy, "OPENAI_ROLE_MISSING"},
		{"the firewall", resource(func(p *cloud.OpenAIPolicy) { p.Firewall = true }), good, contoso, openai.Unhealthy, openai.Unhealthy, openai.Unhealthy, "OPENAI_FIREWALL"},
		{"throttled deployments", resource(func(p *cloud.OpenAIPolicy) { p.RateLimit = 7 * time.Second }), good, contoso, openai.Degraded, openai.Degraded, openai.Degraded, "OPENAI_THROTTLED"},
		{"no such deployment", nil, but(func(s *openai.Settings) { s.ChatModel = "gpt-9" }), contoso, openai.Degraded, openai.Unhealthy, openai.Healthy, "OPENAI_NO_DEPLOYMENT"},
		{"the models changed about", nil, but(func(s *openai.Settings) { s.ChatModel, s.EmbeddingModel = s.EmbeddingModel, s.ChatModel }), contoso, openai.Unhealthy, openai.Unhealthy, openai.Unhealthy, "OPENAI_OTHER_MODEL"},
		{"a version that never was", nil, but(func(s *openai.Settings) { s.APIVersion = "never" }), contoso, openai.Unhealthy, openai.Unhealthy, openai.Unhealthy, "OPENAI_BAD_VERSION"},
		{"out of order", outage(cloud.Outage503), good, contoso, openai.Degraded, openai.Degraded, openai.Degraded, "OPENAI_UNAVAILABLE"},
		{"cut off in the middle", outage(cloud.OutageReset), good, contoso, openai.Unknown, openai.Unknown, openai.Unknown, "OPENAI_UNREACHABLE"},
		{"never answers", outage(cloud.OutageSilent), good, contoso, openai.Unknown, openai.Unknown, openai.Unknown, "OPENAI_TIMEOUT"},
		{"a name that the proxy does not find", nil, but(func(s *openai.Settings) { s.Endpoint = "https://unknown.openai.azure.com" }), contoso, openai.Unknown, openai.Unknown, openai.Unknown, "OPENAI_UNREACHABLE"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.policy != nil {
				c.SetPolicy(tc.policy)
				defer c.SetPolicy(func(p *cloud.Policy) {
					*p.OpenAI(cloud.ContosoOpenAI), *p.Service(cloud.OpenAI) = cloud.OpenAIPolicy{}, cloud.Faults{}
				})
			}
			timeout := 10 * time.Second
			if tc.code == "OPENAI_TIMEOUT" {
				timeout = 100 * time.Millisecond
			}
			r := openai.Client{HTTP: c.HTTPClient(), Timeout: timeout}.Probe(t.Context(), tc.settings, tc.token)
			code := ""
			if r.Problem != nil {
				code = r.Problem.Code
			}
			if r.Status != tc.status || r.Deployments[0].Status != tc.chat || r.Deployments[1].Status != tc.embed || code != tc.code {
				t.Errorf("%s of %s and %s, %q; want %s of %s and %s, %q\n%v", r.Status, r.Deployments[0].Status, r.Deployments[1].Status, code,
					tc.status, tc.chat, tc.embed, tc.code, r.Problem)
			}
		})
	}
	if t.Failed() {
		return
	}
	requests, err := json.Marshal(c.Requests())
	if err != nil || !strings.Contains(string(requests), "missing_required_parameter") {
		t.Errorf("no deployment was asked: %v", err)
	}
	for _, r := range c.Requests() {
		if r.Service == cloud.OpenAI && r.Method == "POST" && r.Outcome == "ok" {
			t.Errorf("a call was answered, and billed: %+v", r)
		}
	}
}
