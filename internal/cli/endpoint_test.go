package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/identity"
)

// runEndpoint runs the command line with a home of its own and no engine.
func runEndpoint(t *testing.T, home string, args ...string) (out, msg string, code int) {
	t.Helper()
	for name, value := range map[string]string{"HOME": home, "USERPROFILE": home, "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home, "LOCALAPPDATA": home,
		"AppData": home, "AZURE_CONFIG_DIR": filepath.Join(home, ".azure"), "COMPOSE_PROJECT_NAME": "Story.1", "DOCKER_CONFIG": home,
		"DOCKER_HOST": "unix://" + filepath.ToSlash(filepath.Join(home, "none.sock")), "AZTRAY_ENDPOINT_PORT": "9000"} {
		t.Setenv(name, value)
	}
	var o, e bytes.Buffer
	code = Execute(context.Background(), args, Env{Out: &o, Err: &e, Now: time.Now})
	return o.String(), e.String(), code
}

func TestEndpointEnv(t *testing.T) {
	home := t.TempDir()
	out, msg, code := runEndpoint(t, home, "endpoint", "env", "--container", "web")
	if code != ExitGood || !strings.Contains(msg, "endpoint.enabled = true") || !strings.Contains(msg, "host.docker.internal") {
		t.Errorf("exit %d, says %q", code, msg)
	}
	stateDir := filepath.Join(home, "aztray")
	if _, err := os.Stat(stateDir); err != nil { // macOS without XDG_STATE_HOME
		t.Fatal(err)
	}
	key, err := identity.LoadKey(stateDir)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for line := range strings.Lines(out) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			env[name] = value
		}
	}
	want := map[string]string{"IDENTITY_ENDPOINT": "http://host.docker.internal:9000/token",
		"IDENTITY_HEADER": key.Header(identity.ContainerName("web")).Reveal(),
		"NO_PROXY":        "host.docker.internal,localhost,127.0.0.1", "no_proxy": "host.docker.internal,localhost,127.0.0.1"}
	if len(env) != len(want) {
		t.Errorf("the file sets %v", env)
	}
	for name, value := range want {
		if env[name] != value {
			t.Errorf("%s=%s, want %s", name, env[name], value)
		}
	}
	again, _, _ := runEndpoint(t, home, "endpoint", "env", "--container", "web")
	if again != out {
		t.Error("the secret does not last")
	}
	service, _, _ := runEndpoint(t, home, "endpoint", "env", "--service", "worker")
	if !strings.Contains(service, "IDENTITY_HEADER="+key.Header(identity.ServiceName("story1", "worker")).Reveal()) {
		t.Errorf("for a service: %s", service)
	}
}

func TestEndpointCompose(t *testing.T) {
	home := t.TempDir()
	out, _, code := runEndpoint(t, home, "endpoint", "compose", "worker", "--project", "story")
	key, err := identity.LoadKey(filepath.Join(home, "aztray"))
	if err != nil || code != ExitGood {
		t.Fatal(code, err)
	}
	_, body, _ := strings.Cut(out, "services:\n")
	want := `  "worker":
    labels:
      aztray.deliver: endpoint
    extra_hosts:
      - "host.docker.internal:host-gateway"
    environment:
      IDENTITY_ENDPOINT: "http://host.docker.internal:9000/token"
      IDENTITY_HEADER: "` + key.Header(identity.ServiceName("story", "worker")).Reveal() + `"
      NO_PROXY: "host.docker.internal,localhost,127.0.0.1"
      no_proxy: "host.docker.internal,localhost,127.0.0.1"
`
	if body != want {
		t.Errorf("got\n%s\nwant\n%s", body, want)
	}
}

func TestEndpointUsage(t *testing.T) {
	for name, args := range map[string][]string{
		"neither":     {"endpoint", "env"},
		"both":        {"endpoint", "env", "--container", "a", "--service", "b"},
		"no services": {"endpoint", "compose"},
		"a misprint":  {"endpoint", "emv"},
	} {
		if out, msg, code := runEndpoint(t, t.TempDir(), args...); code != ExitUsage || out != "" || msg == "" {
			t.Errorf("%s: exit %d, out %q, says %q", name, code, out, msg)
		}
	}
}
