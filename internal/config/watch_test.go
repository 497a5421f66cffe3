package config

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/filewatch"
)

// watched runs Watch on a file and gives what it tells.
func watched(t *testing.T, file string, ask <-chan struct{}) <-chan Change {
	t.Helper()
	return watchedBy(t, file, ask, filewatch.Options{})
}

func watchedBy(t *testing.T, file string, ask <-chan struct{}, by filewatch.Options) <-chan Change {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	o := Options{File: "", Environ: []string{"HOME=" + t.TempDir(), "USERPROFILE=" + t.TempDir(), "XDG_CONFIG_HOME=" + filepath.Dir(filepath.Dir(file)),
		"APPDATA=" + filepath.Dir(filepath.Dir(file))}}
	was, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	told, ended := make(chan Change, 16), make(chan error, 1)
	go func() { ended <- watch(ctx, o, was, ask, func(c Change) { told <- c }, by) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return told
}

func next(t *testing.T, told <-chan Change, what string) Change {
	t.Helper()
	select {
	case c := <-told:
		return c
	case <-time.After(10 * time.Second):
		t.Fatalf("nothing was told of: %s", what)
		return Change{}
	}
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A file that was broken at the start is not told of once more; that it was mended is, though it changes
// no setting, and so is another slip.
func TestWatchFromABrokenStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "aztray", "config.toml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, file, "[tray]\nicno = \"auto\"\n")
	ask := make(chan struct{})
	told := watched(t, file, ask)
	ask <- struct{}{} // it has looked once by now
	if c := next(t, told, "a question"); c.Err == nil || !strings.Contains(c.Err.Error(), "line 2") {
		t.Errorf("broken at the start: %+v", c)
	}
	put(t, file, "\n[tray]\nicno = \"auto\"\n")
	if c := next(t, told, "another line"); c.Err == nil || !strings.Contains(c.Err.Error(), "line 3") || c.Settings.Health.Listen != "" {
		t.Errorf("still broken: %+v", c)
	}
	put(t, file, "[health]\nlisten = \"\"\n[azure]\nfollow = false\n")
	if c := next(t, told, "a mended file"); c.Err != nil {
		t.Errorf("mended: %+v", c)
	}
	if len(told) > 0 {
		t.Errorf("more was told: %+v", <-told)
	}
}

// The life of a settings file: not there, not even its directory; made, changed, broken, mended as
// editors do, taken away.
func TestWatch(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "below", "aztray", "config.toml")
	ask := make(chan struct{})
	told := watched(t, file, ask)

	ask <- struct{}{}
	if c := next(t, told, "a question"); c.Err != nil || c.Settings.Tray.Icon != "auto" {
		t.Errorf("without a file: %+v", c)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, file, "[tray]\nicon = \"dark\"\n")
	if c := next(t, told, "a new file in a new directory"); c.Err != nil || c.Settings.Tray.Icon != "dark" {
		t.Errorf("a new file: %+v", c)
	}
	put(t, file, "[tray]\nicon = \"lihgt\"\n")
	if c := next(t, told, "a broken file"); c.Err == nil || !strings.Contains(c.Err.Error(), "line 2") || c.Settings.Tray.Icon != "dark" {
		t.Errorf("a broken file: %+v", c)
	}
	beside := file + "~"
	put(t, beside, "[tray]\nicon = \"light\"\n")
	if err := os.Rename(beside, file); err != nil {
		t.Fatal(err)
	}
	if c := next(t, told, "a file renamed over it"); c.Err != nil || c.Settings.Tray.Icon != "light" {
		t.Errorf("mended: %+v", c)
	}
	put(t, file, "# the same\n[tray]\nicon = \"light\"\n")
	put(t, file+".old", "[tray]\nicon = \"dark\"\n")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if c := next(t, told, "the file is gone"); c.Err != nil || c.Settings.Tray.Icon != "auto" {
		t.Errorf("gone: %+v", c)
	}
	if len(told) > 0 {
		t.Errorf("more was told: %+v", <-told)
	}
}

// TestWatch_SystemRefuses: the same without the system's help, half a minute later at most.
func TestWatch_SystemRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "below", "aztray", "config.toml")
	told := watchedBy(t, file, nil, filewatch.Options{Every: 10 * time.Millisecond,
		NewSystem: func() (*filewatch.System, error) { return nil, errors.New("too many open files") }})
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, icon := range []string{"dark", "light"} {
		put(t, file+"~", "[tray]\nicon = \""+icon+"\"\n")
		if err := os.Rename(file+"~", file); err != nil { // a look may come between two steps of a write in place
			t.Fatal(err)
		}
		if c := next(t, told, icon); c.Err != nil || c.Settings.Tray.Icon != icon {
			t.Errorf("%s: %+v", icon, c)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if c := next(t, told, "no file"); c.Settings.Tray.Icon != "auto" {
		t.Errorf("gone: %+v", c)
	}
}
