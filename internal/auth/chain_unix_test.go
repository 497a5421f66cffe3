//go:build unix

package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/test/rig/cloud"
)

// laptop is a machine with nothing of Azure's: no tool on PATH, no variable, no home. tools are shell
// scripts to be found on PATH.
func laptop(t *testing.T, tools map[string]string) SourceOptions {
	t.Helper()
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		for _, prefix := range []string{"AZURE_", "IDENTITY_", "MSI_", "IMDS_"} {
			if strings.HasPrefix(name, prefix) {
				t.Setenv(name, value) // puts it back afterwards
				os.Unsetenv(name)
			}
		}
	}
	bin := t.TempDir()
	for name, script := range tools {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	t.Setenv("HOME", t.TempDir())
	return SourceOptions{Scope: scope, Try: true, Timeout: 20 * time.Second,
		Dir:     azDir(t, map[string]string{profileFile: profile}),
		HTTP:    &http.Client{Transport: unplugged{t}},
		machine: func() bool { return false }}
}

// unplugged fails the test for each request.
type unplugged struct{ t *testing.T }

func (u unplugged) RoundTrip(r *http.Request) (*http.Response, error) {
	u.t.Errorf("%s was asked", r.URL.Host)
	return nil, errors.New("no network")
}

const azGives = `echo '{"accessToken": "t", "expires_on": 4102444800}'`

// states are the sources' states, in their order, by a letter each.
func states(sources []Source) string {
	letter := map[SourceState]string{SourceUsed: "U", SourceAvailable: "a", SourceRefused: "r", SourceFailed: "f", SourceNotConfigured: "-", SourceNotTried: "."}
	var s strings.Builder
	for _, source := range sources {
		s.WriteString(letter[source.State])
	}
	return s.String()
}

func source(t *testing.T, sources []Source, name string) Source {
	t.Helper()
	for _, s := range sources {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("there is no %s in %v", name, sources)
	return Source{}
}

func TestSourcesOfALaptop(t *testing.T) {
	const azdGives = `echo '{"token": "t", "expiresOn": "2100-01-01T00:00:00Z"}'`
	tests := []struct {
		name   string
		tools  map[string]string
		env    map[string]string
		change func(*SourceOptions)
		// in order: environment, workload, managed identity, Code, az, azd, PowerShell, browser
		want   string
		of     string // the source whose reason counts
		reason string
	}{
		{"nothing", nil, nil, nil, "-------.", sourceCLI, "az is not on PATH."},
		{"az signed in", map[string]string{"az": azGives}, nil, nil, "----U--.", sourceCLI, "It gives a token, and none before it does."},
		{"az there, nobody signed in: az is not even started", map[string]string{"az": "exit 9"}, nil,
			func(o *SourceOptions) { o.Dir = azDir(t, nil) }, "-------.", sourceCLI, "Nobody is signed in to it."},
		{"az lost the sign-in", map[string]string{"az": `echo "ERROR: Please run 'az login' to setup account." >&2; exit 1`}, nil, nil, "-------.", sourceCLI, "az is not signed in."},
		{"az, for its own tenant: it is not named, for a managed identity cannot have it", map[string]string{"az": `case "$*" in *--tenant*) exit 1;; esac; ` + azGives}, nil,
			func(o *SourceOptions) { o.Tenant = fabrikam }, "----U--.", sourceCLI, "It gives a token, and none before it does."},
		{"az, for another tenant", map[string]string{"az": `case "$*" in *"--tenant ` + contoso + `"*) ` + azGives + `;; *) exit 1;; esac`}, nil,
			func(o *SourceOptions) { o.Tenant = contoso }, "----U--.", sourceCLI, "It gives a token, and none before it does."},
		{"az refused", map[string]string{"az": `echo "ERROR: AADSTS700082: The refresh token has expired due to inactivity. The token was issued on 2021-10-05T11:50:24.4394320Z and was inactive for 90.00:00:00." >&2; exit 1`}, nil, nil,
			"----r--.", sourceCLI, "This sign-in ended because it was not used for 90 days."},
		{"az offline", map[string]string{"az": "echo 'requests.exceptions.ConnectionError: Max retries exceeded' >&2; exit 1"}, nil, nil, "----f--.", sourceCLI, "Microsoft's sign-in service cannot be reached."},
		{"az hangs", map[string]string{"az": "exec /bin/sleep 60"}, nil, func(o *SourceOptions) { o.Timeout = 300 * time.Millisecond }, "----f--.", sourceCLI, "It did not answer within 300ms."},
		{"az and azd", map[string]string{"az": azGives, "azd": azdGives}, nil, nil, "----Ua-.", sourceDeveloper, "It gives a token, too."},
		{"azd alone works", map[string]string{"az": "echo 'ERROR: AADSTS50173: revoked' >&2; exit 1", "azd": azdGives}, nil, nil, "----rU-.", sourceDeveloper, "It gives a token, and none before it does."},
		{"azd, nobody signed in", map[string]string{"azd": `echo '{"type":"consoleMessage","data":{"message":"\nERROR: not logged in, run azd auth login to login\n"}}' >&2; exit 1`}, nil, nil, "-------.", sourceDeveloper, "Nobody is signed in to it."},
		{"PowerShell without the module", map[string]string{"pwsh": "echo 'Az.Accounts module not found' >&2; exit 1"}, nil, nil, "-------.", sourcePowerShell, "Nobody is signed in to it."},
		{"not to be tried", map[string]string{"az": "exit 9"}, nil, func(o *SourceOptions) { o.Try = false }, "----.--.", sourceCLI, "It is configured, and was not tried."},
		{"half an environment", nil, map[string]string{"AZURE_CLIENT_ID": "app"}, nil, "-------.", sourceEnvironment, "AZURE_TENANT_ID is not set."},
		{"an environment without a proof", nil, map[string]string{"AZURE_CLIENT_ID": "app", "AZURE_TENANT_ID": contoso}, nil, "-------.", sourceEnvironment, "AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PATH are not set."},
		{"a certificate that is not there", map[string]string{"az": azGives}, map[string]string{"AZURE_CLIENT_ID": "app", "AZURE_TENANT_ID": contoso, "AZURE_CLIENT_CERTIFICATE_PATH": "/nowhere.pem"}, nil,
			"r---U--.", sourceEnvironment, "The environment configures it in part, or with something that cannot be read, and a program that finds it never asks az."},
		{"a workload without its token", nil, map[string]string{"AZURE_CLIENT_ID": "app", "AZURE_TENANT_ID": contoso, "AZURE_FEDERATED_TOKEN_FILE": "/nowhere"}, nil,
			"-r-----.", sourceWorkload, "The environment configures it in part, or with something that cannot be read, and a program that finds it never asks az."},
		{"only tools", map[string]string{"az": azGives}, map[string]string{"AZURE_TOKEN_CREDENTIALS": "dev", "AZURE_CLIENT_ID": "app", "AZURE_TENANT_ID": contoso, "AZURE_CLIENT_SECRET": "s"}, nil,
			"...-U--.", sourceEnvironment, "AZURE_TOKEN_CREDENTIALS=dev leaves it out."},
		{"only what is deployed", map[string]string{"az": azGives}, map[string]string{"AZURE_TOKEN_CREDENTIALS": "prod"}, nil, "---.....", sourceCLI, "AZURE_TOKEN_CREDENTIALS=prod leaves it out."},
		{"one by name", map[string]string{"az": azGives}, map[string]string{"AZURE_TOKEN_CREDENTIALS": "azureclicredential"}, nil, "....U...", sourceDeveloper, "AZURE_TOKEN_CREDENTIALS=azureclicredential leaves it out."},
		{"set to nothing that is known", map[string]string{"az": azGives}, map[string]string{"AZURE_TOKEN_CREDENTIALS": ""}, nil, "........", sourceCLI, "AZURE_TOKEN_CREDENTIALS holds nothing that DefaultAzureCredential knows, so that it fails at once."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := laptop(t, tt.tools)
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			if tt.change != nil {
				tt.change(&o)
			}
			got := Sources(t.Context(), o)
			if states(got) != tt.want {
				t.Errorf("states %s, want %s: %+v", states(got), tt.want, got)
			}
			s := source(t, got, tt.of)
			if s.Reason != tt.reason {
				t.Errorf("%s: %q, want %q", s.Name, s.Reason, tt.reason)
			}
			if bad := s.State == SourceRefused || s.State == SourceFailed; bad != (s.Problem != nil) {
				t.Errorf("%s is %s with problem %v", s.Name, s.State, s.Problem)
			}
		})
	}
}

func TestTheEnvironmentsSecret(t *testing.T) {
	c, err := cloud.Start(cloud.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	tests := []struct {
		name, secret string
		policy       func(*cloud.Policy)
		state        SourceState
		code         string
	}{
		{"right", cloud.RobotSecret, nil, SourceUsed, ""},
		{"wrong", "not~it", nil, SourceRefused, "AADSTS7000215"},
		{"expired", cloud.RobotSecret, func(p *cloud.Policy) { p.Robot.SecretExpired = true }, SourceRefused, "AADSTS7000222"},
		{"no network", cloud.RobotSecret, func(p *cloud.Policy) { p.NetworkCut = true }, SourceFailed, "NET_UNREACHABLE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := laptop(t, map[string]string{"az": azGives})
			o.HTTP, o.Scope = c.HTTPClient(), cloud.ScopeCognitive
			t.Setenv("AZURE_CLIENT_ID", cloud.RobotID)
			t.Setenv("AZURE_TENANT_ID", cloud.Contoso.ID)
			t.Setenv("AZURE_CLIENT_SECRET", tt.secret)
			if tt.policy != nil {
				c.SetPolicy(tt.policy)
			}
			got := Sources(t.Context(), o)
			s, code := source(t, got, sourceEnvironment), ""
			if s.Problem != nil {
				code = s.Problem.Code
			}
			if s.State != tt.state || code != tt.code {
				t.Errorf("%s by %q (%s: %v), want %s by %q", s.State, code, s.Reason, s.Problem, tt.state, tt.code)
			}
			if tt.state == SourceRefused && !strings.Contains(s.Problem.Advice, "AZURE_CLIENT_SECRET") {
				t.Errorf("advice %q, want one about AZURE_CLIENT_SECRET", s.Problem.Advice)
			}
			az := source(t, got, sourceCLI).State
			if want := map[bool]SourceState{true: SourceAvailable, false: SourceUsed}[tt.state == SourceUsed]; az != want {
				t.Errorf("az is %s, want %s", az, want)
			}
			whole, err := json.Marshal(got)
			if err != nil || strings.Contains(string(whole)+fmt.Sprintf("%+v", got), tt.secret) {
				t.Errorf("the secret is in the report (%v)", err)
			}
		})
	}
}

func TestTheManagedIdentityEndpoint(t *testing.T) {
	tests := []struct {
		name    string
		answer  string
		status  int
		state   SourceState
		code    string
		machine bool
	}{
		{"gives a token", `{"access_token": "t", "expires_on": "4102444800", "resource": "r", "token_type": "Bearer"}`, 200, SourceUsed, "", false},
		{"refuses", `{"statusCode": 400, "message": "no identity here", "error": "invalid_resource_", "error_description": "no identity here"}`, 400, SourceRefused, "MANAGED_IDENTITY_REFUSED", false},
		{"is busy", `{"message": "soon"}`, 503, SourceFailed, "ENTRA_UNAVAILABLE", false},
		{"of a virtual machine", `{"access_token": "t", "expires_in": "3600", "expires_on": "4102444800", "resource": "r", "token_type": "Bearer"}`, 200, SourceUsed, "", true},
		{"of a virtual machine without an identity", `{"error": "invalid_request", "error_description": "Identity not found"}`, 400, SourceNotConfigured, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := laptop(t, nil)
			var asked []string
			endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.URL.Query().Get("resource")+" "+r.Header.Get("X-IDENTITY-HEADER")+r.Header.Get("Metadata"))
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.answer)
			}))
			defer endpoint.Close()
			want := "https://cognitiveservices.azure.com true"
			o.HTTP = &http.Client{Transport: toHost{strings.TrimPrefix(endpoint.URL, "http://")}}
			o.machine = func() bool { return tt.machine }
			if !tt.machine {
				t.Setenv("IDENTITY_ENDPOINT", endpoint.URL+"/token")
				t.Setenv("IDENTITY_HEADER", "hush")
				want = "https://cognitiveservices.azure.com hush"
			}
			s, code := source(t, Sources(t.Context(), o), sourceManaged), ""
			if s.Problem != nil {
				code = s.Problem.Code
			}
			if s.State != tt.state || code != tt.code {
				t.Errorf("%s by %q (%s), want %s by %q", s.State, code, s.Reason, tt.state, tt.code)
			}
			if s.Problem != nil && !strings.Contains(s.Problem.Message, "endpoint") {
				t.Errorf("%q, want words about the endpoint", s.Problem.Message)
			}
			if len(asked) != 1 || asked[0] != want {
				t.Errorf("asked %q, want once %q", asked, want)
			}
		})
	}
}

// toHost sends every request to one host.
type toHost struct{ host string }

func (h toHost) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", h.host
	return http.DefaultTransport.RoundTrip(r)
}

func TestVisualStudioCodeIsReportedAsItIs(t *testing.T) {
	tests := []struct {
		name, makes, says string
		state             SourceState
	}{
		{"not here", "nothing", "Its Azure extension is not installed.", SourceNotConfigured},
		{"installed", ".vscode/extensions/" + codeExtension + "-0.9.8/package.json", "nobody is signed in", SourceNotConfigured},
		{"on a server", ".vscode-server/extensions/" + codeExtension + "-0.9.8/package.json", "nobody is signed in", SourceNotConfigured},
		{"signed in", ".azure/" + codeExtension + "/authRecord.json", "Go's SDK has no such source", SourceNotTried},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := laptop(t, nil)
			file := filepath.Join(os.Getenv("HOME"), tt.makes)
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte("{}"), 0o600)); err != nil {
				t.Fatal(err)
			}
			s := source(t, Sources(t.Context(), o), sourceCode)
			if s.State != tt.state || !strings.Contains(s.Reason, tt.says) {
				t.Errorf("%s: %q, want %s: %q", s.State, s.Reason, tt.state, tt.says)
			}
		})
	}
}
