//go:build unix

package config

import (
	"os"
	"path/filepath"
	"testing"
)

// Who keeps settings in a repository links to them: the change is made elsewhere.
func TestWatchFollowsALink(t *testing.T) {
	base, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "dotfiles.toml")
	file := filepath.Join(base, "aztray", "config.toml")
	put(t, elsewhere, "[tray]\nicon = \"dark\"\n")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, file); err != nil {
		t.Fatal(err)
	}
	ask := make(chan struct{})
	told := watched(t, file, ask)
	ask <- struct{}{}
	next(t, told, "a question") // it watches by now
	put(t, elsewhere, "[tray]\nicon = \"light\"\n")
	if c := next(t, told, "the link's target"); c.Settings.Tray.Icon != "light" {
		t.Errorf("%+v", c)
	}
}
