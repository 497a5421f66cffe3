package browser

import (
	"os"
	"path/filepath"
	"testing"
)

// A snap's browser reads its own data, and not the runtime directory.
func TestSnapData(t *testing.T) {
	home := t.TempDir()
	common := filepath.Join(home, "snap", "firefox", "common")
	if err := os.MkdirAll(common, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(home, "snap", "linked"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/", filepath.Join(home, "snap", "linked", "common")); err != nil {
		t.Fatal(err)
	}
	for desktop, want := range map[string]string{
		"firefox_firefox.desktop":     common,
		"firefox_firefox":             "",
		"firefox.desktop":             "",
		"org.mozilla.firefox.desktop": "",
		"chromium_chromium.desktop":   "", // not started yet: it has no data
		"linked_app.desktop":          "",
		"../firefox_firefox.desktop":  "",
		"google-chrome.desktop":       "",
		"":                            "",
	} {
		if got := snapData(home, desktop); got != want {
			t.Errorf("%q: %q, want %q", desktop, got, want)
		}
	}
}
