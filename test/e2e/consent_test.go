//go:build e2e

package e2e

import (
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
	x.must(x.RunContainer(x.ctx, "asked", images.Sh, "-v", "/var/run:/host", "--label", "aztray.deliver=true"))
	x.cmd(cli.ExitGood, "service", "sync")
	x.holdsNew(time.Second, "asked", "")
}
