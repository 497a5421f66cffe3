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

	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// A compose project that aztray never saw, by real docker-compose and the files that aztray prints: the
// services by mount and endpoint have a token at their first instruction, the first time and when they are
// made anew; the one by copy has one as soon as the copy is in.
func TestComposeProject(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true, Settings: fmt.Sprintf("[endpoint]\nenabled = true\nport = %d\n", freePort(t))})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	dir := t.TempDir()
	project := strings.Trim(x.Name(""), "-")
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		x.must(os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	app, ask := x.app(), fmt.Sprintf(`["/asker", %q]`, cloud.ScopeCognitive)
	files := []string{file("compose.yaml", fmt.Sprintf(`version: "3.8"
services:
  copied:
    image: %[1]s
    volumes: [%[3]q]
    labels: {aztray.deliver: copy}
    environment: {AZURE_TOKEN_CREDENTIALS: AzureCLICredential}
  mounted:
    image: %[1]s
    user: "1000"
    read_only: true
    volumes: [%[3]q]
    command: %[4]s
    environment: {AZURE_TOKEN_CREDENTIALS: AzureCLICredential}
  asking:
    image: %[2]s
    volumes: [%[3]q]
    command: %[4]s
    environment: {AZURE_TOKEN_CREDENTIALS: ManagedIdentityCredential}
`, images.Sh, images.Static, app, ask))}
	for name, args := range map[string][]string{
		"mount.yaml":    {"mount", "compose", "--project", project, "--user", "1000", "--az", "mounted"},
		"endpoint.yaml": {"endpoint", "compose", "--project", project, "asking"},
	} {
		out, msg, code, err := x.Aztray(x.ctx, args...)
		if err != nil || code != 0 || msg != "" {
			t.Fatalf("%v: exit code %d, %v, says %q", args, code, err, msg)
		}
		files = append(files, file(name, out))
	}
	compose := func(args ...string) string {
		t.Helper()
		all := []string{"-p", project}
		for _, f := range files {
			all = append(all, "-f", f)
		}
		cmd := exec.CommandContext(x.ctx, "docker-compose", append(all, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("docker-compose %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	t.Cleanup(func() {
		args := []string{"-p", project, "-f", files[0], "down", "-v", "-t", "0"}
		if out, err := exec.Command("docker-compose", args...).CombinedOutput(); err != nil {
			t.Errorf("docker-compose down: %v\n%s", err, out)
		}
	})
	x.tray, err = x.StartTray(x.ctx, "serve")
	x.must(err)
	x.eventually(20*time.Second, "the endpoint listens", func() bool { return strings.Contains(x.tray.Log(), "the identity endpoint listens") })
	first := func(service string) (a answer) {
		t.Helper()
		name := project + "_" + service + "_1"
		x.eventually(30*time.Second, service+" has asked", func() bool {
			out, err := exec.CommandContext(x.ctx, "docker", "logs", name).Output()
			return err == nil && json.Unmarshal(out, &a) == nil
		})
		return a
	}
	for _, how := range [][]string{{"up", "-d"}, {"up", "-d", "--force-recreate", "-t", "0"}} {
		compose(how...)
		x.live(fmt.Sprintf("mounted, at its first instruction after %v", how), first("mounted"))
		x.live(fmt.Sprintf("asking, at its first instruction after %v", how), first("asking"))
		name := project + "_copied_1"
		x.eventually(30*time.Second, "the copy is in", func() bool {
			return exec.CommandContext(x.ctx, "docker", "exec", name, "stat", "/root/.azure/.aztray.json").Run() == nil
		})
		x.live(fmt.Sprintf("copied, after %v", how), x.ask("exec", name, "/asker", cloud.ScopeCognitive))
	}
}
