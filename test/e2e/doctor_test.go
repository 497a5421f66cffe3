//go:build e2e

package e2e

import (
	"archive/zip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"aztray/internal/auth"
	"aztray/internal/doctor"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// fault is something that is broken on purpose, and what the doctor must say of it.
type fault struct {
	name    string
	plant   func(*story) (lift func()) // nil: another fault, or the stage, has it; so for lift
	check   string
	in      string // the container, "" elsewhere
	verdict doctor.Verdict
	code    string
	says    string // in its message
	advice  string // in its advice
	cured   bool   // the command of the advice is run, and the line is gone
}

// round is faults that stand side by side, for none hides another.
type round struct {
	name   string
	code   int // the exit code
	faults []fault
}

const (
	openAISettings = "[openai]\nendpoint = \"" + cloud.ContosoOpenAI + "\"\n"
	boxSecret      = "a~container.Secret-0123456789"
)

var rounds = []round{
	{"the machine, the desktop and the containers", 1, []fault{
		{"an old az", oldAZ, "az.version", "", doctor.Wrong, "AZ_TOO_OLD", "2.20.0", "az upgrade", false},
		{"a token cache that is open to others", openCache, "az.directory", "", doctor.Warning, "AZ_FILES_OPEN", "msal_token_cache.json", "chmod 600 ", true},
		{"a clock that is 20 minutes late", lateClock, "net.clock", "", doctor.Wrong, "CLOCK_SKEW", "minutes behind", "timedatectl set-ntp true", false},
		{"a tenant left in the environment", otherTenant, "sign-in.tenant", "", doctor.Warning, "TENANT_DIFFERS", "Fabrikam", "aztray tenant use " + cloud.Fabrikam.ID, true},
		{"an endpoint of another tenant than that", nil, "openai.tenant", "", doctor.Wrong, "OPENAI_WRONG_TENANT", "belongs to Contoso", "aztray tenant use contoso.example", false},
		{"an image with neither az nor a shell", box("static", images.Static), "container.az", "static", doctor.Wrong, "CONTAINER_NO_SHELL", "neither az nor a shell", "aztray endpoint env --container ", false},
		{"a container with a service principal of its own", box("robot", images.Sh, "-e", "AZURE_CLIENT_ID="+cloud.RobotID, "-e", "AZURE_TENANT_ID="+cloud.Contoso.ID, "-e", "AZURE_CLIENT_SECRET="+boxSecret, "-e", "AZURE_TOKEN_CREDENTIALS="),
			"container.environment", "robot", doctor.Wrong, "ENV_PRINCIPAL", "service principal", "Take AZURE_CLIENT_ID, AZURE_CLIENT_SECRET out", false},
		{"a container that is told not to ask az", box("prod", images.Sh, "-e", "AZURE_TOKEN_CREDENTIALS=prod"), "container.environment", "prod", doctor.Wrong, "ENV_EXCLUDES", "AZURE_TOKEN_CREDENTIALS=prod", "Take AZURE_TOKEN_CREDENTIALS out", false},
		{"a container whose managed identity comes first", box("mi", images.Sh, "-e", "IDENTITY_ENDPOINT=http://127.0.0.1:1/", "-e", "AZURE_TOKEN_CREDENTIALS="), "container.environment", "mi", doctor.Wrong, "ENV_MANAGED_IDENTITY", "comes before", "Take IDENTITY_ENDPOINT out", false},
		{"a container that looks elsewhere than its label says", box("elsewhere", images.Sh, "--label", "aztray.path=/srv/azure", "-e", "AZURE_CONFIG_DIR=/opt/azure"), "container.environment", "elsewhere", doctor.Wrong, "ENV_ELSEWHERE", "/opt/azure", "AZURE_CONFIG_DIR", false},
		{"a container with a proxy on its own loopback", loopbackProxy, "container.environment", "proxied", doctor.Wrong, "ENV_PROXY_LOOPBACK", "the container itself", "Take HTTPS_PROXY out", false},
		{"somebody else's sign-in in a container", ownSignIn, "container.credential", "own", doctor.Warning, "CONTAINER_OWN_SIGN_IN", "signed in inside", "az account clear", true},
		{"a container that never got a token", box("late", images.Sh), "container.credential", "late", doctor.Wrong, "CONTAINER_MISSING", "no credential", "aztray service sync --container ", true},
		{"a container that controls the engine", box("agent", images.Sh, "-v", "/var/run/docker.sock:/var/run/docker.sock"), "container.credential", "agent", doctor.Warning, "CONTAINER_WAITS", "controls the engine", "aztray service sync --allow ", true},
		{"a container that was forgotten", forgotten, "docker.uncovered", "", doctor.Warning, "CONTAINER_UNCOVERED", "AZURE_OPENAI_ENDPOINT", "containers.names", false},
		{"no panel", noPanel, "desktop.tray", "", doctor.Warning, "TRAY_NO_HOST", "no place for tray icons", "AppIndicator", false},
		{"notifications without buttons", noButtons, "desktop.notifications", "", doctor.Warning, "NOTIFICATIONS_NO_BUTTONS", "plainbox", "menu", false},
		{"the endpoint's port in use", takenPort, "endpoint.port", "", doctor.Wrong, "PORT_TAKEN", "e2e.test", "endpoint.port", false},
		{"the status page's port in use", takenHealth, "health.port", "", doctor.Warning, "HEALTH_PORT_TAKEN", "e2e.test", "health.listen", false},
		{"no aztray", nil, "aztray.running", "", doctor.Warning, "NOT_RUNNING", "nobody renews", "aztray &", false},
	}},
	{"files of another user in a container", 3, []fault{
		{"a credential that the container's user may not read", deniedFiles, "container.files", "denied", doctor.Wrong, "CONTAINER_FILES_DENIED", "runs as user 1000", "aztray doctor --fix", true},
		{"a token of the tenant that was in use before", nil, "container.token", "sh", doctor.Wrong, "CONTAINER_OTHER_TENANT", "another tenant", "aztray service sync --container ", true}, // left by the round before
		{"an az in a container that is broken", brokenInside, "container.token", "broken", doctor.Wrong, "CONTAINER_TOKEN_REFUSED", "Its az gives no token", "docker exec ", false},
	}},
	{"settings that are none", 2, []fault{
		{"a slip in a key", brokenSettings, "settings", "", doctor.Wrong, "SETTINGS_WRONG", "did you mean azure.tenant_id", "Correct that", false},
	}},
	{"nobody signed in", 1, []fault{
		{"signed out", signedOut, "sign-in.account", "", doctor.Wrong, "AZ_NOT_SIGNED_IN", "not signed in", "aztray service auth-renew", true},
		{"a docker context that is gone", lostContext, "docker.engine", "", doctor.Wrong, "ENGINE_CONTEXT", `"faraway"`, "docker context use default", true},
		{"nothing that shows notifications", noNotifications, "desktop.notifications", "", doctor.Warning, "NOTIFICATIONS_MISSING", "Nothing on this desktop", "dunst", false},
	}},
	{"no role, and a broken az", 1, []fault{
		{"no role at the endpoint", noRole, "openai.role", "", doctor.Wrong, "OPENAI_ROLE_MISSING", "no role", "Cognitive Services OpenAI User", false},
		{"an az whose Python is broken", variable("PYTHONHOME", "/nowhere"), "az.version", "", doctor.Wrong, "AZ_BROKEN", "damaged", "az version", false},
		{"an engine whose clock stood still", lateEngine, "docker.clock", "", doctor.Wrong, "ENGINE_CLOCK_SKEW", "earlier", "Restart the engine", false},
	}},
	{"a deployment that is not there, and no engine", 1, []fault{
		{"no such deployment", variable("AZTRAY_OPENAI_CHAT_MODEL", "gpt-nobody"), "openai.deployment", "", doctor.Wrong, "OPENAI_NO_DEPLOYMENT", "gpt-nobody", "openai.chat_model", false},
		{"no engine", variable("DOCKER_HOST", "unix:///nowhere/docker.sock"), "docker.engine", "", doctor.Wrong, "ENGINE_NOT_RUNNING", "not running", "Start it", false},
	}},
	{"a proxy that is gone, and no az", 1, []fault{
		{"a dead proxy", deadProxy, "net.proxy", "", doctor.Wrong, "NET_PROXY", "127.0.0.1:9", "unset HTTPS_PROXY", false},
		{"no az", noAZ, "az.installed", "", doctor.Wrong, "AZ_NOT_FOUND", "not found", "https://aka.ms/azure-cli", false},
	}},
	{"a bundle of certificates that is gone", 1, []fault{
		{"a file that is not there", variable("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem"), "net.ca", "", doctor.Wrong, "CA_BUNDLE_MISSING", "/nowhere/ca.pem", "unset REQUESTS_CA_BUNDLE", false},
		{"a file that holds none", emptyBundle, "net.ca", "", doctor.Wrong, "CA_BUNDLE_EMPTY", "holds no certificate", "unset SSL_CERT_FILE", false},
	}},
	{"a certificate that nobody trusts", 1, []fault{
		{"a proxy that looks into what passes", interception, "net.entra", "", doctor.Wrong, "NET_CERTIFICATE", "aztray test rig CA", "export REQUESTS_CA_BUNDLE=", false},
	}},
	{"consent that was never given", 1, []fault{
		{"docker led to aztray's socket, where nobody is", deadSocket, "docker.socket", "", doctor.Wrong, "ENGINE_SOCKET_NOBODY", "every docker command fails", "docker context use default", true},
		{"no consent for the scope", noConsent, "sign-in.renewal", "", doctor.Wrong, "AADSTS65001", "permission", "az login --tenant " + cloud.Contoso.ID + " --scope " + cloud.ScopeCognitive, false},
	}},
	{"a sign-in that was ended", 1, []fault{
		{"a revoked sign-in", revoked, "sign-in.renewal", "", doctor.Wrong, "AADSTS50173", "", "aztray service auth-renew", true},
	}},
}

// examine runs the doctor and gives what it found.
func (x *story) examine(code int, args ...string) doctor.Report {
	x.t.Helper()
	out, msg, got, err := x.Aztray(x.ctx, append([]string{"doctor", "-o", "json"}, args...)...)
	x.must(err)
	var r doctor.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		x.t.Fatalf("%v:\n%s%s", err, out, msg)
	}
	if got != code {
		x.t.Errorf("exit code %d, want %d:\n%s", got, code, x.notGood(r))
	}
	return r
}

// notGood are the lines that say that something is wrong.
func (x *story) notGood(r doctor.Report) string {
	var b strings.Builder
	for _, l := range r.Lines {
		if l.Verdict == doctor.Wrong || l.Verdict == doctor.Warning {
			b.WriteString(strings.Join([]string{string(l.Verdict), l.Check, l.Subject, l.Code, l.Message, l.Advice}, " | ") + "\n")
		}
	}
	return b.String()
}

// find is the line that a fault must lead to.
func (x *story) find(r doctor.Report, f fault) (doctor.Line, bool) {
	subject := ""
	if f.in != "" {
		subject = x.Name(f.in)
	}
	i := slices.IndexFunc(r.Lines, func(l doctor.Line) bool {
		return l.Check == f.check && l.Subject == subject && l.Code == f.code && l.Verdict == f.verdict
	})
	if i < 0 {
		return doctor.Line{}, false
	}
	return r.Lines[i], true
}

// On a healthy rig nothing is wrong; each fault that is planted is found, named, and has its cure, which
// cures it where it is a command that can be run here.
func TestDoctor(t *testing.T) {
	x := begin(t, stage.Options{Settings: openAISettings})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "az", images.Az))
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.startTray()
	x.icon(15*time.Second, auth.OK)
	x.holdsNew(10*time.Second, "az", "")
	x.holdsNew(10*time.Second, "sh", "")

	began := time.Now()
	r := x.examine(0)
	t.Attr("doctor-on-a-healthy-rig", time.Since(began).Round(10*time.Millisecond).String())
	if bad := x.notGood(r); bad != "" || r.Verdict != doctor.Good {
		t.Errorf("on a healthy rig:\n%s", bad)
	}
	out, _ := x.cmd(0, "doctor")
	if !strings.HasPrefix(out, "All is well: ") {
		t.Error("the first line does not say that all is well")
	}
	for _, l := range r.Lines {
		if l.Check == "container.token" && (l.Verdict != doctor.Good || !strings.Contains(l.Message, "az inside gives a token until")) {
			t.Errorf("%s: %s %s", l.Subject, l.Verdict, l.Message)
		}
	}
	if n := strings.Count(out, "az inside gives a token until"); n != 2 {
		t.Errorf("%d containers got a token inside, want 2", n)
	}
	x.must(x.tray.Stop())
	x.must(x.RemoveContainer(x.ctx, "az")) // each look would start its az

	found := 0
	for _, round := range rounds {
		t.Run(round.name, func(t *testing.T) {
			whole := x.t
			x.t = t
			defer func() { x.t = whole }()
			found += x.play(round)
		})
	}
	t.Attr("planted-faults-found", strconv.Itoa(found))
	if bad := x.notGood(x.examine(0, "-v")); strings.Contains(bad, "wrong |") {
		t.Errorf("after all was lifted:\n%s", bad)
	}
}

// play plants a round's faults, and says how many were found.
func (x *story) play(r round) (found int) {
	for _, f := range r.faults {
		if f.plant != nil {
			if lift := f.plant(x); lift != nil {
				defer lift()
			}
		}
	}
	report := x.examine(r.code)
	if r.name == rounds[0].name {
		x.narrow(x.bundle(r.code))
	}
	var cured []fault
	for _, f := range r.faults {
		l, ok := x.find(report, f)
		switch {
		case !ok:
			x.t.Errorf("%s: not found:\n%s", f.name, x.notGood(report))
			continue
		case !strings.Contains(l.Message, f.says) || !strings.Contains(l.Advice, f.advice):
			x.t.Errorf("%s: %q, %q; want %q, %q in them", f.name, l.Message, l.Advice, f.says, f.advice)
			continue
		}
		found++
		if f.cured {
			cured = append(cured, f)
			x.pasted(l.Command)
		}
	}
	if len(cured) == 0 {
		return found
	}
	out, _, _, err := x.Aztray(x.ctx, "doctor", "-o", "json")
	x.must(err)
	x.must(json.Unmarshal([]byte(out), &report))
	for _, f := range cured {
		if l, still := x.find(report, f); still {
			x.t.Errorf("%s: after its cure (%s) it still says: %s", f.name, l.Command, l.Message)
		}
	}
	return found
}

// pasted runs a command as a person would who copies it out of the report.
func (x *story) pasted(command string) {
	x.t.Helper()
	if strings.HasSuffix(command, "--fix") {
		command += " --yes"
	}
	path := filepath.Dir(bin)
	for _, kv := range x.Env() {
		if p, ok := strings.CutPrefix(kv, "PATH="); ok {
			path += ":" + p
		}
	}
	out, msg, err := x.Run(x.ctx, "env", "PATH="+path, "sh", "-c", command)
	x.t.Logf("$ %s\n%s%s", command, out, msg)
	if err != nil && !strings.HasPrefix(command, "aztray") { // ours may end with 3, for other faults are there
		x.t.Errorf("%s: %v", command, err)
	}
}

// narrow reads the report as a person does: it fits, and what is wrong stands out.
func (x *story) narrow(out string) {
	x.t.Helper()
	if !strings.Contains(out, "\n  WRONG    ") || strings.Contains(out, "\x1b") {
		x.t.Error("what is wrong does not stand out, or there are colours in a pipe")
	}
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		command := strings.HasPrefix(line, "      ") && !strings.HasPrefix(line, "       ")
		if utf8.RuneCountInString(line) > 80 && !command && strings.Contains(strings.TrimSpace(line), " ") && !strings.Contains(line, "/") {
			x.t.Errorf("longer than 80 columns: %q", line)
		}
	}
}

// bundle has everything written into a file for a report of a bug, and searches that for secrets. It
// returns what was printed besides.
func (x *story) bundle(code int) (printed string) {
	x.t.Helper()
	secrets := map[string]string{"AZURE_CLIENT_SECRET": "the~host's.Secret-9876543210", "AZURE_OPENAI_API_KEY": "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "a container's": boxSecret}
	for name, value := range secrets {
		if strings.HasPrefix(name, "AZURE_") {
			defer variable(name, value)(x)()
		}
	}
	file := filepath.Join(x.Dir, "out", "report.zip")
	printed, _ = x.cmd(code, "doctor", "--bundle", file)
	info, err := os.Stat(file)
	x.must(err)
	if info.Mode().Perm() != 0o600 {
		x.t.Errorf("the bundle has mode %v", info.Mode())
	}
	for _, t := range x.Cloud.Issued() {
		secrets["a "+t.Kind+" token"] = t.Value
	}
	z, err := zip.OpenReader(file)
	x.must(err)
	defer z.Close()
	var names []string
	for _, part := range z.File {
		r, err := part.Open()
		x.must(err)
		text, err := io.ReadAll(r)
		x.must(err)
		names = append(names, part.Name)
		if strings.HasSuffix(part.Name, ".json") && !json.Valid(text) {
			x.t.Errorf("%s is no JSON", part.Name)
		}
		if len(text) < 40 {
			x.t.Errorf("%s holds next to nothing: %q", part.Name, text)
		}
		for what, secret := range secrets {
			if strings.Contains(string(text), secret) {
				x.t.Errorf("%s of the bundle holds %s", part.Name, what)
			}
		}
		if part.Name == "environment.txt" {
			x.t.Logf("%s:\n%s", part.Name, text)
		}
	}
	if want := []string{"README.txt", "doctor.json", "status.json", "versions.json", "settings.txt", "environment.txt", "log.txt"}; !slices.Equal(names, want) {
		x.t.Errorf("the bundle holds %v, want %v", names, want)
	}
	return printed
}

// Ctrl-C ends it at once, whatever it waits for, and an engine that is not open to one is named.
func TestDoctorIsInterrupted(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Service(cloud.Entra).Outage = cloud.OutageSilent })
	cmd := exec.CommandContext(x.ctx, bin, "doctor")
	cmd.Env = x.Env()
	x.must(cmd.Start())
	_, err = x.Cloud.WaitFor(x.within(20*time.Second), func(r cloud.Request) bool { return r.Outcome == "silent" })
	x.must(err)
	x.must(cmd.Process.Signal(syscall.SIGINT))
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(8 * time.Second): // far below what Entra is given
		t.Error("Ctrl-C does not end it")
		cmd.Process.Kill()
		<-ended
	}
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d, want 130", code)
	}
}

// Somebody who may not use the engine is told which group to join.
func TestDoctorWithoutLeave(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	r := x.examineAsNobody(closedSocket(x))
	f := fault{check: "docker.engine", verdict: doctor.Wrong, code: "ENGINE_PERMISSION"}
	l, ok := x.find(r, f)
	if !ok || l.Command != "sudo usermod -aG docker $USER" {
		t.Errorf("%+v\n%s", l, x.notGood(r))
	}
}
