//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/cli"
	"aztray/internal/containers"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// answer is what an app in a container, which uses Azure's SDK, got.
type answer struct {
	SHA256    string
	ExpiresOn time.Time `json:"expires_on"`
	Error     string
}

// app is the app as docker run's mount; it is static, for an image with nothing in it.
func (x *story) app() string {
	x.t.Helper()
	file := filepath.Join(x.Dir, "asker")
	cmd := exec.CommandContext(x.ctx, "go", "build", "-o", file, "aztray/test/rig/asker")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		x.t.Fatalf("%v\n%s", err, out)
	}
	return file + ":/asker:ro"
}

// ask runs docker with arguments that make the app ask, and says what it got.
func (x *story) ask(args ...string) (a answer) {
	x.t.Helper()
	out, err := exec.CommandContext(x.ctx, "docker", args...).CombinedOutput()
	if err != nil || json.Unmarshal(out, &a) != nil {
		x.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return a
}

// live checks that a is a token that the cloud gave out, and that lasts.
func (x *story) live(what string, a answer) {
	x.t.Helper()
	for _, t := range x.Cloud.Issued() {
		if sum := sha256.Sum256([]byte(t.Value)); hex.EncodeToString(sum[:]) == a.SHA256 {
			if left := time.Until(a.ExpiresOn); t.Kind == cloud.RefreshToken || t.Tenant != cloud.Contoso.ID || left < 6*time.Minute || (left-time.Until(t.ExpiresOn)).Abs() > time.Second {
				x.t.Errorf("%s: a %s token of %s with %v left", what, t.Kind, t.Tenant, left)
			}
			return
		}
	}
	x.t.Errorf("%s: no token of the cloud's: %+v", what, a)
}

// verified is what service sync --verify says of each container of the story.
func (x *story) verified(want int) map[string]cli.VerifiedReport {
	x.t.Helper()
	out, _ := x.cmd(want, "service", "sync", "--verify", "-o", "json")
	var report struct{ Containers []cli.ContainerReport }
	x.must(json.Unmarshal([]byte(out), &report))
	all := map[string]cli.VerifiedReport{}
	for _, c := range report.Containers {
		if c.Verified != nil {
			all[strings.TrimPrefix(c.Name, x.Prefix)] = *c.Verified
		}
	}
	return all
}

// states is what service status says of each container of the story.
func (x *story) states() map[string]string {
	x.t.Helper()
	out, msg, _, err := x.Aztray(x.ctx, "service", "status", "-o", "json")
	x.must(err)
	var report struct {
		Containers []struct{ Name, Delivery, State string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		x.t.Fatalf("%v: %s%s", err, out, msg)
	}
	all := map[string]string{}
	for _, c := range report.Containers {
		all[strings.TrimPrefix(c.Name, x.Prefix)] = c.Delivery + " " + c.State
	}
	return all
}

// An image with neither az nor a shell has live tokens by the identity endpoint, from its first
// instruction on; after a sign-out its log says what to do. Nobody else gets a token with its secret.
func TestTheIdentityEndpoint(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	x := begin(t, stage.Options{Settings: fmt.Sprintf("[endpoint]\nenabled = true\nport = %d\n[containers]\ndelivery = \"endpoint\"\n", port)})
	_, err = x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.Cleanup(x.Name("early"))
	run(x, "create", "--name", x.Name("early"), images.Static)
	if out, _ := x.cmd(cli.ExitContainers, "service", "status"); !strings.Contains(out, "is taken by") {
		t.Error("status does not say that the endpoint's port is taken")
	}
	l.Close()
	if out, _ := x.cmd(cli.ExitContainers, "service", "status"); !strings.Contains(out, "nobody answers containers at the identity endpoint") {
		t.Error("status does not say that nobody serves the endpoint")
	}
	x.must(x.RemoveContainer(x.ctx, "early"))
	app := x.app()
	x.startTray()
	x.icon(10*time.Second, auth.OK)
	x.eventually(10*time.Second, "the endpoint listens on loopback and on the bridge", func() bool {
		return strings.Count(x.tray.Log(), "the identity endpoint listens") >= 2
	})

	// By docker run and an env file.
	env, msg, _, err := x.Aztray(x.ctx, "endpoint", "env", "--container", x.Name("app"))
	x.must(err)
	file := filepath.Join(x.Dir, "app.env")
	x.must(os.WriteFile(file, []byte(env), 0o600))
	if msg != "" || !strings.Contains(env, "IDENTITY_ENDPOINT=http://172.") {
		t.Errorf("endpoint env says %q, and prints\n%s", msg, env)
	}
	start := func(short string, args ...string) []string {
		x.Cleanup(x.Name(short))
		common := []string{"run", "--name", x.Name(short), "--label", "aztray.deliver=endpoint", "-v", app, "--read-only"}
		return append(append(common, args...), images.Static)
	}
	run(x, append(start("app", "-d", "--env-file", file), "/probe", "sleep")...)
	x.eventually(5*time.Second, "the app is seen and has no token yet", func() bool { return x.states()["app"] == "endpoint missing" })
	x.live("an app on the bridge", x.ask("exec", x.Name("app"), "/asker", cloud.ScopeCognitive))
	x.eventually(5*time.Second, "it is known that the app has a token", func() bool { return x.states()["app"] == "endpoint fresh" })
	if a := x.ask("exec", x.Name("app"), "/asker", cloud.ScopeARM); !strings.Contains(a.Error, "aztray.scopes") {
		t.Errorf("for a resource that it may not have: %+v", a)
	}

	// Where there is a shell and something to ask with, it can be tried from inside.
	env, _, _, err = x.Aztray(x.ctx, "endpoint", "env", "--container", x.Name("tools"))
	x.must(err)
	x.must(os.WriteFile(file, []byte(env), 0o600))
	x.Cleanup(x.Name("tools"))
	run(x, "run", "-d", "--name", x.Name("tools"), "--env-file", file, images.Sh, "/probe", "sleep")
	verified := x.verified(cli.ExitContainers) // for the app, which can't be tried
	if v := verified["tools"]; v.Result != containers.Obtained || v.By == nil || *v.By != "wget" || v.Tenant == nil || *v.Tenant != cloud.Contoso.ID || v.ExpiresOn == nil {
		t.Errorf("tried in a container with wget: %+v", v)
	}
	if v := verified["app"]; v.Result != containers.Untried || !strings.Contains(*v.Error, "no shell") {
		t.Errorf("tried in a container with nothing: %+v", v)
	}

	// Its secret in other hands: another container, and a program on this machine.
	if a := x.ask(append(start("thief", "--env-file", file), "/asker", cloud.ScopeCognitive)...); !strings.Contains(a.Error, "IDENTITY_HEADER") {
		t.Errorf("another container with the app's secret: %+v", a)
	}
	_, secret, _ := strings.Cut(env, "IDENTITY_HEADER=")
	secret, _, _ = strings.Cut(secret, "\n")
	q, err := http.NewRequestWithContext(x.ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/token?api-version=2019-08-01&resource=https://cognitiveservices.azure.com", port), nil)
	x.must(err)
	q.Header.Set("X-IDENTITY-HEADER", secret)
	resp, err := http.DefaultClient.Do(q)
	x.must(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("from loopback with the app's secret: %d", resp.StatusCode)
	}

	// As a compose service, on a network of its own, by name, with its first instruction.
	over, _, _, err := x.Aztray(x.ctx, "endpoint", "compose", "--project", "story", "worker")
	x.must(err)
	network := x.Name("net")
	run(x, "network", "create", network)
	t.Cleanup(func() { exec.Command("docker", "rm", "-f", x.Name("worker")).Run(); run(x, "network", "rm", network) })
	args := []string{"--network", network, "--label", "com.docker.compose.project=story", "--label", "com.docker.compose.service=worker",
		"--add-host", "host.docker.internal:host-gateway"}
	for line := range strings.Lines(over) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), `: "`); ok {
			args = append(args, "-e", name+"="+strings.TrimSuffix(value, `"`))
		}
	}
	x.live("a compose service's first instruction", x.ask(append(start("worker", args...), "/asker", cloud.ScopeCognitive)...))

	// Nobody is signed in.
	_, err = x.Az(x.ctx, "logout")
	x.must(err)
	x.icon(10*time.Second, auth.SignedOut)
	a := x.ask("exec", x.Name("app"), "/asker", cloud.ScopeCognitive)
	if !strings.Contains(a.Error, "400") || !strings.Contains(a.Error, "aztray: az is not signed in. Sign in: aztray service auth-renew") {
		t.Errorf("after the sign-out the app's log says %s", a.Error)
	}
	t.Logf("the app's log: %s", a.Error)
	for line := range strings.Lines(x.tray.Log()) {
		if strings.Contains(line, "identity endpoint") {
			t.Log(strings.TrimSpace(line))
		}
		if strings.Contains(line, secret) {
			t.Errorf("the log holds the secret: %s", line)
		}
	}
}
