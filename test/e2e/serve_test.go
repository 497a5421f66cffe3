//go:build e2e

package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"aztray/assets"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// systemd is what a unit of Type=notify has around it: the socket, and what came by it.
type systemd struct {
	mu   sync.Mutex
	told []string
}

// systemd listens as systemd does and has the program know where.
func (x *story) systemd() *systemd {
	x.t.Helper()
	s := &systemd{}
	name := filepath.Join(x.Dir, "run", "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	x.must(err)
	x.t.Cleanup(func() { conn.Close() })
	x.Setenv("NOTIFY_SOCKET", name)
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.told = append(s.told, string(b[:n]))
			s.mu.Unlock()
		}
	}()
	return s
}

// count is how many messages hold a text.
func (s *systemd) count(text string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.told {
		if strings.Contains("\n"+m+"\n", text) {
			n++
		}
	}
	return n
}

// With no desktop at all, as a unit of systemd: it delivers, takes up settings, and stops cleanly.
func TestServeAsAUnit(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	_, err := x.Az(x.ctx, "login", "--output", "none")
	x.must(err)
	x.must(x.RunContainer(x.ctx, "az", images.Az))
	manager := x.systemd()
	x.tray, err = x.StartTray(x.ctx, "serve")
	x.must(err)
	x.eventually(20*time.Second, "READY=1", func() bool { return manager.count("\nREADY=1\n") > 0 })
	if n := manager.count("STATUS=The sign-in is not known yet"); n > 0 {
		t.Errorf("it was ready %d times before it had judged the sign-in", n)
	}
	x.eventually(20*time.Second, "the status names the tenant", func() bool { return manager.count("STATUS=Signed in to Contoso") > 0 })
	x.holdsNew(30*time.Second, "az", "")

	out, msg, code, err := x.Aztray(x.ctx, "serve")
	if err != nil || code != 1 || out != "" || !strings.Contains(msg, "running already, without a desktop") {
		t.Errorf("a second one: exit code %d, %v\n%s%s", code, err, out, msg)
	}

	hangUp := func() {
		t.Helper()
		x.must(syscall.Kill(x.tray.PID(), syscall.SIGHUP))
	}
	config := filepath.Join(x.Dir, "config", "aztray", "config.toml")
	x.must(os.WriteFile(config, []byte("[azure]\nscope = 5\n"), 0o600))
	hangUp()
	x.eventually(10*time.Second, "the broken file is named", func() bool {
		return strings.Contains(x.tray.Log(), "the settings stay as they were") && manager.count("RELOADING=1\nMONOTONIC_USEC=") == 1
	})
	x.must(os.WriteFile(config, []byte("[azure]\nsign_in_lifetime = \"10h\"\n"), 0o600))
	hangUp()
	x.eventually(20*time.Second, "the new settings are taken up", func() bool { return manager.count("STATUS=Signed in to Contoso until") > 0 })

	if browsers := x.Cloud.Visited(); len(browsers) != 1 {
		t.Errorf("a browser was opened %d times; only az login asked for one", len(browsers))
	}
	x.must(x.tray.Stop())
	if x.tray.Err() != nil || manager.count("\nSTOPPING=1\n") != 1 {
		t.Errorf("the end: %v, told %q", x.tray.Err(), manager.told)
	}
}

// The unit that docs/serve.md installs is one of Type=notify that starts serve.
func TestTheUnitFile(t *testing.T) {
	for _, line := range []string{"Type=notify", "ExecStart=aztray serve", "ExecReload=/bin/kill -HUP $MAINPID", "WantedBy=default.target"} {
		if !strings.Contains("\n"+string(assets.ServiceUnit), "\n"+line+"\n") {
			t.Errorf("the unit has no line %q", line)
		}
	}
}
