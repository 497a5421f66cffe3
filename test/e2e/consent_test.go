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
	x.cmd(cli.ExitGood, "service", "sync", "--never", x.Name("az"))
	if holds() {
		t.Error("it still holds the refresh token")
	}
	x.holdsNew(time.Second, "az", "") // and has the access token all the same
}
