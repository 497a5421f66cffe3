//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// The person asks the tray and the command line at the same time: one browser, and both report it.
func TestRenewWhileTheTrayRuns(t *testing.T) {
	x := begin(t, stage.Options{})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.startTray()
	item := x.icon(15*time.Second, auth.OK)
	held, _ := x.holdsNew(10*time.Second, "sh", "")
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Service(cloud.Entra).Latency = 500 * time.Millisecond }) // long enough to meet
	began := time.Now()
	code := make(chan int, 1)
	go func() {
		_, _, c, err := x.Aztray(x.ctx, "service", "auth-renew")
		if err != nil {
			c = -1
		}
		code <- c
	}()
	x.must(x.Desktop.ClickMenu(x.ctx, item, "Renew now"))
	x.icon(10*time.Second, auth.Renewing)
	if c := <-code; c != 0 {
		t.Errorf("auth-renew: exit code %d", c)
	}
	x.icon(20*time.Second, auth.OK)
	x.holdsNew(5*time.Second, "sh", held)
	if n := x.puts("sh", began); n != 1 {
		t.Errorf("the container was written to %d times for one sign-in, want once", n)
	}
	if n := len(x.Cloud.Visited()) - 1; n != 1 {
		t.Errorf("%d browsers were opened after az login's, want one for both", n)
	}
	if strings.Contains(x.tray.Log(), "the sign-in failed") {
		t.Error("the tray reports a failure")
	}
}

// Ctrl-C in the middle of a sign-in ends it, az and all, with exit code 130 and no half report.
func TestInterrupted(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Authorize = cloud.Never })
	cmd := exec.CommandContext(x.ctx, bin, "service", "auth-renew")
	var out, msg bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = x.Env(), &out, &msg
	x.must(cmd.Start())
	x.eventually(20*time.Second, "the browser is opened", func() bool { return len(x.Cloud.Visited()) == 1 })
	if len(x.logins()) == 0 {
		t.Error("no az login is found while one runs")
	}
	began := time.Now()
	x.must(cmd.Process.Signal(os.Interrupt))
	err := cmd.Wait()
	t.Attr("interrupted_after", time.Since(began).Round(time.Millisecond).String())
	if cmd.ProcessState.ExitCode() != 130 || out.Len() > 0 || !strings.Contains(msg.String(), "aztray: interrupted") {
		t.Errorf("%v, printed %q, said %q", err, out.String(), msg.String())
	}
	x.eventually(5*time.Second, "az has ended too", func() bool { return len(x.logins()) == 0 })
}

// logins are the processes of this stage that run az login.
func (x *story) logins() (all []string) {
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range found {
		command, _ := os.ReadFile(file)
		environ, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "environ"))
		if bytes.Contains(command, []byte("\x00login\x00")) && bytes.Contains(environ, []byte(x.AzureDir)) {
			all = append(all, string(command))
		}
	}
	return all
}

// puts counts the archives that were unpacked in a container since a moment, by the engine's own events.
func (x *story) puts(short string, since time.Time) int {
	x.t.Helper()
	at := func(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }
	out, err := exec.CommandContext(x.ctx, "docker", "events", "--since", at(since), "--until", at(time.Now()), "--filter", "container="+x.Name(short),
		"--filter", "event=extract-to-dir", "--format", "{{.Action}}").Output()
	x.must(err)
	return len(strings.Fields(string(out)))
}
