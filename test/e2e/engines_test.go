//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"aztray/test/rig/cloud"
	"aztray/test/rig/engine"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// Several engines, one of which is not there, and one of which goes: each container has its token and
// says where it is, and what is away is a line and no failure of the rest.
func TestSeveralEngines(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	dir, err := os.MkdirTemp("", "aztray-engine-")
	x.must(err)
	other, err := engine.Docker(x.ctx, dir, "")
	t.Cleanup(func() {
		if err := other.Remove(); err != nil {
			t.Error(err)
		}
	})
	x.must(err)
	near := os.Getenv("DOCKER_HOST")
	if near == "" {
		near = "unix:///var/run/docker.sock"
	}
	nowhere := "unix://" + filepath.Join(dir, "nowhere.sock")
	x.must(x.WriteSettings(`engine.hosts = ["` + near + `", "` + other.Host + `", "` + nowhere + `"]`))
	_, err = x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "here", images.Sh))
	x.must(exec.CommandContext(x.ctx, "sh", "-c", "docker save "+images.Sh+" | docker -H "+other.Host+" load").Run())
	_, err = other.CLI("run", "-d", "--stop-timeout", "0", "--name", x.Name("there"), images.Sh)
	x.must(err)

	out, _, code, err := x.Aztray(x.ctx, "service", "sync", "-o", "json")
	x.must(err)
	var report struct {
		Containers []struct{ Name, Engine, State string }
		Notices    []struct{ Code, Message string }
	}
	x.must(json.Unmarshal([]byte(out), &report))
	if code != 0 || len(report.Containers) != 2 || len(report.Notices) != 1 || !strings.Contains(report.Notices[0].Message, nowhere) {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	for i, want := range []string{near, other.Host} {
		if c := report.Containers[i]; c.State != "fresh" || c.Engine != want {
			t.Errorf("%+v, want it fresh on %s", c, want)
		}
	}
	out, _, code, err = x.Aztray(x.ctx, "service", "status")
	x.must(err)
	t.Log(out)
	if code != 0 || !strings.Contains(out, "ENGINE") || !strings.Contains(out, strings.TrimPrefix(other.Host, "unix://")) {
		t.Errorf("exit code %d\n%s", code, out)
	}
	x.must(other.Down())
	out, _, code, err = x.Aztray(x.ctx, "service", "status")
	x.must(err)
	t.Log(out)
	if code != 0 || strings.Contains(out, "ENGINE") || !strings.Contains(out, "here") || strings.Count(out, "is not running") != 2 {
		t.Errorf("with two engines away: exit code %d\n%s", code, out)
	}
}
