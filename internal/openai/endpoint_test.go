package openai

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"aztray/internal/auth"
)

func TestWhereATokenMayGo(t *testing.T) {
	for _, tc := range []struct {
		setting string
		base    string // what requests begin with
		login   string
		code    code // why none may go there
	}{
		{"https://example.openai.azure.com", "https://example.openai.azure.com", "azure.com", ""},
		{" https://Example.OpenAI.azure.com/ ", "https://Example.OpenAI.azure.com", "azure.com", ""},
		{"https://example.openai.azure.com:443/", "https://example.openai.azure.com:443", "azure.com", ""},
		{"https://example.openai.azure.us", "https://example.openai.azure.us", "azure.us", ""},
		{"https://example.openai.azure.cn", "https://example.openai.azure.cn", "azure.cn", ""},
		{"https://example.cognitiveservices.azure.com/", "https://example.cognitiveservices.azure.com", "azure.com", ""},
		{"https://example.services.ai.azure.com", "https://example.services.ai.azure.com", "azure.com", ""},
		{"https://example.services.ai.azure.com/api/projects/one", "https://example.services.ai.azure.com", "azure.com", ""},
		{"https://example.openai.azure.com/openai/v1/", "https://example.openai.azure.com", "azure.com", ""},
		{"https://ai.contoso.example", "https://ai.contoso.example", "", ""},
		{"https://openai.contoso.example/gateway/openai", "https://openai.contoso.example/gateway", "", ""},
		{"https://contoso.azure-api.net/llm", "https://contoso.azure-api.net/llm", "", ""},

		{"http://example.openai.azure.com", "", "", notHTTPS},
		{"example.openai.azure.com", "", "", badEndpoint},
		{"https://", "", "", badEndpoint},
		{"https://ada:word@example.openai.azure.com", "", "", badEndpoint},
		{"https://example.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", "", "", badEndpoint},
		{"https://example.openai.azure.com/openai/deployments/gpt-4o", "", "", badEndpoint},
		{"https://gateway.example/openai/deployments/gpt-4o", "", "", badEndpoint},
		{"https://example.openai.azure.com/elsewhere", "", "", badEndpoint},
		{"https://openai.azure.com", "", "", badEndpoint},
		{"https://eastus.api.cognitive.microsoft.com/", "", "", regionalEndpoint},
		{"https://api.openai.com/v1", "", "", badEndpoint},
		{"https://ai.azure.com", "", "", badEndpoint},
		{"https://portal.azure.com/#home", "", "", badEndpoint},
		{"https://example.openai.azure.co", "", "", badEndpoint},
		{"https://example.openai.azure.com.evil.example", "", "", badEndpoint},
	} {
		e, code := parseEndpoint(tc.setting)
		if e.base != tc.base || e.login != tc.login || code != tc.code {
			t.Errorf("%s: %q %q %q\nwant %q %q %q", tc.setting, e.base, e.login, code, tc.base, tc.login, tc.code)
		}
	}
}

func TestNothingIsSentWhereNoTokenMayGo(t *testing.T) {
	sent := &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
		t.Errorf("sent to %s", r.URL)
		return nil, errors.New("no")
	})}
	government := settings
	government.Endpoint = "https://example.openai.azure.us"
	plain := settings
	plain.Endpoint = "http://example.openai.azure.com"
	for _, tc := range []struct {
		name  string
		with  Settings
		code  code
		shape string // of the advice
	}{
		{"plain HTTP", plain, notHTTPS, "Set openai.endpoint to the address with https://."},
		{"another cloud's token", government, wrongScope, "Set azure.scope to https://cognitiveservices.azure.us/.default, and see that az is in the endpoint's cloud: az cloud show"},
	} {
		r := Client{HTTP: sent}.Probe(t.Context(), tc.with, token())
		if r.Status != Unhealthy || r.Problem.Code != string(tc.code) || r.Problem.Advice != tc.shape || r.Deployments[1].Status != Unhealthy {
			t.Errorf("%s: %s %+v", tc.name, r.Status, r.Problem)
		}
	}
	if r := (Client{HTTP: sent}).Probe(t.Context(), Settings{Endpoint: "https://ada:word@example.openai.azure.com"}, token()); r.Status != Unhealthy || strings.Contains(r.Endpoint, "word") {
		t.Errorf("a password in the address: %+v", r)
	}
	if r := (Client{HTTP: sent}).Probe(t.Context(), Settings{ChatModel: "x"}, token()); r.Status != Unknown || r.Problem != nil {
		t.Errorf("no endpoint: %+v", r)
	}
}

func TestARefusedTokenOfAnotherServiceIsASetting(t *testing.T) {
	s := newServer()
	s.models = refused
	k := token()
	k.Scope = "https://management.azure.com/.default"
	r := s.client(t).Probe(t.Context(), settings, k)
	if r.Problem.Code != string(wrongScope) || r.Problem.Kind != auth.ConfigError {
		t.Errorf("%+v", r.Problem)
	}
}

func TestARedirectDoesNotTakeTheTokenAlong(t *testing.T) {
	for _, to := range []string{"https://elsewhere.example/openai/models", "http://example.openai.azure.com/openai/models", "https://sub.example.openai.azure.com/", "/openai/v1/models"} {
		s := newServer()
		s.models = said{307, "", "Location: " + to}
		s.chat, s.embed = s.models, s.models
		r := s.client(t).Probe(t.Context(), settings, token())
		if r.Problem == nil || r.Problem.Code != string(badEndpoint) || len(s.asked) != 1 {
			t.Errorf("%s: %+v, asked %q", to, r.Problem, s.asked)
		}
	}
}
