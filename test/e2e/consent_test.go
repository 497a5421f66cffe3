//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/cli"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// A container that controls the engine gets nothing because of its name alone; the answer is remembered, and
// can be taken back.
func TestAContainerThatControlsTheEngine(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "proxy", images.Sh, "-v", "/var/run/docker.sock:/var/run/docker.sock"))
	out, _ := x.cmd(cli.ExitContainers, "service", "sync")
	if !strings.Contains(out, "aztray service sync --allow "+x.Name("proxy")) {
		t.Error("it does not say how to allow it")
	}
	if x.Held(x.ctx, "proxy", cloud.ScopeCognitive) != "" {
		t.Fatal("a container that holds the engine's socket was given the credential unasked")
	}
	x.cmd(cli.ExitGood, "service", "sync", "--allow", x.Name("proxy"))
	x.holdsNew(time.Second, "proxy", "")
	x.cmd(cli.ExitGood, "service", "status")
	x.cmd(cli.ExitGood, "service", "sync", "--never", x.Name("proxy")) // which is not a failure
	if x.Held(x.ctx, "proxy", cloud.ScopeCognitive) != "" {
		t.Error("it still holds what it is never to have")
	}
	x.cmd(cli.ExitUsage, "service", "sync", "--allow", "nobody")
}

// A label is no answer: who controls the engine gets nothing by copy, by mount and by the endpoint until the
// person has said so, though an engine's socket hides behind a volume.
func TestNoLabelGivesIt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	x := begin(t, stage.Options{NoDesktop: true, Settings: fmt.Sprintf("[endpoint]\nenabled = true\nport = %d\n", port)})
	_, err = x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	volume := x.Name("sockets")
	run(x, "volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device=/var/run", volume)
	t.Cleanup(func() { exec.Command("docker", "volume", "rm", "-f", volume).Run() })
	dir := filepath.Join(x.Dir, "state", "aztray", "mounts", x.Name("mount"))
	app := x.app()
	x.tray, err = x.StartTray(x.ctx, "serve")
	x.must(err)
	x.eventually(20*time.Second, "the endpoint listens on loopback and on the bridge", func() bool {
		return strings.Count(x.tray.Log(), "the identity endpoint listens") >= 2
	})
	env, _, _, err := x.Aztray(x.ctx, "endpoint", "env", "--container", x.Name("endpoint"))
	x.must(err)
	file := filepath.Join(x.Dir, "app.env")
	x.must(os.WriteFile(file, []byte(env), 0o600))
	x.must(x.RunContainer(x.ctx, "copy", images.Sh, "-v", volume+":/host", "--label", "aztray.deliver=true"))
	x.must(x.RunContainer(x.ctx, "mount", images.Sh, "-v", volume+":/host", "-v", dir+":/root/.azure", "--label", "aztray.deliver=mount"))
	x.Cleanup(x.Name("endpoint"))
	ask := []string{"run", "--rm", "--name", x.Name("endpoint"), "--cap-add", "SYS_ADMIN", "--env-file", file, "--label", "aztray.deliver=endpoint", "-v", app, images.Static, "/asker", cloud.ScopeCognitive}
	if a := x.ask(ask...); a.SHA256 != "" || !strings.Contains(a.Error, "--allow "+x.Name("endpoint")) {
		t.Errorf("by endpoint, for its label alone: %+v", a)
	}
	out, _ := x.cmd(cli.ExitContainers, "service", "sync")
	for _, short := range []string{"copy", "mount"} {
		if x.Held(x.ctx, short, cloud.ScopeCognitive) != "" {
			t.Errorf("by %s, for its label alone", short)
		}
		if !strings.Contains(out, "--allow "+x.Name(short)) {
			t.Errorf("it is not said how to allow it: %s", short)
		}
		then := cli.ExitContainers // the other one waits yet
		if short == "mount" {
			then = cli.ExitGood
		}
		x.cmd(then, "service", "sync", "--allow", x.Name(short))
		x.eventually(5*time.Second, "it has the credential when it was allowed: "+short, func() bool { return x.Held(x.ctx, short, cloud.ScopeCognitive) != "" })
	}
}

// A label alone does not get the person's refresh token; once allowed, real az in the container has tokens of
// its own for other resources, and it is taken away again.
func TestARefreshTokenForOneContainer(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "az", images.Az, "--label", "aztray.credential=refresh-token"))
	holds := func() bool {
		held := string(x.Files(x.ctx, x.Name("az"), "/root/.azure"))
		for _, t := range x.Cloud.Issued() {
			if t.Kind == cloud.RefreshToken && strings.Contains(held, t.Value) {
				return true
			}
		}
		return false
	}
	if out, _ := x.cmd(cli.ExitGood, "service", "sync"); holds() || !strings.Contains(out, "--allow-refresh-token "+x.Name("az")) {
		t.Error("a label alone got the refresh token, or it is not said how to allow it")
	}
	if out, _ := x.cmd(cli.ExitGood, "service", "sync", "--allow-refresh-token", x.Name("az")); !holds() || !strings.Contains(out, "holds your refresh token") {
		t.Error("it was allowed and is not there, or it is not named for what it is")
	}
	token, err := x.AzToken(x.ctx, "az", cloud.ScopeARM)
	x.must(err)
	if tok, ok := x.TokenOf(token); !ok || tok.Tenant != cloud.Contoso.ID {
		t.Error("az in the container has no token of its own for another resource")
	}
	if out, _ := x.cmd(cli.ExitGood, "service", "status"); !strings.Contains(out, "holds your refresh token") {
		t.Error("status does not say so after az has written its cache")
	}
	_, err = x.Exec(x.ctx, "az", "chmod", "644", "/root/.azure/msal_token_cache.json")
	x.must(err)
	if x.Aztray(x.ctx, "doctor", "--fix", "--yes"); !holds() {
		t.Error("the doctor's cure took away a refresh token that was allowed")
	}
	x.cmd(cli.ExitGood, "service", "sync", "--never", x.Name("az"))
	if holds() {
		t.Error("it still holds the refresh token")
	}
	x.holdsNew(time.Second, "az", "") // and has the access token all the same
}
