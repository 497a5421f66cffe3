//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"aztray/internal/cli"
	"aztray/internal/containers"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// service starts a container with a script as its process, labelled as compose v2 labels one of a
// service; needs is what it writes of depends_on.
func (x *story) service(short, needs, script string, options ...string) {
	x.t.Helper()
	name := x.Name(short)
	x.Cleanup(name)
	args := []string{"run", "-d", "--name", name, "--network", "none", "--stop-timeout", "1",
		"--label", "com.docker.compose.project=" + x.Prefix + "p", "--label", "com.docker.compose.service=" + short,
		"--label", "com.docker.compose.depends_on=" + needs}
	run(x, append(append(args, options...), images.Sh, "/bin/sh", "-c", script)...)
}

// startedAt is when a container's process was last started.
func (x *story) startedAt(short string) time.Time {
	x.t.Helper()
	out, err := exec.CommandContext(x.ctx, "docker", "inspect", "-f", "{{.State.StartedAt}}", x.Name(short)).Output()
	x.must(err)
	at, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(out)))
	x.must(err)
	return at
}

// restart runs service restart and reads its one document, by the containers' short names.
func (x *story) restart(want int, args ...string) (map[string]cli.RestartedReport, string) {
	x.t.Helper()
	out, said := x.cmd(want, append([]string{"service", "restart", "-o", "json"}, args...)...)
	var r cli.RestartReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		x.t.Fatalf("%v:\n%s", err, out)
	}
	by := map[string]cli.RestartedReport{}
	for _, c := range r.Containers {
		by[strings.TrimPrefix(c.Name, x.Prefix)] = c
	}
	return by, said
}

// The credential first, then each container when what it depends on is healthy again; one that does
// not come back is named with the end of its log.
func TestRestartingContainers(t *testing.T) {
	const again = `if [ -e /tmp/ran ]; then echo "password=hunter2 no such config"; exit 3; fi; touch /tmp/ran; exec /probe sleep`
	x := begin(t, stage.Options{NoDesktop: true})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.service("db", "", "rm -f /tmp/ready; sleep 2; touch /tmp/ready; exec /probe sleep",
		"--health-cmd", "test -e /tmp/ready", "--health-interval", "300ms", "--health-retries", "100")
	x.service("api", "db:service_healthy:false", "exec /probe sleep", "--tmpfs", "/root/.azure:mode=1777")
	x.service("broken", "", again)
	x.service("late", "broken:service_started:false", "exec /probe sleep")
	x.eventually(10*time.Second, "broken has run once", func() bool {
		_, err := x.Exec(x.ctx, "broken", "/probe", "cat", "/tmp/ran")
		return err == nil
	})
	late := x.startedAt("late")

	by, said := x.restart(cli.ExitContainers)
	for short, state := range map[string]containers.RestartState{"db": "restarted", "api": "restarted", "broken": "failed", "late": "skipped"} {
		if by[short].State != state {
			t.Errorf("%s: %s, want %s", short, by[short].State, state)
		}
	}
	if waited := x.startedAt("api").Sub(x.startedAt("db")); waited < 2*time.Second {
		t.Errorf("api was restarted %v after db, which needs two seconds to be healthy", waited)
	}
	if h := by["db"].Health; h == nil || *h != "healthy" {
		t.Errorf("the health of db is %v", h)
	}
	if b := by["broken"]; b.Error == nil || *b.Error != "It ended with exit code 3." || !slices.Equal(b.Log, []string{"password=[redacted] no such config"}) {
		t.Errorf("what does not come back is told as %+v", b)
	}
	if !x.startedAt("late").Equal(late) {
		t.Error("what depends on it was restarted")
	}
	for _, line := range []string{x.Name("db") + ": restarting", x.Name("db") + ": is back, healthy", x.Name("api") + ": is back"} {
		if !strings.Contains(said, line+"\n") {
			t.Errorf("on the way it does not say %q", line)
		}
	}
	x.holdsNew(time.Second, "api", "") // in memory, which the restart emptied
	if by, _ = x.restart(cli.ExitContainers, "--container", x.Name("broken")); by["broken"].State != "failed" {
		t.Errorf("one that is stopped is asked for by name: %+v", by["broken"])
	}

	x.must(x.RemoveContainer(x.ctx, "broken"))
	x.must(x.RemoveContainer(x.ctx, "late"))
	before := x.startedAt("db")
	out, _ := x.cmd(cli.ExitGood, "service", "auth-renew", "--if-needed", "--restart", "--container", x.Name("db"))
	if !x.startedAt("db").After(before) || !strings.Contains(out, "RESTART") {
		t.Error("auth-renew --restart did not restart it")
	}
	x.cmd(cli.ExitUsage, "service", "auth-renew", "--check", "--restart")
	x.interrupted()
}

// interrupted: Ctrl-C ends the command at once, though the container takes its time to stop.
func (x *story) interrupted() {
	x.t.Helper()
	x.service("slow", "", "trap '' TERM; while :; do sleep 1; done", "--stop-timeout", "20")
	before := x.startedAt("slow")
	cmd := exec.CommandContext(x.ctx, bin, "service", "restart", "--container", x.Name("slow"))
	cmd.Env = x.Env()
	said, err := cmd.StderrPipe()
	x.must(err)
	x.must(cmd.Start())
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "restarting") {
			x.must(cmd.Process.Signal(syscall.SIGINT))
		}
	}
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != cli.ExitInterrupted {
		x.t.Errorf("after an interrupt: %v, want exit code %d", err, cli.ExitInterrupted)
	}
	if !x.startedAt("slow").Equal(before) {
		x.t.Error("it waited for the container's grace")
	}
}
