//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/cli"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
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
