//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
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

// image builds an image with labels of its own, by a Dockerfile.
func (x *story) image(short string, labels ...string) string {
	x.t.Helper()
	name, dir := x.Name(short), x.t.TempDir()
	lines := []string{"FROM " + images.Sh}
	for _, l := range labels {
		lines = append(lines, "LABEL "+l)
	}
	x.must(os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(strings.Join(lines, "\n")), 0o600))
	if out, err := exec.CommandContext(x.ctx, "docker", "build", "-t", name, dir).CombinedOutput(); err != nil {
		x.t.Fatalf("%v: %s", err, out)
	}
	x.t.Cleanup(func() { exec.Command("docker", "rmi", "-f", name).Run() })
	return name
}

// An image from anywhere that says its containers are to have the person's tokens gets none, however it is started;
// what the person says beside it counts, and it is said which label was not listened to.
func TestAnImageThatAsksForTheCredential(t *testing.T) {
	x := beginSocket(t, "")
	greedy := x.image("greedy", "aztray.deliver=true", "aztray.scopes="+cloud.ScopeARM, "aztray.path=/srv/azure")
	x.must(x.RunContainer(x.ctx, "mine", greedy, "--label", "aztray.deliver=copy"))
	x.holdsNew(20*time.Second, "mine", "")
	theirs := strings.Replace(x.Name("theirs"), "aztray", "nobody", 1) // no pattern fits it
	x.Cleanup(theirs)
	if out, err := x.by("unix://"+x.socket, "docker", "run", "-d", "--name", theirs, greedy).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	x.cmd(cli.ExitGood, "service", "sync")
	for _, place := range []string{"/root/.azure", "/srv/azure"} {
		if files := x.Files(x.ctx, theirs, place); strings.Contains(string(files), "AccessToken") {
			t.Errorf("a container that its image alone chose holds something in %s", place)
		}
	}
	if x.Held(x.ctx, "mine", cloud.ScopeARM) != "" {
		t.Error("its image's label got a container tokens for Resource Manager")
	}
	out, _ := x.cmd(cli.ExitGood, "service", "status", "--verbose")
	if !strings.Contains(out, "aztray.deliver") || !strings.Contains(out, theirs) || !strings.Contains(out, "comes from the image") {
		t.Errorf("status --verbose says nothing of the label:\n%s", out)
	}
	out, _, _, err := x.Aztray(x.ctx, "doctor", "-o", "json")
	if err != nil || !json.Valid([]byte(out)) || !strings.Contains(out, "LABEL_IGNORED") || !strings.Contains(out, theirs) {
		t.Errorf("the doctor says nothing of the label: %v\n%s", err, out)
	}
}

// What a label asks for beyond the settings is given once the person has said so, whatever the way it is delivered, and
// taken away when they say never; in the words of what may be done with it.
func TestALabelThatAsksForMore(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true, Settings: fmt.Sprintf("[endpoint]\nenabled = true\nport = %d\n", freePort(t))})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.tray, err = x.StartTray(x.ctx, "serve")
	x.must(err)
	x.eventually(20*time.Second, "the endpoint listens on loopback and on the bridge", func() bool {
		return strings.Count(x.tray.Log(), "the identity endpoint listens") >= 2
	})
	asks := []string{"--label", "aztray.scopes=" + cloud.ScopeARM}
	x.must(x.RunContainer(x.ctx, "copied", images.Sh, asks...))
	dir := filepath.Join(x.Dir, "state", "aztray", "mounts", x.Name("mounted"))
	x.must(os.MkdirAll(dir, 0o700))
	x.must(x.RunContainer(x.ctx, "mounted", images.Sh, append(asks, "--label", "aztray.deliver=mount", "-v", dir+":/root/.azure")...))
	env, _, _, err := x.Aztray(x.ctx, "endpoint", "env", "--container", x.Name("asking"))
	x.must(err)
	file := filepath.Join(x.Dir, "asking.env")
	x.must(os.WriteFile(file, []byte(env), 0o600))
	x.Cleanup(x.Name("asking"))
	run(x, "run", "-d", "--name", x.Name("asking"), "--label", asks[1], "--label", "aztray.deliver=endpoint", "-v", x.app(), "--read-only", "--env-file", file, images.Static, "/probe", "sleep")

	x.holdsNew(20*time.Second, "copied", "")
	x.holdsNew(20*time.Second, "mounted", "")
	x.eventually(20*time.Second, "the endpoint serves what everybody gets", func() bool { return x.ask("exec", x.Name("asking"), "/asker", cloud.ScopeCognitive).SHA256 != "" })
	has := func(short string) bool {
		if short == "asking" {
			return x.ask("exec", x.Name(short), "/asker", cloud.ScopeARM).SHA256 != ""
		}
		return x.Held(x.ctx, short, cloud.ScopeARM) != ""
	}
	all := []string{"copied", "mounted", "asking"}
	out, _ := x.cmd(cli.ExitGood, "service", "sync")
	for _, short := range all {
		if has(short) {
			t.Errorf("%s: a label alone got it tokens for Resource Manager", short)
		}
		if !strings.Contains(out, "--allow-scopes "+x.Name(short)) || !strings.Contains(strings.Join(strings.Fields(out), " "), "manage all your Azure subscriptions") {
			t.Errorf("it is not said what %s asks for, or how to allow it:\n%s", short, out)
		}
		x.cmd(cli.ExitGood, "service", "sync", "--allow-scopes", x.Name(short))
		x.eventually(20*time.Second, short+" has what it was allowed", func() bool { return has(short) })
	}
	if out, _ := x.cmd(cli.ExitGood, "service", "status"); strings.Contains(out, "--allow-scopes") {
		t.Errorf("it is asked still:\n%s", out)
	}
	for _, short := range all {
		x.cmd(cli.ExitGood, "service", "sync", "--never", x.Name(short))
		x.eventually(20*time.Second, short+" has no more what it never is to have", func() bool { return !has(short) })
	}
	x.Setenv("AZTRAY_CONTAINERS_SCOPES_ALLOWED", "https://management.*")
	x.must(x.RunContainer(x.ctx, "new", images.Sh, asks...))
	x.cmd(cli.ExitGood, "service", "sync", "--container", x.Name("new"))
	if !has("new") {
		t.Error("the settings allow it, and it was not given")
	}
}
