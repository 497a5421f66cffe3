package cloud_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"aztray/test/rig/cloud"
)

const (
	modelsPath = "/openai/models?api-version=" + cloud.APIVersion
	oneMessage = `{"messages":[{"role":"user","content":"hi"}],"max_tokens":1}`
)

func chat(deployment string) string {
	return "/openai/deployments/" + deployment + "/chat/completions?api-version=" + cloud.APIVersion
}

func embeddings(deployment string) string {
	return "/openai/deployments/" + deployment + "/embeddings?api-version=" + cloud.APIVersion
}

// openAICases: what the resource in Contoso answers to Ada. Without a body the request is a GET.
var openAICases = []struct {
	name, path, body string
	tenant           cloud.Tenant // of the token
	scope            string       // "" means no token at all
	policy           func(*cloud.OpenAIPolicy)
	status           int
	want             string
}{
	{"models", modelsPath, "", cloud.Contoso, cloud.ScopeCognitive, nil, 200, `"gpt-4o"`},
	{"models, v1", "/openai/v1/models", "", cloud.Contoso, cloud.ScopeCognitive, nil, 200, `"gpt-4o"`},
	{"a chat", chat("gpt-4o"), oneMessage, cloud.Contoso, cloud.ScopeCognitive, nil, 200, `"chat.completion"`},
	{"embeddings", embeddings("text-embedding-3-small"), `{"input":"x"}`, cloud.Contoso, cloud.ScopeCognitive, nil, 200, `"embedding"`},
	{"another tenant's token", modelsPath, "", cloud.Fabrikam, cloud.ScopeCognitive, nil, 400, `"code":"Tenant provided in token does not match resource token"`},
	{"another audience", modelsPath, "", cloud.Contoso, cloud.ScopeARM, nil, 401, `{"message":"Unauthorized. Access token is missing, invalid, audience is incorrect`},
	{"no token", modelsPath, "", cloud.Contoso, "", nil, 401, `"statusCode":401`},
	{"no role", chat("gpt-4o"), oneMessage, cloud.Contoso, cloud.ScopeCognitive, func(p *cloud.OpenAIPolicy) { p.NoRole = true }, 401, `"code":"PermissionDenied"`},
	{"no role, models", modelsPath, "", cloud.Contoso, cloud.ScopeCognitive, func(p *cloud.OpenAIPolicy) { p.NoRole = true }, 401, "lacks the required data action"},
	{"firewall", modelsPath, "", cloud.Contoso, cloud.ScopeCognitive, func(p *cloud.OpenAIPolicy) { p.Firewall = true }, 403, "Virtual Network/Firewall rules"},
	{"throttled", chat("gpt-4o"), oneMessage, cloud.Contoso, cloud.ScopeCognitive, func(p *cloud.OpenAIPolicy) { p.RateLimit = 7 * time.Second }, 429, "retry after 7 seconds"},
	{"no such deployment", chat("gpt-9"), oneMessage, cloud.Contoso, cloud.ScopeCognitive, nil, 404, `"code":"DeploymentNotFound"`},
	{"deployments are not listed", "/openai/deployments?api-version=2024-10-21", "", cloud.Contoso, cloud.ScopeCognitive, nil, 404, "Resource not found"},
	{"no version", "/openai/models", "", cloud.Contoso, cloud.ScopeCognitive, nil, 404, "Resource not found"},
	{"an empty chat", chat("gpt-4o"), `{}`, cloud.Contoso, cloud.ScopeCognitive, nil, 400, "Missing required parameter: 'messages'"},
	{"max_tokens to a reasoning model", chat("o4-mini"), oneMessage, cloud.Contoso, cloud.ScopeCognitive, nil, 400, `"code":"unsupported_parameter"`},
	{"a chat with embeddings", chat("text-embedding-3-small"), oneMessage, cloud.Contoso, cloud.ScopeCognitive, nil, 400, `"code":"OperationNotSupported"`},
}

func TestOpenAI(t *testing.T) {
	for _, tc := range openAICases {
		t.Run(tc.name, func(t *testing.T) {
			c := start(t, cloud.Options{})
			token, method := "", http.MethodGet
			if tc.scope != "" {
				token = signIn(t, c, tc.tenant.ID, tc.scope).field("access_token")
			}
			if tc.body != "" {
				method = http.MethodPost
			}
			if tc.policy != nil {
				c.SetPolicy(func(p *cloud.Policy) { tc.policy(p.OpenAI(cloud.ContosoOpenAI)) })
			}
			a := send(t, c, method, cloud.ContosoOpenAI+tc.path, token, tc.body)
			if a.status != tc.status || !strings.Contains(a.text, tc.want) {
				t.Errorf("%d %s\nwant %d %s", a.status, a.text, tc.status, tc.want)
			}
		})
	}
}

func TestOpenAIRefusesAnExpiredTokenAndAKey(t *testing.T) {
	k := newClock()
	c := start(t, cloud.Options{Now: k.Now})
	token := signIn(t, c, cloud.Contoso.ID, cloud.ScopeCognitive).field("access_token")
	k.pass(75 * time.Minute)
	if a := get(t, c, cloud.ContosoOpenAI+modelsPath, token); a.status != http.StatusUnauthorized || a.field("statusCode") != "401" {
		t.Errorf("expired: %d %s", a.status, a.text)
	}
	if a := get(t, c, "https://eastus.api.cognitive.microsoft.com"+modelsPath, token); a.status != http.StatusBadRequest || !strings.Contains(a.text, "custom subdomain") {
		t.Errorf("the regional host: %d %s", a.status, a.text)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cloud.ContosoOpenAI+modelsPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("api-key", "0123")
	if a := do(t, c, r); a.status != http.StatusUnauthorized || a.errorCode() != "401" {
		t.Errorf("a key: %d %s", a.status, a.text)
	}
}

const arm = "https://management.azure.com"

func TestARMLists(t *testing.T) {
	c := start(t, cloud.Options{})
	token := signIn(t, c, cloud.Contoso.ID, cloud.ScopeARM).field("access_token")
	for _, tc := range []struct {
		path       string
		want, lack string
	}{
		{"/tenants?api-version=2022-12-01", `"displayName":"Northwind Traders"`, "nothing"},
		{"/tenants?api-version=2016-06-01", cloud.Northwind.ID, "displayName"},
		{"/subscriptions?api-version=2022-12-01", `"displayName":"Contoso Production"`, cloud.FabrikamLab.ID},
		{"/subscriptions?api-version=2019-11-01", `"tenantId":"` + cloud.Contoso.ID, "nothing"},
		{"/subscriptions?api-version=2016-06-01", cloud.ContosoDev.ID, "tenantId"},
		{"/subscriptions/" + cloud.ContosoDev.ID + "?api-version=2022-12-01", "Contoso Development", "Production"},
	} {
		if a := get(t, c, arm+tc.path, token); a.status != http.StatusOK || !strings.Contains(a.text, tc.want) || strings.Contains(a.text, tc.lack) {
			t.Errorf("%s: %d %s", tc.path, a.status, a.text)
		}
	}
	c.SetPolicy(func(p *cloud.Policy) { p.Tenant(cloud.Contoso).Subscriptions = nil })
	if a := get(t, c, arm+"/subscriptions?api-version=2022-12-01", token); !strings.Contains(a.text, `"value":[]`) {
		t.Errorf("no subscriptions: %s", a.text)
	}
}

func TestARMChallengesNameTheTenant(t *testing.T) {
	k := newClock()
	c := start(t, cloud.Options{Now: k.Now})
	token := signIn(t, c, cloud.Contoso.ID, cloud.ScopeARM).field("access_token")
	other := signIn(t, c, cloud.Contoso.ID, cloud.ScopeCognitive).field("access_token")
	fabrikam := arm + "/subscriptions/" + cloud.FabrikamLab.ID + "?api-version=2022-12-01"
	check := func(name, address, token, code, uri string) {
		t.Helper()
		a := get(t, c, address, token)
		if a.status != http.StatusUnauthorized || a.errorCode() != code || !strings.Contains(a.header.Get("WWW-Authenticate"), `Bearer authorization_uri="`+uri+`"`) {
			t.Errorf("%s: %d %s %s, want %s and %s", name, a.status, a.errorCode(), a.header.Get("WWW-Authenticate"), code, uri)
		}
	}
	check("no token", fabrikam, "", "AuthenticationFailed", "https://login.windows.net/"+cloud.Fabrikam.ID)
	check("another tenant's", fabrikam, token, "InvalidAuthenticationTokenTenant", "https://login.windows.net/"+cloud.Fabrikam.ID)
	check("another audience", arm+"/tenants?api-version=2022-12-01", other, "InvalidAuthenticationTokenAudience", "https://login.windows.net/")
	check("made up", arm+"/tenants?api-version=2022-12-01", "x.y.z", "InvalidAuthenticationToken", "https://login.windows.net/")
	k.pass(2 * time.Hour)
	check("expired", arm+"/tenants?api-version=2022-12-01", token, "ExpiredAuthenticationToken", "https://login.windows.net/")
}
