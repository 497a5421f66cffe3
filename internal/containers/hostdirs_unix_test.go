//go:build unix

package containers

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWhatAContainerLaysThere: it may write in its directory as it likes, and nothing of that leads us
// out of it, makes us wait, or is believed.
func TestWhatAContainerLaysThere(t *testing.T) {
	for _, c := range []struct {
		why    string
		lay    func(dir, outside string) error
		writes bool // what is there is replaced by ours
	}{
		{"a link where the new file is written first", func(dir, outside string) error {
			return os.Symlink(outside, filepath.Join(dir, cacheFile+freshSuffix))
		}, true},
		{"a link in the place of the cache", func(dir, outside string) error { return os.Symlink(outside, filepath.Join(dir, cacheFile)) }, false},
		{"a link to a directory of the host's", func(dir, outside string) error {
			return os.Symlink(filepath.Dir(outside), filepath.Join(dir, profileFile))
		}, false},
		{"a pipe that nobody writes to", func(dir, _ string) error { return syscall.Mkfifo(filepath.Join(dir, markFile), 0o600) }, false},
		{"a file without end", func(dir, _ string) error {
			if err := os.WriteFile(filepath.Join(dir, tokensFile), nil, 0o600); err != nil {
				return err
			}
			return os.Truncate(filepath.Join(dir, tokensFile), 1<<40)
		}, false},
		{"a directory that can't be replaced", func(dir, _ string) error {
			return os.MkdirAll(filepath.Join(dir, cacheFile+freshSuffix, "full"), 0o700)
		}, false},
		{"a mark that says all is fresh", func(dir, _ string) error {
			return os.WriteFile(filepath.Join(dir, markFile), []byte(`{"by":"aztray","hash":"x","expires_on":"2999-01-01T00:00:00Z"}`), 0o600)
		}, true},
	} {
		m := newMounting(t, map[string]string{"/bin/az": "#!/usr/bin/python3\n", "/bin/sh": "", "/etc/passwd": withShell["/etc/passwd"]})
		os.MkdirAll(m.dir, 0o700)
		outside := filepath.Join(t.TempDir(), "mine")
		os.WriteFile(outside, []byte("precious"), 0o600)
		if err := c.lay(m.dir, outside); err != nil {
			t.Fatal(err)
		}
		s := m.host.Deliver(t.Context(), m.one(), bundle("ours", time.Now().Add(time.Hour)))
		if c.writes != (s.State == Fresh) || !c.writes && (s.State != Failed || s.Error == "") {
			t.Errorf("%s: %s %q", c.why, s.State, s.Error)
		}
		if c.writes && !strings.Contains(m.text(cacheFile), "ours") {
			t.Errorf("%s: ours is not there", c.why)
		}
		if b, _ := os.ReadFile(outside); string(b) != "precious" {
			t.Errorf("%s: the host's own file is %q", c.why, b)
		}
	}
}

func TestOnlyWeMayEnter(t *testing.T) {
	h := hostDirs{filepath.Join(t.TempDir(), "state", "mounts"), os.Geteuid()}
	os.MkdirAll(h.path("app"), 0o755) // as an engine makes it
	d, err := h.open(t.Context(), "app")
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if err = d.write(newContent(bundle("s", time.Now().Add(time.Hour)), mountTarget(time.UTC), time.Now()), nil); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{".": 0o700, "app": 0o700, "app/" + cacheFile: 0o600, "app/" + markFile: 0o600, ".bin/az": 0o755} {
		if info, err := os.Stat(h.path(name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %v", name, info.Mode(), err, want)
		}
	}
}

// TestReaderOfAMountNeverSeesHalfAFile: nor does it ever see none.
func TestReaderOfAMountNeverSeesHalfAFile(t *testing.T) {
	h := hostDirs{filepath.Join(t.TempDir(), "mounts"), os.Geteuid()}
	d, err := h.open(t.Context(), "app")
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	write := func(secret string) {
		if err := d.write(newContent(bundle(secret, time.Now().Add(time.Hour)), mountTarget(time.UTC), time.Now()), nil); err != nil {
			t.Error(err)
		}
	}
	write("first")
	stop, done := make(chan struct{}), make(chan int)
	go func() {
		reads := 0
		defer func() { done <- reads }()
		for ; ; reads++ {
			select {
			case <-stop:
				return
			default:
			}
			b, err := os.ReadFile(filepath.Join(d.path, cacheFile))
			if s := strings.TrimSpace(string(b)); err != nil || !strings.HasPrefix(s, "{") || !strings.HasSuffix(s, "}") {
				t.Errorf("read %d bytes, %v", len(b), err)
				<-stop
				return
			}
		}
	}()
	for range 200 {
		write(strings.Repeat("x", 50_000))
	}
	close(stop)
	t.Logf("%d reads beside 200 deliveries", <-done)
}

func TestDirectoryForMountsOfAnotherUser(t *testing.T) {
	h := hostDirs{t.TempDir(), os.Geteuid() + 1}
	if _, err := h.open(t.Context(), "app"); err == nil || !strings.Contains(err.Error(), "sudo rm -r "+h.dir) {
		t.Errorf("%v", err)
	}
}
