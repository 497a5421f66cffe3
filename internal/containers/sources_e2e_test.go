//go:build e2e && linux

package containers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A volume of the local driver can be made to stand for any directory. What is the person's is left alone, and
// who has the directory of the engine's socket is asked about.
func TestVolumesThatAreTheHosts(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	azDir, work, elsewhere := filepath.Join(home, ".azure"), filepath.Join(home, "work"), t.TempDir()
	for _, dir := range []string{azDir, work} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	signedIn := t.TempDir()
	if err := os.WriteFile(filepath.Join(signedIn, cacheFile), []byte(theirSignIn), 0o600); err != nil {
		t.Fatal(err)
	}
	e := connect(t, azDir)
	for _, c := range []struct {
		name, device, at string
		state            State
		writes           bool
		options          string
	}{
		{"az directory", azDir, "/root/.azure", Shared, false, ""},
		{"home", home, "/root", Shared, false, ""},
		{"another directory of the home", work, "/root/.azure", Shared, false, ""},
		{"elsewhere", elsewhere, "/root/.azure", Fresh, true, ""},
		{"signed in elsewhere", signedIn, "/root/.azure", OwnSignIn, true, ""},
		{"privileged", elsewhere, "/data", Missing, true, "create --privileged"}, // here nobody may start one
		{"sockets", "/var/run", "/host", Missing, true, ""},
		{"sockets and elsewhere", "/run", "/host", Missing, true, "-v " + elsewhere + ":/root/.azure"},
		{"administers", elsewhere, "/data", Missing, true, "--cap-add SYS_ADMIN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			volume := prefix + "-" + strings.ReplaceAll(c.name, " ", "-")
			docker(t, "volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device="+c.device, volume)
			t.Cleanup(func() { exec.Command("docker", "volume", "rm", "-f", volume).Run() })
			how, options := "run -d", c.options
			if rest, ok := strings.CutPrefix(options, "create "); ok {
				how, options = "create", rest
			}
			one := made(t, e, strings.Join([]string{how, "--label aztray.deliver=true -v", volume + ":" + c.at, options}, " "), imgShell, "sleep", "1000000")
			before, err := os.ReadDir(c.device)
			if err != nil {
				t.Fatal(err)
			}
			s := e.Deliver(t.Context(), one, bundle("s", time.Now().Add(time.Hour)))
			if s.State != c.state || strings.Contains(s.Error, "account clear") {
				t.Errorf("%s %q, want %s", s.State, s.Error, c.state)
			}
			if after, _ := os.ReadDir(c.device); !c.writes && len(after) != len(before) {
				t.Errorf("written: %v", after)
			}
			if s = e.Check(t.Context(), one); s.State != c.state || strings.Contains(s.Error, "account clear") {
				t.Errorf("looked at: %s %q, want %s", s.State, s.Error, c.state)
			}
		})
	}
}

// A container mounts a part of a volume, where its engine can do that.
func TestAPartOfAVolume(t *testing.T) {
	home := t.TempDir()
	azDir := filepath.Join(home, ".azure")
	if err := os.Mkdir(azDir, 0o700); err != nil {
		t.Fatal(err)
	}
	e := connect(t, azDir)
	volume := prefix + "-part"
	docker(t, "volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device="+home, volume)
	t.Cleanup(func() { exec.Command("docker", "volume", "rm", "-f", volume).Run() })
	how := "run -d --mount type=volume,source=" + volume + ",volume-subpath=.azure,target=/root/.azure"
	one := made(t, e, how, imgShell, "sleep", "1000000")
	if exec.Command("docker", "exec", one.ID, "sh", "-c", "[ -d /root/.azure/.azure ]").Run() == nil {
		t.Attr("subpath", "this engine has none and mounts the whole volume")
		return
	}
	if s := e.Deliver(t.Context(), one, bundle("s", time.Now().Add(time.Hour))); s.State != Shared {
		t.Errorf("%s %q", s.State, s.Error)
	}
	if left, _ := os.ReadDir(azDir); len(left) > 0 {
		t.Errorf("written: %v", left)
	}
}
