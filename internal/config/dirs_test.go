package config

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestStateDir(t *testing.T) {
	home := t.TempDir()
	env := environ([]string{"HOME=" + home, "USERPROFILE=" + home})
	dir, err := StateDir(env.lookup)
	if err != nil {
		t.Fatal(err)
	}
	if rel, err := filepath.Rel(home, dir); err != nil || !filepath.IsLocal(rel) || filepath.Base(dir) != "aztray" {
		t.Errorf("%s is not a place of ours below %s", dir, home)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := StateDir(env.lookup); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("others may look in: %v, %v", info.Mode(), err)
	}
}

func TestStateDirWithoutAHome(t *testing.T) {
	for name, env := range map[string][]string{
		"nothing":         {},
		"a relative home": {"HOME=me", "USERPROFILE=me", "XDG_STATE_HOME=state", "LOCALAPPDATA=local"},
	} {
		if dir, err := StateDir(environ(env).lookup); err == nil {
			t.Errorf("%s: got %s, want an error", name, dir)
		}
	}
}
