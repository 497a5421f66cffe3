package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const (
	tenantA = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
	tenantB = "bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb"
)

// defaults is what a person gets who says nothing.
func defaults() Settings {
	return Settings{
		Azure:  Azure{Scope: "https://cognitiveservices.azure.com/.default", LoginTimeout: 5 * time.Minute, ProbeInterval: 5 * time.Minute, Follow: true},
		OpenAI: OpenAI{APIVersion: "2025-03-01-preview", EmbeddingModel: "text-embedding-3-small", ChatModel: "gpt-4o"},
		Notify: Notify{Warn: []time.Duration{30 * time.Minute, 10 * time.Minute, 2 * time.Minute}, Snooze: 15 * time.Minute},
		Containers: Containers{
			Names:    []string{"codestory-service", "codestory-worker", "codestory-mcp", "code-story-*"},
			Delivery: "copy", Credential: "access-token", Scopes: []string{}, ScopesAllowed: []string{}, TenantsAllowed: []string{}, Logs: true,
		},
		Health:     Health{Listen: "auto", Watch: []string{}, AutoFix: "browser"},
		Endpoint:   Endpoint{Port: 8765},
		Engine:     Engine{Hosts: []string{}, Plaintext: []string{}},
		Kubernetes: Kubernetes{Secret: "aztray-azure"},
		Tray:       Tray{Icon: "auto"},
	}
}

// load loads a file of that text in that environment, and nothing of the machine's.
func load(t *testing.T, text string, env ...string) (Settings, []string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(Options{File: file, Environ: append([]string{}, env...)})
}

func TestLoad(t *testing.T) {
	for _, c := range []struct {
		name string
		file string
		env  []string
		want func(*Settings) // what differs from the defaults
	}{
		{"nothing is set", "", nil, func(*Settings) {}},
		{"a file of Windows, with a byte order mark", "\ufeff[azure]\r\ntenant_id = \"contoso.example\"\r\n", nil,
			func(s *Settings) { s.Azure.TenantID = "contoso.example" }},
		{"the identity endpoint", "[endpoint]\nenabled = true\nport = 9000", nil,
			func(s *Settings) { s.Endpoint = Endpoint{true, 9000} }},
		{"the identity endpoint, by variables", "", []string{"AZTRAY_ENDPOINT_ENABLED=true", "AZTRAY_ENDPOINT_PORT=9001"},
			func(s *Settings) { s.Endpoint = Endpoint{true, 9001} }},
		{"the whole file", `
			[azure]
			tenant_id = "` + tenantA + `"
			subscription_id = "` + tenantB + `"
			scope = "api://my-app/.default"
			sign_in_lifetime = "12h"
			login_timeout = "90s"
			probe_interval = "1m"
			follow = false
			[openai]
			endpoint = "https://example.openai.azure.com/"
			api_version = "2024-10-21"
			embedding_model = "embed"
			chat_model = "chat"
			[notify]
			warn = ["5m", "1h", "5m"]
			snooze = "1m"
			[containers]
			names = ["web-?"]
			scopes = ["https://vault.azure.net/.default"]
			logs = false
			[health]
			watch = ["http://localhost:8000/health"]
			listen = ""
			[engine]
			hosts = ["unix:///run/docker.sock"]
			[tray]
			icon = "dark"`, nil,
			func(s *Settings) {
				s.Azure = Azure{TenantID: tenantA, SubscriptionID: tenantB, Scope: "api://my-app/.default",
					SignInLifetime: 12 * time.Hour, LoginTimeout: 90 * time.Second, ProbeInterval: time.Minute}
				s.OpenAI = OpenAI{"https://example.openai.azure.com/", "2024-10-21", "embed", "chat"}
				s.Notify = Notify{Warn: []time.Duration{time.Hour, 5 * time.Minute}, Snooze: time.Minute}
				s.Containers.Names = []string{"web-?"}
				s.Containers.Scopes = []string{"https://vault.azure.net/.default"}
				s.Containers.Logs = false
				s.Health.Listen, s.Health.Watch = "", []string{"http://localhost:8000/health"}
				s.Engine.Hosts = []string{"unix:///run/docker.sock"}
				s.Tray.Icon = "dark"
			}},
		{"no container is chosen by name", "[containers]\nnames = []", nil, func(s *Settings) { s.Containers.Names = nil }},
		{"a variable beats the file", `[azure]` + "\n" + `tenant_id = "` + tenantA + `"`,
			[]string{"AZTRAY_AZURE_TENANT_ID=" + tenantB},
			func(s *Settings) { s.Azure.TenantID = tenantB }},
		{"ours beats Code Story's", "",
			[]string{"AZURE_TENANT_ID=" + tenantB, "AZTRAY_AZURE_TENANT_ID=" + tenantA},
			func(s *Settings) { s.Azure.TenantID = tenantA }},
		{"Code Story's first name beats its others", "",
			[]string{"OPENAI__TENANT_ID=" + tenantB, "AZURE_OPENAI__TENANT_ID=" + tenantB, "AZURE__TENANT_ID=" + tenantB, "AZURE_TENANT_ID=" + tenantA},
			func(s *Settings) { s.Azure.TenantID = tenantA }},
		{"Code Story's last name beats the file", `[azure]` + "\n" + `tenant_id = "` + tenantB + `"`,
			[]string{"OPENAI__TENANT_ID=" + tenantA},
			func(s *Settings) { s.Azure.TenantID = tenantA }},
		{"Code Story's names for the endpoint", "",
			[]string{"AZURE_OPENAI__ENDPOINT=https://one.example", "OPENAI__ENDPOINT=https://two.example",
				"AZURE_OPENAI__API_VERSION=v1", "OPENAI__CHAT_MODEL=c", "OPENAI__EMBEDDING_MODEL=e"},
			func(s *Settings) { s.OpenAI = OpenAI{"https://one.example", "v1", "e", "c"} }},
		{"a variable in small letters", "", []string{"azure_tenant_id=" + tenantA},
			func(s *Settings) { s.Azure.TenantID = tenantA }},
		{"one in capitals goes before it", "", []string{"AZURE_TENANT_ID=" + tenantA, "azure_tenant_id=" + tenantB},
			func(s *Settings) { s.Azure.TenantID = tenantA }},
		{"an empty variable counts as not set", "[tray]\nicon = \"dark\"", []string{"AZTRAY_TRAY_ICON="},
			func(s *Settings) { s.Tray.Icon = "dark" }},
		{"lists in variables have commas", "", []string{"AZTRAY_NOTIFY_WARN=1m, 20m", "AZTRAY_CONTAINERS_NAMES=a,b-*"},
			func(s *Settings) {
				s.Notify.Warn = []time.Duration{20 * time.Minute, time.Minute}
				s.Containers.Names = []string{"a", "b-*"}
			}},
		{"variables of others", "", []string{"AZTRAY_E2E=1", "AZURE_CLIENT_ID=x", "PATH=/bin", "=C:=C:\\"}, func(*Settings) {}},
		{"sections of others", "[neo4j]\nuri = 1\n[redis.pool]\nsize = 2", nil, func(*Settings) {}},
		{"the tenant beside the endpoint, where Code Story keeps it", "[openai]\ntenant_id = \"" + tenantA + "\"", nil,
			func(s *Settings) { s.Azure.TenantID = tenantA }},
		{"[azure] beats it", "[openai]\ntenant_id = \"" + tenantB + "\"\n[azure]\ntenant_id = \"" + tenantA + "\"", nil,
			func(s *Settings) { s.Azure.TenantID = tenantA }},
		{"a variable beats it", "[openai]\ntenant_id = \"" + tenantB + "\"", []string{"AZURE_TENANT_ID=" + tenantA},
			func(s *Settings) { s.Azure.TenantID = tenantA }},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := defaults()
			c.want(&want)
			got, warnings, err := load(t, c.file, c.env...)
			if err != nil || len(warnings) > 0 {
				t.Fatalf("error %v, warnings %q", err, warnings)
			}
			if len(got.Containers.Names) == 0 {
				got.Containers.Names = nil
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestLoadTakesCodeStorysFileAsItStands(t *testing.T) {
	want := defaults()
	want.Azure.TenantID = "22222222-2222-2222-2222-222222222222"
	want.Azure.SubscriptionID = "33333333-3333-3333-3333-333333333333"
	want.OpenAI = OpenAI{"https://example.openai.azure.com", "2024-12-01-preview", "text-embedding-3-large", "gpt-4o"}
	got, warnings, err := Load(Options{File: filepath.Join("testdata", "codestory.toml"), Environ: []string{}})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("error %v, warnings %q", err, warnings)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// What Code Story publishes names OpenAI's own endpoint, which takes no credential of Azure's.
func TestLoadTakesCodeStorysPublishedFile(t *testing.T) {
	file := filepath.Join("testdata", "codestory-published.toml")
	published := []string{"OPENAI__ENDPOINT=https://api.openai.com/v1", "OPENAI__EMBEDDING_MODEL=text-embedding-3-small", "OPENAI__CHAT_MODEL=gpt-4o",
		"OPENAI__REASONING_MODEL=gpt-4o", "OPENAI__API_VERSION=2025-03-01-preview", "AZURE_OPENAI__ENDPOINT=", "AZURE_OPENAI__DEPLOYMENT_ID=", "AZURE_TENANT_ID=",
		"NEO4J__PASSWORD=x", "SERVICE__PORT=8000", "AUTH_ENABLED=false"}
	for name, c := range map[string]struct {
		env  []string
		want func(*Settings)
	}{
		"the file alone":                   {nil, func(*Settings) {}},
		"and the published environment":    {published, func(*Settings) {}},
		"and Azure's endpoint beside it":   {append(published, "AZURE_OPENAI__ENDPOINT=https://one.example"), func(s *Settings) { s.OpenAI.Endpoint = "https://one.example" }},
		"and the versions of .env.example": {[]string{"AZURE_OPENAI__API_VERSION=2024-02-01"}, func(s *Settings) { s.OpenAI.APIVersion = "2024-02-01" }},
	} {
		want := defaults()
		c.want(&want)
		got, warnings, err := Load(Options{File: file, Environ: append([]string{}, c.env...)})
		if err != nil || len(warnings) > 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: error %v, warnings %q\ngot  %+v\nwant %+v", name, err, warnings, got, want)
		}
	}
}

func TestCodeStorysEndpointOfAzure(t *testing.T) {
	for file, want := range map[string]string{
		"[azure_openai]\nendpoint = \"https://two.example\"":                                                     "https://two.example",
		"[openai]\nendpoint = \"https://api.openai.com/v1\"\n[azure_openai]\nendpoint = \"https://two.example\"": "https://two.example",
		"[openai]\nendpoint = \"https://one.example\"\n[azure_openai]\nendpoint = \"https://two.example\"":       "https://one.example",
	} {
		if got, _, err := load(t, file); err != nil || got.OpenAI.Endpoint != want {
			t.Errorf("%q: %q, %v; want %s", file, got.OpenAI.Endpoint, err, want)
		}
	}
	_, _, err := load(t, "\n[azure_openai]\nendpoint = \"two\"")
	if err == nil || !strings.Contains(err.Error(), `line 3: azure_openai.endpoint is "two"; it must be an address`) {
		t.Errorf("a bad one: %v", err)
	}
}

// A setting that has no effect yet must not look as if it had one.
func TestLoadWarns(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        []string
		want       string // the warning's text after the file's name; "" for none
	}{
		{"no identity endpoint", "[endpoint]\nenabled = false", nil, ""},
		{"the identity endpoint as the delivery", "[containers]\ndelivery = \"endpoint\"", nil,
			", line 2: containers.delivery is set, but the identity endpoint is off: set endpoint.enabled = true."},
		{"the identity endpoint as the delivery, and it is on", "[containers]\ndelivery = \"endpoint\"\n[endpoint]\nenabled = true", nil, ""},
		{"what is done anyhow", "[containers]\ndelivery = \"copy\"\ncredential = \"access-token\"", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, warnings, err := load(t, c.file, c.env...)
			if err != nil {
				t.Fatal(err)
			}
			want := defaults()
			want.Containers.Delivery, want.Endpoint.Enabled = got.Containers.Delivery, got.Endpoint.Enabled
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the settings do not say what is done: %+v", got)
			}
			text := strings.Join(warnings, "\n")
			if _, after, ok := strings.Cut(text, "config.toml"); ok {
				text = after
			}
			if text != c.want {
				t.Errorf("warned %q, want %q", text, c.want)
			}
		})
	}
}

func TestDeliveryByMountIsDone(t *testing.T) {
	got, warnings, err := load(t, "[containers]\ndelivery = \"mount\"")
	if err != nil || got.Containers.Delivery != "mount" || len(warnings) > 0 {
		t.Errorf("delivery %q, %v, warned %q", got.Containers.Delivery, err, warnings)
	}
}

func TestLoadWithoutAFile(t *testing.T) {
	home := t.TempDir()
	env := []string{"HOME=" + home, "USERPROFILE=" + home}
	got, _, err := Load(Options{Environ: env})
	if err != nil || !reflect.DeepEqual(got, defaults()) {
		t.Errorf("a person without a file: %+v, %v", got, err)
	}
	_, _, err = Load(Options{File: filepath.Join(home, "none.toml"), Environ: env})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that was asked for and is not there: %v", err)
	}
	if _, _, err = Load(Options{Environ: []string{}}); err == nil {
		t.Error("no home, no file named, and no error")
	}
}
