//go:build unix

package instance

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDirIsClosedToOthers(t *testing.T) {
	base := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", base)
	want := filepath.Join(base, "aztray")
	if err := os.Mkdir(want, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := Dir(); got != want || err != nil {
		t.Fatalf("Dir: %q, %v", got, err)
	}
	info, err := os.Stat(want)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	take(t, want)
	if info, err = os.Stat(socketPath(want)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info.Mode(), err)
	}
}

func TestDirWithoutASession(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "")
	t.Setenv("TMPDIR", t.TempDir())
	got, err := Dir()
	if err != nil || filepath.Dir(got) != os.TempDir() {
		t.Errorf("Dir: %q, %v", got, err)
	}
}

func TestDirRefusesALinkAndAFile(t *testing.T) {
	base := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", base)
	place := filepath.Join(base, "aztray")
	if err := os.Symlink(t.TempDir(), place); err != nil {
		t.Fatal(err)
	}
	if got, err := Dir(); err == nil {
		t.Errorf("Dir went through a link: %q", got)
	}
	os.Remove(place)
	if err := os.WriteFile(place, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Dir(); err == nil {
		t.Errorf("Dir took a file: %q", got)
	}
}

func TestDirRefusesAnothersDirectory(t *testing.T) {
	if os.Getuid() != 0 {
		// Only root can make one; for everybody else the root directory is another's.
		if err := ours("/"); err == nil {
			t.Error("took the root directory")
		}
		return
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 12345, -1); err != nil {
		t.Fatal(err)
	}
	if err := ours(dir); err == nil {
		t.Error("took another's directory")
	}
}
