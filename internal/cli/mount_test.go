package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMountCompose(t *testing.T) {
	home := t.TempDir()
	out, msg, code := runEndpoint(t, home, "mount", "compose", "web", "--az")
	mounts := filepath.Join(home, "aztray", "mounts")
	if code != ExitGood || !strings.Contains(msg, "nothing in it yet") || strings.Contains(out, "nothing in it") {
		t.Errorf("nobody is signed in: exit code %d, says %q", code, msg)
	}
	for _, line := range []string{`  "web":`, "aztray.deliver: mount", "AZURE_CONFIG_DIR: /aztray", "source: " + yamlText(filepath.Join(mounts, "story1-web")),
		"source: " + yamlText(filepath.Join(mounts, ".bin", "az")), "target: /usr/local/bin/az", "read_only: true"} {
		if !strings.Contains(out, line) {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
	if info, err := os.Stat(filepath.Join(mounts, "story1-web")); err != nil || !info.IsDir() {
		t.Errorf("its directory: %v", err)
	}
	if out, _, _ := runEndpoint(t, home, "mount", "compose", "web"); strings.Contains(out, "/usr/local/bin/az") {
		t.Errorf("az is mounted although nobody asked for it:\n%s", out)
	}
}

func TestMountRun(t *testing.T) {
	home := filepath.Join(t.TempDir(), "with a blank")
	out, _, code := runEndpoint(t, home, "mount", "run", "web")
	want := "--label aztray.deliver=mount -e AZURE_CONFIG_DIR=/aztray -v '" + filepath.Join(home, "aztray", "mounts", "web") + ":/aztray'\n"
	if code != ExitGood || out != want {
		t.Errorf("exit code %d\n%swant\n%s", code, out, want)
	}
	for _, args := range [][]string{{"mount", "run"}, {"mount", "run", "a", "b"}, {"mount", "compose"}, {"mount", "run", "web", "--user", "app"}, {"mount", "web"}} {
		if out, msg, code := runEndpoint(t, home, args...); code != ExitUsage || out != "" || msg == "" {
			t.Errorf("%v: exit code %d, says %q", args, code, msg)
		}
	}
	if _, msg, code := runEndpoint(t, home, "mount", "run", "../up"); code == ExitGood || !strings.Contains(msg, "name") {
		t.Errorf("a name that is none: exit code %d, says %q", code, msg)
	}
}
