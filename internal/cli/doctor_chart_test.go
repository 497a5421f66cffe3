package cli

import (
	"bytes"
	"strings"
	"testing"

	"aztray/internal/doctor"
)

// findings are lines of every kind.
var findings = []doctor.Line{
	{Check: "settings", Group: "aztray", Title: "settings", Verdict: doctor.Good, Message: "/home/ada/.config/aztray/config.toml"},
	{Check: "sign-in.renewal", Group: "Sign-in", Title: "silent renewal", Verdict: doctor.Wrong, Code: "AADSTS50173",
		Message: "This sign-in was revoked, by a password change or by an administrator.",
		Advice:  "Sign in again: aztray service auth-renew --tenant c0000000-aaaa-4aaa-8aaa-000000000001",
		Command: "aztray service auth-renew --tenant c0000000-aaaa-4aaa-8aaa-000000000001"},
	{Check: "net.clock", Group: "Network and clock", Title: "clock", Verdict: doctor.Warning, Code: "CLOCK_DRIFTS", Message: "This machine's clock is off by 1m30s; at five minutes tokens break.",
		Advice: "Set the clock: timedatectl set-ntp true (or by hand, in the settings of your desktop, or as your organisation says)", Command: "timedatectl set-ntp true"},
	{Check: "container.running", Group: "Containers", Title: "running", Subject: "web", Verdict: doctor.Good, Message: "It runs"},
	{Check: "container.credential", Group: "Containers", Title: "credential", Subject: "web", Verdict: doctor.Good, Message: "a token until 15:04, in /root/.azure"},
	{Check: "container.running", Group: "Containers", Title: "running", Subject: "code-story-service-1", Verdict: doctor.Good, Message: "It runs"},
	{Check: "container.credential", Group: "Containers", Title: "credential", Subject: "code-story-service-1", Verdict: doctor.Wrong, Code: "CONTAINER_MISSING", Message: "It holds no credential.",
		Advice: "Give it one: aztray service sync --container code-story-service-1", Command: "aztray service sync --container code-story-service-1"},
	{Check: "container.environment", Group: "Containers", Title: "environment", Subject: "code-story-service-1", Verdict: doctor.Wrong, Code: "ENV_EXCLUDES", Message: "AZURE_TOKEN_CREDENTIALS=prod keeps the SDKs from asking az.",
		Advice: "Take AZURE_TOKEN_CREDENTIALS out of its environment (docker run -e, --env-file, the image's ENV) and make it anew."},
	{Check: "container.running", Group: "Containers", Title: "running", Subject: "old", Verdict: doctor.NotApplicable, Message: "It does not run (exited)."},
	{Check: "desktop.tray", Group: "Desktop", Title: "tray icon", Verdict: doctor.NotApplicable, Message: "There is no desktop session here."},
}

const chartInAPipe = `
aztray
  good     settings           /home/ada/.config/aztray/config.toml

Sign-in
  WRONG    silent renewal     This sign-in was revoked, by a password change or
                              by an administrator.
    Sign in again:
      aztray service auth-renew --tenant c0000000-aaaa-4aaa-8aaa-000000000001

Network and clock
  warning  clock              This machine's clock is off by 1m30s; at five
                              minutes tokens break.
    Set the clock:
      timedatectl set-ntp true
    (or by hand, in the settings of your desktop, or as your organisation says)

Containers
  good     web                a token until 15:04, in /root/.azure
  WRONG    code-story-service-1
                              It holds no credential.
    Give it one: aztray service sync --container code-story-service-1
  WRONG                       AZURE_TOKEN_CREDENTIALS=prod keeps the SDKs from
                              asking az.
    Take AZURE_TOKEN_CREDENTIALS out of its environment (docker run -e,
    --env-file, the image's ENV) and make it anew.
  n/a      old                It does not run (exited).

Desktop
  n/a      tray icon          There is no desktop session here.
`

func TestChart(t *testing.T) {
	var out bytes.Buffer
	p := newChart(Env{Out: &out}, false)
	for _, l := range findings {
		p.line(l)
	}
	p.flush()
	if out.String() != chartInAPipe {
		t.Errorf("%s\nwant\n%s", out.String(), chartInAPipe)
	}
	for line := range strings.Lines(out.String()) {
		if columns(strings.TrimRight(line, "\n")) > chartWidth {
			t.Errorf("longer than %d columns: %s", chartWidth, line)
		}
	}
}

// On a terminal what is waited for is shown and wiped away, what is wrong is red, and a container's lines
// come when the next is waited for.
func TestChartOnATerminal(t *testing.T) {
	var out, progress bytes.Buffer
	p := newChart(Env{Out: &out, Err: &progress, OutTerm: Terminal{Is: true, Colour: true}, ErrTerm: Terminal{Is: true}}, false)
	p.busy("Containers")
	for _, l := range findings[5:8] {
		p.line(l)
	}
	if out.Len() != 0 {
		t.Errorf("printed before all of the container is known: %q", out.String())
	}
	p.busy("Desktop")
	if !strings.Contains(out.String(), "\x1b[31mWRONG\x1b[0m") {
		t.Errorf("what is wrong is not red: %q", out.String())
	}
	if want := "\r\x1b[K  looking at: Containers \r\x1b[K\r\x1b[K  looking at: Desktop "; progress.String() != want {
		t.Errorf("progress %q, want %q", progress.String(), want)
	}
}

// With --verbose each line of a container is there, and the codes.
func TestChartWithAll(t *testing.T) {
	var out bytes.Buffer
	p := newChart(Env{Out: &out}, true)
	for _, l := range findings[3:8] {
		p.line(l)
	}
	p.flush()
	for _, want := range []string{"\n  web\n  good     running            It runs\n", "(CONTAINER_MISSING)", "\n  code-story-service-1\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestDoctorCode(t *testing.T) {
	line := func(check, group, subject string, v doctor.Verdict) doctor.Line {
		return doctor.Line{Check: check, Group: group, Subject: subject, Verdict: v}
	}
	settings, az := line("settings", "aztray", "", doctor.Wrong), line("az.version", "Azure CLI", "", doctor.Wrong)
	engine, box := line("docker.engine", doctor.GroupDocker, "", doctor.Wrong), line("container.az", "Containers", "web", doctor.Wrong)
	for _, tc := range []struct {
		name  string
		lines []doctor.Line
		want  exit
	}{
		{"nothing", nil, ExitGood},
		{"a warning", []doctor.Line{line("az.version", "Azure CLI", "", doctor.Warning), line("container.az", "Containers", "web", doctor.Warning)}, ExitGood},
		{"az", []doctor.Line{az}, ExitPersonNeeded},
		{"a container", []doctor.Line{box}, ExitContainers},
		{"the engine", []doctor.Line{engine}, ExitContainers},
		{"az and a container", []doctor.Line{az, box}, ExitPersonNeeded},
		{"a container and what comes after", []doctor.Line{box, line("x", "Desktop", "", doctor.Wrong)}, ExitPersonNeeded},
		{"settings and all else", []doctor.Line{settings, az, box}, ExitUsage},
	} {
		if got := doctorCode(doctor.Report{Lines: tc.lines}); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

// A bundle names variables, and shows the values of those alone that hold no secret.
func TestEnvironmentText(t *testing.T) {
	got := environmentText([]string{"AZURE_CLIENT_SECRET=hush", "AZURE_TENANT_ID=t", "HTTPS_PROXY=http://me:pw@proxy", "HOME=/home/ada", "DOCKER_HOST=", "NO_PROXY=localhost", "KEYMAP=us"})
	want := "AZURE_CLIENT_SECRET is set\nAZURE_TENANT_ID=t\nDOCKER_HOST is empty\nHTTPS_PROXY is set\nNO_PROXY=localhost\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := withoutSecrets("a hush b", []string{"AZURE_CLIENT_SECRET=hush-hush", "X_TOKEN=a hush"}); got != "[redacted] b" {
		t.Errorf("%q", got)
	}
}
