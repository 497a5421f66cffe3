//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/cli"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/jsonschema"
	"aztray/test/rig/stage"
)

// cmd runs a command, wants its exit code and returns what it printed.
func (x *story) cmd(want int, args ...string) (stdout, stderr string) {
	x.t.Helper()
	out, msg, code, err := x.Aztray(x.ctx, args...)
	x.must(err)
	x.t.Logf("$ aztray %s   (exit code %d)\n%s%s", strings.Join(args, " "), code, out, msg)
	if code != want {
		x.t.Errorf("aztray %s: exit code %d, want %d", strings.Join(args, " "), code, want)
	}
	x.asTheSchemaHasIt(args, out)
	return out, msg
}

// schemas are the documents that commands print with -o json, by the command's words.
var schemas = map[string]string{"service status": "status", "service auth-renew": "status", "service sync": "status", "tenant use": "status",
	"service restart": "restart", "tenant list": "tenants", "config show": "config", "doctor": "doctor", "endpoint env": "endpoint-env", "version": "version"}

// asTheSchemaHasIt checks what a command printed with -o json, where it printed anything.
func (x *story) asTheSchemaHasIt(args []string, out string) {
	x.t.Helper()
	i := slices.Index(args, "-o")
	if out == "" || i < 0 || i+1 == len(args) || args[i+1] != "json" {
		return
	}
	name, ok := schemas[strings.Join(args[:min(2, len(args))], " ")]
	if !ok {
		name = schemas[args[0]]
	}
	s, err := jsonschema.Read(filepath.Join("..", "..", "docs", "schema", name+".json"))
	x.must(err)
	if err := s.Check([]byte(out)); err != nil {
		x.t.Errorf("aztray %s is not as docs/schema/%s.json has it:\n%v\n%s", strings.Join(args, " "), name, err, out)
	}
}

// status reads the one document that -o json prints.
func (x *story) status(want int) cli.Report {
	x.t.Helper()
	out, _ := x.cmd(want, "service", "status", "-o", "json")
	var r cli.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil { // which knows every level
		x.t.Fatalf("%v:\n%s", err, out)
	}
	if r.Level == auth.Renewing {
		x.t.Fatalf("level %v", r.Level)
	}
	return r
}

// The command line does its job with no tray, no desktop and no settings file.
func TestTheCommandLineAlone(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	x.must(x.RunContainer(x.ctx, "az", images.Az))
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))

	out, _ := x.cmd(1, "service", "status")
	if !strings.Contains(out, "Nobody is signed in") {
		t.Error("status does not say that nobody is signed in")
	}
	if r := x.status(1); r.Problem == nil || r.AccessToken != nil || len(r.Containers) != 2 {
		t.Errorf("signed out: %+v", r)
	}
	x.cmd(0, "service", "auth-renew")
	held, _ := x.holdsNew(time.Second, "az", "")
	if got, err := x.AzToken(x.ctx, "az", cloud.ScopeCognitive); err != nil || got != held {
		t.Errorf("az in the container gives another token than the one delivered: %v", err)
	}
	r := x.status(0)
	if r.AccessToken == nil || !r.AccessToken.Refreshable || r.Account != cloud.Ada.Username || r.Containers[0].ExpiresOn == nil {
		t.Errorf("signed in: %+v", r)
	}
	x.cmd(0, "service", "status")
	x.cmd(0, "service", "auth-renew", "--check")
	visits := len(x.Cloud.Visited())
	x.cmd(0, "service", "auth-renew", "--if-needed")
	if len(x.Cloud.Visited()) != visits {
		t.Error("--if-needed opened a browser though a silent renewal was enough")
	}
	x.cmd(0, "service", "sync", "--container", x.Name("sh"))
	x.cmd(0, "service", "sync", "--dry-run")
	x.cmd(2, "service", "sync", "--dry-run", "--verify")
	out, _ = x.cmd(0, "service", "sync", "--verify")
	if n := strings.Count(out, "az got one until"); n != 2 {
		t.Errorf("real az and the small one give a token inside, and sync --verify says so of %d", n)
	}
	x.azKeepsItsID()
	x.cmd(2, "service", "sync", "--container", "nobody")
	x.cmd(2, "service", "stats")
	x.cmd(2, "service", "status", "--nonsense")
	x.cmd(0, "version")
	x.cmd(0, "--help")
	x.cmd(0, "service", "auth-renew", "--help")

	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Tenant(cloud.Contoso).SignInFrequency = time.Second })
	<-time.After(time.Second) // the sign-in's own life, which is the matter here
	out, _ = x.cmd(1, "service", "status")
	if !strings.Contains(out, "You are needed: containers work until") {
		t.Error("silent renewal is refused while the containers' tokens live, and status does not say so")
	}
	visits = len(x.Cloud.Visited())
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Authorize = cloud.Deny })
	x.cmd(1, "service", "auth-renew")
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.NetworkCut = true })
	x.cmd(1, "service", "auth-renew")
	if n := len(x.Cloud.Visited()) - visits; n != 1 {
		t.Errorf("%d browsers were opened, want the one that was declined: not without a network", n)
	}
	x.cmd(0, "service", "status") // the containers still hold a live token
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.NetworkCut = false })

	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Authorize, p.Tenant(cloud.Contoso).SignInFrequency = cloud.Immediate, 0 })
	x.cmd(0, "service", "auth-renew")
	out, _ = x.cmd(0, "service", "status", "--verbose")
	for _, want := range []string{"EnvironmentCredential", "AzureCLICredential            used", "InteractiveBrowserCredential  not-tried"} {
		if !strings.Contains(out, want) {
			t.Errorf("status --verbose does not say %q", want)
		}
	}

	for _, args := range [][]string{{"service", "status", "--verbose"}, {"service", "sync", "--verify"}, {"service", "restart"}, {"tenant", "list"}, {"config", "show"},
		{"doctor"}, {"endpoint", "env", "--container", "x"}, {"version"}} {
		x.cmd(0, append(args, "-o", "json")...)
	}

	x.must(x.WriteSettings("[azure]\ntennant_id = \"x\"\n"))
	x.cmd(2, "service", "status")
}

// Two that ask for a sign-in at the same time, in two processes, share one browser.
func TestOneSignInForTwoProcesses(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Service(cloud.Entra).Latency = 300 * time.Millisecond }) // long enough to meet
	codes := make(chan int, 2)
	for range 2 {
		go func() {
			_, _, code, err := x.Aztray(x.ctx, "service", "auth-renew")
			if err != nil {
				code = -1
			}
			codes <- code
		}()
	}
	if a, b := <-codes, <-codes; a != 0 || b != 0 {
		t.Errorf("exit codes %d and %d, want 0 of both", a, b)
	}
	if n := len(x.Cloud.Visited()); n != 1 {
		t.Errorf("%d browsers were opened, want one", n)
	}
}

// azKeepsItsID: the real az in the container has written its installation's id into what was delivered. That is
// no change, and the next delivery keeps it.
func (x *story) azKeepsItsID() {
	x.t.Helper()
	id := func() string {
		text, err := exec.CommandContext(x.ctx, "docker", "exec", x.Name("az"), "sh", "-c", "cat ~/.azure/azureProfile.json").Output()
		x.must(err)
		var profile struct{ InstallationID string }
		x.must(json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &profile))
		return profile.InstallationID
	}
	was := id()
	if was == "" {
		x.t.Error("the real az wrote no installation id: its telemetry is off")
	}
	x.cmd(0, "service", "status")
	x.cmd(0, "service", "sync")
	x.cmd(0, "service", "status")
	if now := id(); now != was {
		x.t.Errorf("az's installation id is %q after a delivery, and was %q", now, was)
	}
}
