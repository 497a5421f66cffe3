//go:build e2e

package notify

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/test/rig/desktop"
)

// onDesktop starts a desktop and leads this process to its session bus.
func onDesktop(t *testing.T, o desktop.Options) *desktop.Desktop {
	t.Helper()
	d, err := desktop.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	for _, v := range d.Env() {
		for _, name := range []string{"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"} {
			if value, is := strings.CutPrefix(v, name+"="); is {
				t.Setenv(name, value)
			}
		}
	}
	return d
}

// onScreen waits for the warning to be on the screen.
func onScreen(t *testing.T, d *desktop.Desktop) desktop.Notification {
	t.Helper()
	n, err := d.WaitNotification(t.Context(), func(n desktop.Notification) bool {
		return n.Shown() && strings.HasPrefix(n.Summary, "Azure sign-in ends")
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// nothing says that what was done so far asked for nothing: the next signal is answered, and it is the first.
func (l live) nothing(t *testing.T, press func()) {
	t.Helper()
	press()
	if got := l.command(t); got != (agent.Renew{}) || len(l.done) > 0 {
		t.Errorf("asked for %+v and %d more", got, len(l.done))
	}
}

// xfce4-notifyd draws "default" as a button, so there is none, and the click on the note dismisses it.
func TestXfceNotifydReally(t *testing.T) {
	d := onDesktop(t, desktop.Options{NoTray: true})
	details := make(chan string, 1)
	l := startRun(t, Options{Details: func(string) { details <- "" }})
	l.updates <- snap(auth.Expiring, inTen())
	n := onScreen(t, d)
	if len(n.Actions) != 2 || n.Actions[0].Key != "renew" || n.Actions[1].Key != "snooze" {
		t.Errorf("it draws %+v", n.Actions)
	}
	if err := d.ClickBody(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if _, err := d.WaitNotification(t.Context(), func(n desktop.Notification) bool { return n.Closed == 2 && n.Invoked == "" }); err != nil {
		t.Fatal(err)
	}
	l.updates <- snap(auth.Expired, ended())
	n, err := d.WaitNotification(t.Context(), func(n desktop.Notification) bool {
		return n.Shown() && n.Summary == "Containers have lost Azure access"
	})
	if err != nil {
		t.Fatal(err)
	}
	l.nothing(t, func() {
		if err := d.PressButton(t.Context(), n, "Renew now"); err != nil {
			t.Fatal(err)
		}
	})
	if len(details) > 0 {
		t.Error("the details were shown")
	}
}

// dunst draws no buttons: the middle click renews, the left one and the end of time do nothing, and its command
// reaches the named buttons.
func TestDunstReally(t *testing.T) {
	d := onDesktop(t, desktop.Options{NoTray: true, NoNotifications: true})
	startDunst(t, d)
	who, err := Probe(t.Context())
	if err != nil || (identity{who.Name, who.Version}).bodyClick() != bodyRenews {
		t.Fatalf("it is %+v, %v", who, err)
	}
	for name, c := range map[string]struct {
		do    func(d *desktop.Desktop)
		waits func(desktop.Notification) bool // what is seen of it
		want  bool
	}{
		"middle click":            {func(d *desktop.Desktop) { clickDunst(t, d, "2") }, func(n desktop.Notification) bool { return n.Invoked == "default" }, true},
		"left click":              {func(d *desktop.Desktop) { clickDunst(t, d, "1") }, func(n desktop.Notification) bool { return n.Closed == 2 }, false},
		"its command, the note":   {func(d *desktop.Desktop) { tool(t, d, "dunstctl", "action", "0") }, func(n desktop.Notification) bool { return n.Invoked == "default" }, true},
		"its command, closing":    {func(d *desktop.Desktop) { tool(t, d, "dunstctl", "close") }, func(n desktop.Notification) bool { return n.Closed == 2 }, false},
		"its command, all closed": {func(d *desktop.Desktop) { tool(t, d, "dunstctl", "close-all") }, func(n desktop.Notification) bool { return n.Closed == 2 }, false},
		"back from its history": {func(d *desktop.Desktop) {
			tool(t, d, "dunstctl", "close")
			tool(t, d, "dunstctl", "history-pop")
			tool(t, d, "dunstctl", "close")
		}, func(n desktop.Notification) bool { return n.Closed == 2 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := startRun(t, Options{})
			defer l.stop()
			l.updates <- snap(auth.Expiring, inTen())
			n := onScreen(t, d)
			c.do(d)
			if _, err := d.WaitNotification(t.Context(), func(m desktop.Notification) bool { return m.ID == n.ID && c.waits(m) }); err != nil {
				t.Fatal(err)
			}
			if c.want {
				if got := l.command(t); got != (agent.Renew{}) {
					t.Errorf("asked for %+v", got)
				}
				return
			}
			l.nothing(t, func() {
				if err := d.InvokeAction(n, "renew"); err != nil { // nobody obeys the rig, which is not the server
					t.Fatal(err)
				}
				l.updates <- snap(auth.Expired, ended())
				n, err := d.WaitNotification(t.Context(), func(n desktop.Notification) bool {
					return n.Shown() && n.Summary == "Containers have lost Azure access"
				})
				if err != nil {
					t.Fatal(err)
				}
				tool(t, d, "dunstctl", "action", "0")
				if _, err := d.WaitNotification(t.Context(), func(m desktop.Notification) bool { return m.ID == n.ID && m.Invoked == "default" }); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

func startDunst(t *testing.T, d *desktop.Desktop) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "dunstrc")
	if err := os.WriteFile(config, []byte("[global]\nmonitor = 0\nfollow = none\norigin = top-left\noffset = 0x0\nwidth = 400\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("dunst", "-conf", config)
	cmd.Env = d.Env()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	eventually(t, "dunst answers", func() bool {
		var has bool
		return conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, busName).Store(&has) == nil && has
	})
}

// tool runs a program on the desktop.
func tool(t *testing.T, d *desktop.Desktop, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env, cmd.WaitDelay = d.Env(), time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// clickDunst clicks on the note's text with a button of the mouse, once its window is there.
func clickDunst(t *testing.T, d *desktop.Desktop, button string) {
	t.Helper()
	tool(t, d, "xdotool", "search", "--sync", "--onlyvisible", "--class", "dunst")
	tool(t, d, "xdotool", "mousemove", "--sync", "60", "40", "click", button)
}
