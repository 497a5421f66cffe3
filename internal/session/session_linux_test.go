package session

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
)

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name string
		all  []verdict
		want bool
	}{
		{"nothing tells", nil, false},
		{"neither of two tells", []verdict{untold, untold}, false},
		{"one says unlocked", []verdict{untold, unlocked}, true},
		{"both say unlocked", []verdict{unlocked, unlocked}, true},
		{"one says locked", []verdict{untold, locked}, false},
		{"they differ: the locker that logind knows nothing of", []verdict{unlocked, locked}, false},
		{"they differ: logind knows", []verdict{locked, unlocked}, false},
	} {
		if got := judge(c.all); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// bus starts a bus of the test's own.
func bus(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "az") // a short path, for it becomes a socket's address
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	address, config := "unix:path="+filepath.Join(dir, "bus"), filepath.Join(dir, "bus.conf")
	err = os.WriteFile(config, []byte(`<busconfig><type>session</type><listen>`+address+`</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("dbus-daemon", "--nofork", "--print-address=1", "--config-file="+config)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the bus did not start: %v", err)
	}
	return address
}

func owner(t *testing.T, address, name string) *dbus.Conn {
	t.Helper()
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	return conn
}

// saver is a screensaver.
type saver bool

func (s saver) GetActive() (bool, *dbus.Error) { return bool(s), nil }

// hangs is one that never answers.
type hangs struct{ over chan struct{} }

func (h hangs) GetActive() (bool, *dbus.Error) { <-h.over; return false, nil }

type display struct {
	ID   string
	Path dbus.ObjectPath
}

// sessions is a logind with one graphical session, or none.
func sessions(t *testing.T, address string, path dbus.ObjectPath, active, hint bool) {
	t.Helper()
	conn := owner(t, address, "org.freedesktop.login1")
	user := display{}
	if path != "" {
		user = display{"c2", path}
		if _, err := prop.Export(conn, path, prop.Map{"org.freedesktop.login1.Session": {
			"Active": {Value: active}, "LockedHint": {Value: hint}}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := prop.Export(conn, "/org/freedesktop/login1/user/self", prop.Map{"org.freedesktop.login1.User": {"Display": {Value: user}}}); err != nil {
		t.Fatal(err)
	}
}

func TestUnlocked(t *testing.T) {
	const seat = dbus.ObjectPath("/org/freedesktop/login1/session/c2")
	on := func(name, path string, s any) func(t *testing.T, system, session string) {
		return func(t *testing.T, _, session string) {
			if err := owner(t, session, name).Export(s, dbus.ObjectPath(path), name); err != nil {
				t.Fatal(err)
			}
		}
	}
	login := func(path dbus.ObjectPath, active, hint bool) func(t *testing.T, system, session string) {
		return func(t *testing.T, system, _ string) { sessions(t, system, path, active, hint) }
	}
	type tellers []func(t *testing.T, system, session string)
	for _, c := range []struct {
		name    string
		tellers tellers
		want    bool
	}{
		{"nobody is there to tell", nil, false},
		{"logind: unlocked", tellers{login(seat, true, false)}, true},
		{"logind: locked", tellers{login(seat, true, true)}, false},
		{"logind: another user's session is in front", tellers{login(seat, false, false)}, false},
		{"logind: signed in by SSH alone", tellers{login("", true, false)}, false},
		{"KDE's: unlocked", tellers{on("org.freedesktop.ScreenSaver", "/ScreenSaver", saver(false))}, true},
		{"GNOME's: unlocked", tellers{on("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver", saver(false))}, true},
		{"XFCE's: locked", tellers{on("org.xfce.ScreenSaver", "/org/xfce/ScreenSaver", saver(true))}, false},
		{"one that knows nothing of it", tellers{on("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", struct{}{})}, false},
		{"logind says unlocked, the locker locked", tellers{login(seat, true, false), on("org.mate.ScreenSaver", "/org/mate/ScreenSaver", saver(true))}, false},
		{"logind says locked, the screensaver not", tellers{login(seat, true, true), on("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver", saver(false))}, false},
		{"both say unlocked", tellers{login(seat, true, false), on("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver", saver(false))}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			system, session := bus(t), bus(t)
			t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", system)
			t.Setenv("DBUS_SESSION_BUS_ADDRESS", session)
			for _, tell := range c.tellers {
				tell(t, system, session)
			}
			if got := Unlocked(t.Context()); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// What hangs, or is not there, keeps nobody.
func TestUnlockedIsBounded(t *testing.T) {
	session := bus(t)
	h := hangs{make(chan struct{})}
	defer close(h.over)
	if err := owner(t, session, "org.gnome.ScreenSaver").Export(h, "/org/gnome/ScreenSaver", "org.gnome.ScreenSaver"); err != nil {
		t.Fatal(err)
	}
	silent, err := net.Listen("unix", filepath.Join(t.TempDir(), "bus"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+silent.Addr().String())
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", session)
	done := make(chan bool, 1)
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	go func() { done <- Unlocked(ctx) }()
	select {
	case got := <-done:
		if got {
			t.Error("it is unlocked")
		}
	case <-time.After(2 * patience):
		t.Fatal("it does not end")
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere")
	if Unlocked(t.Context()) {
		t.Error("it is unlocked without a bus")
	}
}
