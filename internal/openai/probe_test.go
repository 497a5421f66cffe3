package openai

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"aztray/internal/auth"
)

const (
	tenantA = "aaaaaaaa-0000-4000-8000-000000000001"
	tenantB = "bbbbbbbb-0000-4000-8000-000000000002"
	planted = "a-token-in-no-shape-that-is-known"
)

var settings = Settings{Endpoint: "https://example.openai.azure.com/", APIVersion: "2025-03-01-preview", ChatModel: "chat-one", EmbeddingModel: "embed-one"}

func token() auth.Token {
	return auth.Token{Scope: "https://cognitiveservices.azure.com/.default", TenantID: tenantA, Secret: auth.NewSecret(planted), ExpiresOn: time.Now().Add(time.Hour)}
}

// said is one answer of a server.
type said struct {
	status int
	body   string
	header string // "Name: value", or ""
}

var (
	list      = said{200, `{"object":"list","data":[{"id":"gpt-4o"}]}`, ""}
	noMessage = said{400, `{"error":{"message":"Missing required parameter: 'messages'.","type":"invalid_request_error","param":"messages","code":"missing_required_parameter"}}`, ""}
	noInput   = said{400, `{"error":{"message":"'input' is a required property","type":"invalid_request_error","param":null,"code":null}}`, ""}
	noRole    = said{401, "{\"error\":{\"code\":\"PermissionDenied\",\"message\":\"The principal `0` lacks the required data action `Microsoft.CognitiveServices/accounts/OpenAI/models/read` to perform `GET /openai/models` operation.\"}}", ""}
	notFound  = said{404, `{"error":{"code":"404","message":"Resource not found"}}`, ""}
	noSuch    = said{404, `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."}}`, ""}
	busy      = said{429, `{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 7 seconds."}}`, ""}
	otherDir  = said{400, `{"error":{"code":"Tenant provided in token does not match resource token","message":"Token tenant ` + tenantA + ` does not match resource tenant."}}`, ""}
	refused   = said{401, `{"statusCode":401,"message":"Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired."}`, ""}
)

// server answers every host by what it says to models, chat and embeddings, and to who has no token.
type server struct {
	models, chat, embed, nobody said

	mu    sync.Mutex
	asked []string // method, address, whether the token came along, body
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bearer := r.Header.Get("Authorization") == "Bearer "+planted
	body := make([]byte, 10)
	n, _ := r.Body.Read(body)
	s.mu.Lock()
	s.asked = append(s.asked, strings.TrimSpace(fmt.Sprint(r.Method, " ", r.Host, r.URL.Path, "?", r.URL.RawQuery, " ", bearer, " ", string(body[:n]))))
	s.mu.Unlock()
	a := s.models
	switch {
	case !bearer:
		a = s.nobody
	case strings.HasSuffix(r.URL.Path, "/chat/completions"):
		a = s.chat
	case strings.HasSuffix(r.URL.Path, "/embeddings"):
		a = s.embed
	}
	if name, value, ok := strings.Cut(a.header, ": "); ok {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	w.Write([]byte(a.body))
}

// client reaches s at whatever host.
func (s *server) client(t *testing.T) Client {
	t.Helper()
	listening := httptest.NewTLSServer(s)
	t.Cleanup(listening.Close)
	roots := x509.NewCertPool()
	roots.AddCert(listening.Certificate())
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, listening.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return Client{HTTP: &http.Client{Transport: transport}}
}

func newServer() *server {
	return &server{models: list, chat: noMessage, embed: noInput, nobody: refused}
}

func TestAProbeOfAWorkingEndpointBillsNothing(t *testing.T) {
	s := newServer()
	r := s.client(t).Probe(t.Context(), settings, token())
	if r.Status != Healthy || r.Problem != nil || r.TenantID != tenantA || r.At.IsZero() || r.At.Location() != time.UTC {
		t.Errorf("%+v", r)
	}
	for i, want := range []Deployment{{"chat-one", Chat, Healthy, nil}, {"embed-one", Embedding, Healthy, nil}} {
		if r.Deployments[i] != want {
			t.Errorf("%+v, want %+v", r.Deployments[i], want)
		}
	}
	want := []string{
		"GET example.openai.azure.com/openai/models?api-version=2025-03-01-preview true",
		"POST example.openai.azure.com/openai/deployments/chat-one/chat/completions?api-version=2025-03-01-preview true {}",
		"POST example.openai.azure.com/openai/deployments/embed-one/embeddings?api-version=2025-03-01-preview true {}",
	}
	if got := strings.Join(s.asked, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("asked:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

// refusals: the endpoint as a whole answers so, to whatever is asked.
var refusals = []struct {
	name   string
	answer said
	code   code
	kind   auth.Kind
	status Status
	cures  bool
	retry  time.Duration
}{
	{"another tenant's token", otherDir, wrongTenant, auth.WrongTenant, Unhealthy, false, 0},
	{"another tenant's token, older words", said{400, `{"error":{"message":"Token tenant x does not match resource tenant."}}`, ""}, wrongTenant, auth.WrongTenant, Unhealthy, false, 0},
	{"a region's host", said{400, `{"error":{"code":"BadRequest","message":"Please provide a custom subdomain for token authentication, otherwise API key is required."}}`, ""}, regionalEndpoint, auth.ConfigError, Unhealthy, false, 0},
	{"the token is refused", refused, tokenRefused, auth.SignInRequired, Unhealthy, true, 0},
	{"claims are wanted", said{401, `{}`, `WWW-Authenticate: Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="`}, "CLAIMS_REQUIRED", auth.ClaimsRequired, Unhealthy, true, 0},
	{"no role", noRole, roleMissing, auth.ConfigError, Unhealthy, false, 0},
	{"no role, older words", said{401, `{"error":{"code":"401","message":"Principal does not have access to API/Operation."}}`, ""}, roleMissing, auth.ConfigError, Unhealthy, false, 0},
	{"no role, its code alone", said{401, `{"error":{"code":"PermissionDenied","message":""}}`, ""}, roleMissing, auth.ConfigError, Unhealthy, false, 0},
	{"no role, its sentence alone", said{401, `{"error":{"code":"401","message":"The principal lacks the required data action."}}`, ""}, roleMissing, auth.ConfigError, Unhealthy, false, 0},
	{"no role, as 403", said{403, noRole.body, ""}, roleMissing, auth.ConfigError, Unhealthy, false, 0},
	{"a key is wanted", said{401, `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}`, ""}, badEndpoint, auth.ConfigError, Unhealthy, false, 0},
	{"firewall", said{403, `{"error":{"code":"AccessDenied","message":"Access denied due to Virtual Network/Firewall rules."}}`, ""}, firewall, auth.ConfigError, Unhealthy, false, 0},
	{"private endpoint only", said{403, `{"error":{"code":"403","message":"Public access is disabled. Please configure private endpoint."}}`, ""}, privateOnly, auth.ConfigError, Unhealthy, false, 0},
	{"forbidden by who knows what", said{403, `no`, ""}, forbidden, auth.ConfigError, Unhealthy, false, 0},
	{"no such deployment", noSuch, noDeployment, auth.ConfigError, Unhealthy, false, 0},
	{"bad path or version", notFound, badVersion, auth.ConfigError, Unhealthy, false, 0},
	{"a version it had once", said{400, `{"error":{"code":"BadRequest","message":"API version not supported"}}`, ""}, badVersion, auth.ConfigError, Unhealthy, false, 0},
	{"throttled, by its sentence", busy, throttled, auth.Transient, Degraded, false, 7 * time.Second},
	{"throttled, by its header", said{429, busy.body, "Retry-After: 90"}, throttled, auth.Transient, Degraded, false, 90 * time.Second},
	{"throttled, in milliseconds", said{429, busy.body, "retry-after-ms: 1500"}, throttled, auth.Transient, Degraded, false, 1500 * time.Millisecond},
	{"throttled beyond belief", said{429, busy.body, "Retry-After: 99999999"}, throttled, auth.Transient, Degraded, false, 24 * time.Hour},
	{"out of order", said{503, `{"error":{"code":"ServiceUnavailable"}}`, "Retry-After: 3"}, unavailable, auth.Transient, Degraded, false, 3 * time.Second},
	{"a page instead of JSON", said{200, "<html>Welcome", ""}, badEndpoint, auth.ConfigError, Unhealthy, false, 0},
	{"sent elsewhere", said{302, "", "Location: https://elsewhere.example/"}, badEndpoint, auth.ConfigError, Unhealthy, false, 0},
	{"words that nobody knows", said{418, `{"error":"teapot"}`, ""}, unexpected, auth.Transient, Unknown, false, 0},
	{"a 400 that nobody knows", said{400, `{"error":"teapot"}`, ""}, unexpected, auth.Transient, Unknown, false, 0},
}

func TestWhatAnAnswerMeans(t *testing.T) {
	for _, tc := range refusals {
		t.Run(tc.name, func(t *testing.T) {
			s := &server{models: tc.answer, chat: tc.answer, embed: tc.answer, nobody: refused}
			r := s.client(t).Probe(t.Context(), settings, token())
			if r.Problem == nil {
				t.Fatalf("no problem: %+v", r)
			}
			p := r.Problem
			if p.Code != string(tc.code) || p.Kind != tc.kind || r.Status != tc.status || p.SignInCures() != tc.cures || r.RetryAfter != tc.retry {
				t.Errorf("%s %s %s, sign-in cures %v, retry %v\nwant %s %s %s, %v, %v", p.Code, p.Kind, r.Status, p.SignInCures(), r.RetryAfter, tc.code, tc.kind, tc.status, tc.cures, tc.retry)
			}
			for _, d := range r.Deployments {
				if d.Status != tc.status {
					t.Errorf("%s is %s, want %s", d.Name, d.Status, tc.status)
				}
			}
			for _, text := range []string{p.Message, p.Advice} {
				if text == "" || strings.ContainsAny(text, "{}") {
					t.Errorf("not a sentence: %q", text)
				}
			}
			if p.Err == nil {
				t.Error("no cause for --verbose")
			}
			for _, line := range s.asked {
				if !strings.Contains(line, " example.openai.azure.com/") {
					t.Errorf("asked elsewhere: %s", line)
				}
			}
		})
	}
}

// mixtures: what the parts make together.
var mixtures = []struct {
	name                 string
	models, chat, embed  said
	status, first, other Status
	problem              code
	requests             int
}{
	{"one deployment is missing", list, noSuch, noInput, Degraded, Unhealthy, Healthy, noDeployment, 3},
	{"the other is missing", list, noMessage, noSuch, Degraded, Healthy, Unhealthy, noDeployment, 3},
	{"both are missing", list, noSuch, noSuch, Unhealthy, Unhealthy, Unhealthy, noDeployment, 3},
	{"chat is throttled", list, busy, noInput, Degraded, Degraded, Healthy, throttled, 3},
	{"chat is a model for embeddings", list, said{400, `{"error":{"code":"OperationNotSupported","message":"The chatCompletion operation does not work with the specified model, x."}}`, ""}, noInput, Degraded, Unhealthy, Healthy, otherModel, 3},
	{"the role allows calls and no list", noRole, noMessage, noInput, Healthy, Healthy, Healthy, "", 3},
	{"a gateway without a list", notFound, noMessage, noInput, Healthy, Healthy, Healthy, "", 3},
	{"the role allows the list and no calls", list, noRole, noRole, Unhealthy, Unhealthy, Unhealthy, roleMissing, 3},
	{"a gateway that answers an empty request", list, list, list, Healthy, Healthy, Healthy, "", 3},
	{"all is throttled: nothing more is asked", busy, busy, busy, Degraded, Degraded, Degraded, throttled, 1},
	{"the token ends meanwhile", list, noMessage, refused, Degraded, Healthy, Unhealthy, tokenRefused, 3},
	{"one is missing, of the other nothing is learnt", list, noSuch, said{418, "", ""}, Unhealthy, Unhealthy, Unknown, noDeployment, 3},
}

func TestPartsMakeAWhole(t *testing.T) {
	for _, tc := range mixtures {
		t.Run(tc.name, func(t *testing.T) {
			s := &server{models: tc.models, chat: tc.chat, embed: tc.embed, nobody: refused}
			r := s.client(t).Probe(t.Context(), settings, token())
			var problem code
			if r.Problem != nil {
				problem = code(r.Problem.Code)
			}
			if r.Status != tc.status || r.Deployments[0].Status != tc.first || r.Deployments[1].Status != tc.other || problem != tc.problem || len(s.asked) != tc.requests {
				t.Errorf("%s of %s and %s, %q, %d requests\nwant %s of %s and %s, %q, %d", r.Status, r.Deployments[0].Status, r.Deployments[1].Status, problem, len(s.asked),
					tc.status, tc.first, tc.other, tc.problem, tc.requests)
			}
		})
	}
}

func TestAProblemNamesWhatToSet(t *testing.T) {
	s := newServer()
	s.chat, s.embed = noSuch, noSuch
	r := s.client(t).Probe(t.Context(), settings, token())
	for i, want := range []struct{ name, setting string }{{"chat-one", "openai.chat_model"}, {"embed-one", "openai.embedding_model"}} {
		p := r.Deployments[i].Problem
		if !strings.Contains(p.Message, want.name) || !strings.Contains(p.Advice, want.setting) {
			t.Errorf("%q %q: want %s and %s", p.Message, p.Advice, want.name, want.setting)
		}
	}
}

func challenge(uri string) string {
	return `WWW-Authenticate: Bearer authorization_uri="` + uri + `", resource_id="https://cognitiveservices.azure.com"`
}

func TestTheEndpointsTenantIsFound(t *testing.T) {
	signedOut := auth.Token{}
	dead := token()
	dead.ExpiresOn = time.Now().Add(-time.Second)
	for _, tc := range []struct {
		name           string
		answer, nobody said
		token          auth.Token
		want           string
		status         Status
	}{
		{"in the refusal's challenge", said{400, otherDir.body, challenge("https://login.windows.net/" + tenantB)}, refused, token(), tenantB, Unhealthy},
		{"in the refusal's text", said{401, `{"error":{"code":"InvalidAuthenticationTokenTenant","message":"from the wrong issuer 'https://sts.windows.net/` + tenantA + `/'. It must match the tenant 'https://sts.windows.net/` + tenantB + `/'."}}`, ""}, refused, token(), tenantB, Unhealthy},
		{"by asking without a token", otherDir, said{401, `{}`, challenge("https://login.microsoftonline.com/" + tenantB)}, token(), tenantB, Unhealthy},
		{"nowhere", otherDir, refused, token(), "", Unhealthy},
		{"not in a challenge for all tenants", otherDir, said{401, `{}`, challenge("https://login.microsoftonline.com/common")}, token(), "", Unhealthy},
		{"not in a challenge that names the token's", otherDir, said{401, `{}`, challenge("https://login.microsoftonline.com/" + tenantA)}, token(), "", Unhealthy},
		{"not in a challenge from a stranger", otherDir, said{401, `{}`, challenge("https://login.example/" + tenantB)}, token(), "", Unhealthy},
		{"before anybody has signed in", list, said{401, `{}`, challenge("https://login.microsoftonline.com/" + tenantB)}, signedOut, tenantB, Unknown},
		{"after the token has ended", list, said{401, `{}`, challenge("https://login.microsoftonline.com/" + tenantB)}, dead, tenantB, Unknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &server{models: tc.answer, chat: tc.answer, embed: tc.answer, nobody: tc.nobody}
			r := s.client(t).Probe(t.Context(), settings, tc.token)
			if r.TenantID != tc.want || r.Status != tc.status {
				t.Errorf("tenant %q, %s; want %q, %s", r.TenantID, r.Status, tc.want, tc.status)
			}
			if r.Problem != nil && tc.want != "" && !strings.HasSuffix(r.Problem.Advice, "aztray tenant use "+tc.want) {
				t.Errorf("the advice names another tenant: %s", r.Problem.Advice)
			}
			if tc.status == Unknown && (len(s.asked) != 1 || strings.Contains(s.asked[0], "true")) {
				t.Errorf("asked %q: want one request without a token", s.asked)
			}
		})
	}
}

func TestNothingSecretGetsOut(t *testing.T) {
	const jwt = "eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
	for _, tc := range refusals {
		for _, secret := range []string{planted, jwt} {
			a := tc.answer
			a.body += " " + secret
			s := &server{models: a, chat: a, embed: a, nobody: a}
			k := token()
			r := s.client(t).Probe(t.Context(), settings, k)
			out, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var log strings.Builder
			slog.New(slog.NewJSONHandler(&log, nil)).Info("probe", "problem", r.Problem, "result", r)
			for _, text := range []string{string(out), fmt.Sprintf("%+v %#v", r, r), log.String(), r.Problem.Error(), r.Problem.Err.Error()} {
				if strings.Contains(text, secret) {
					t.Errorf("%s: a token in %s", tc.name, text)
				}
			}
		}
	}
}

func TestWithoutDeploymentsTheListOfModelsDecides(t *testing.T) {
	bare := Settings{Endpoint: settings.Endpoint}
	for _, tc := range []struct {
		models said
		status Status
		code   code
	}{
		{list, Healthy, ""},
		{noRole, Unhealthy, roleMissing},
		{notFound, Unhealthy, badVersion},
		{noMessage, Unknown, unexpected}, // a complaint about an empty request, where none was sent
	} {
		s := newServer()
		s.models = tc.models
		r := s.client(t).Probe(t.Context(), bare, token())
		var got code
		if r.Problem != nil {
			got = code(r.Problem.Code)
		}
		if r.Status != tc.status || got != tc.code || len(s.asked) != 1 || r.Deployments == nil {
			t.Errorf("%d: %s %q, %d requests; want %s %q", tc.models.status, r.Status, got, len(s.asked), tc.status, tc.code)
		}
	}
}

func TestTheTokensTenantIsTheEndpointsWhereTheTokenWorks(t *testing.T) {
	gateway := settings
	gateway.Endpoint = "https://ai.contoso.example"
	for _, tc := range []struct {
		name                string
		with                Settings
		models, chat, embed said
		want                string
	}{
		{"the list", settings, list, noSuch, noSuch, tenantA},
		{"a deployment alone", settings, notFound, noSuch, noInput, tenantA},
		{"a role missing is told after the tenant was compared", settings, noRole, noRole, noRole, tenantA},
		{"nothing", settings, notFound, notFound, notFound, ""},
		{"a gateway may present another token", gateway, list, noMessage, noInput, ""},
	} {
		s := &server{models: tc.models, chat: tc.chat, embed: tc.embed, nobody: refused}
		if r := s.client(t).Probe(t.Context(), tc.with, token()); r.TenantID != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, r.TenantID, tc.want)
		}
	}
}
