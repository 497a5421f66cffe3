//go:build e2e

package tray

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/introspect"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
)

// The tray on a session bus of its own, beside a panel that only remembers who registered. systray
// runs once in a process, so each test starts this binary again as the tray.

func TestMain(m *testing.M) {
	if os.Getenv("AZTRAY_TEST_AS_TRAY") != "" {
		os.Exit(asTray())
	}
	os.Exit(m.Run())
}

// asTray shows what standard input names, and writes to standard output what it is asked to do.
func asTray() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	updates, show := make(chan agent.Snapshot), make(chan struct{})
	go func() {
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			switch in.Text() {
			case "show":
				show <- struct{}{}
			case "good":
				updates <- liveSnapshot()
			case "out":
				updates <- agent.Snapshot{Level: auth.SignedOut}
			}
		}
	}()
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
	err := Run(ctx, Options{Updates: updates, Show: show, HostGrace: 200 * time.Millisecond, Log: log,
		Do:     func(c agent.Command) { fmt.Printf("do %#v\n", c) },
		Notice: func(p *auth.Problem) { fmt.Printf("notice %s\n", p.Code) }})
	fmt.Printf("ended %v\n", err)
	return 0
}

func liveSnapshot() agent.Snapshot {
	return signedIn(func(s *agent.Snapshot) {
		s.Containers = append(s.Containers, containers.Status{Name: "code_story", State: containers.Missing})
	})
}

func TestMenuOnTheBus(t *testing.T) {
	bus := startBus(t)
	panel := startPanel(t, bus)
	tray := startTray(t, bus)
	tray.say("good")
	tray.menuHas(panel, "Signed in to Contoso as ada@contoso.example", "Renew now", "Fabrikam", "code__story: has no token yet")
	if id := tray.property(panel, "Id"); id != "aztray" {
		t.Errorf("the item's id is %v: panels would forget whether to show it", id)
	}
	if title := tray.property(panel, "Title"); title != "Signed in to Contoso as ada@contoso.example" {
		t.Errorf("title %v", title)
	}
	green := tray.pixels(panel)
	tray.click(panel, "Fabrikam")
	tray.heard(`do agent.UseTenant{TenantID:"` + other.ID + `"}`)
	tray.click(panel, "Sync now")
	tray.heard(`do agent.Sync{Names:[]string(nil)}`)
	tray.say("show")
	tray.heard("notice TRAY_RUNNING")

	tray.say("out")
	tray.menuHas(panel, "Nobody is signed in to Azure", "Sign in")
	if slices.Contains(tray.menu(panel), "Fabrikam") {
		t.Error("the tenants of an earlier sign-in are still there")
	}
	if red := tray.pixels(panel); red == green {
		t.Error("the icon is the same as before")
	}
	tray.click(panel, "Quit aztray")
	tray.heard("ended <nil>")
}

func TestPanelComesAndGoes(t *testing.T) {
	bus := startBus(t)
	tray := startTray(t, bus)
	tray.heard("notice TRAY_NO_HOST")
	tray.say("show")
	tray.heard("notice TRAY_NO_HOST")
	tray.say("good")
	for range 3 { // it comes back each time
		panel := startPanel(t, bus)
		if slices.Contains(tray.menu(panel), "Fabrikam") {
			t.Error("a new panel is told of submenus at once: libdbusmenu would leave them empty")
		}
		tray.menuHas(panel, "Signed in to Contoso as ada@contoso.example", "Fabrikam", "Sync now")
		panel.conn.Close()
		tray.heard("level=DEBUG msg=\"the menu is made anew")
	}
	if err := tray.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	tray.heard("ended <nil>")
}

func TestNoSessionBus(t *testing.T) {
	tray := startTray(t, "unix:path=/nonexistent/bus")
	tray.heard("ended There is no desktop session here")
}

func TestSessionBusGoesAway(t *testing.T) {
	cmd, bus := busProcess(t)
	tray := startTray(t, bus)
	tray.heard("notice TRAY_NO_HOST") // it runs
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	tray.heard("ended The desktop session (its D-Bus session bus) went away")
}

func startBus(t *testing.T) string {
	_, address := busProcess(t)
	return address
}

func busProcess(t *testing.T) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(address)
}

// fakePanel is a StatusNotifierWatcher; item receives the bus name of whoever registers.
type fakePanel struct {
	conn *dbus.Conn
	item chan string
	name string
}

func startPanel(t *testing.T, bus string) *fakePanel {
	t.Helper()
	conn, err := dbus.Connect(bus)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	p := &fakePanel{conn: conn, item: make(chan string, 8)}
	for _, err := range []error{
		conn.Export(watcher{p}, watcherPath, watcherName),
		conn.Export(introspect.Introspectable("<node/>"), watcherPath, "org.freedesktop.DBus.Introspectable"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.RequestName(watcherName, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	return p
}

// watcher is what the panel has on the bus.
type watcher struct{ p *fakePanel }

func (w watcher) RegisterStatusNotifierItem(sender dbus.Sender, _ string) *dbus.Error {
	w.p.item <- string(sender)
	return nil
}

// trayProcess is the tray in a process of its own.
type trayProcess struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.Writer
	out chan string
}

func startTray(t *testing.T, bus string) *trayProcess {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "AZTRAY_TEST_AS_TRAY=1", "DBUS_SESSION_BUS_ADDRESS="+bus, "XDG_CURRENT_DESKTOP=XFCE")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &trayProcess{t: t, cmd: cmd, in: in, out: make(chan string, 64)}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	go func() {
		defer close(p.out)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.out <- lines.Text()
		}
	}()
	return p
}

func (p *trayProcess) say(word string) { fmt.Fprintln(p.in, word) }

// heard waits for a line that starts so.
func (p *trayProcess) heard(want string) {
	p.t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case line, ok := <-p.out:
			if !ok {
				p.t.Fatalf("the tray ended before it said %q", want)
			}
			if strings.HasPrefix(line, want) {
				return
			}
			p.t.Logf("heard %q", line)
		case <-late:
			p.t.Fatalf("the tray did not say %q", want)
		}
	}
}

// object is the tray's item or its menu, as soon as it has registered with the panel.
func (p *trayProcess) object(panel *fakePanel, path dbus.ObjectPath) dbus.BusObject {
	p.t.Helper()
	if panel.name == "" {
		select {
		case panel.name = <-panel.item:
		case <-time.After(20 * time.Second):
			p.t.Fatal("the tray did not register with the panel")
		}
	}
	return panel.conn.Object(panel.name, path)
}

func (p *trayProcess) property(panel *fakePanel, name string) any {
	p.t.Helper()
	v, err := p.object(panel, "/StatusNotifierItem").GetProperty("org.kde.StatusNotifierItem." + name)
	if err != nil {
		p.t.Fatal(err)
	}
	return v.Value()
}

func (p *trayProcess) pixels(panel *fakePanel) string {
	return fmt.Sprint(p.property(panel, "IconPixmap"))
}

type node struct {
	ID       int32
	Props    map[string]dbus.Variant
	Children []dbus.Variant
}

// ids are the visible lines and what they are called on the bus.
func (p *trayProcess) ids(panel *fakePanel) map[string]int32 {
	p.t.Helper()
	var revision uint32
	var root node
	call := p.object(panel, "/StatusNotifierItem/menu").Call("com.canonical.dbusmenu.GetLayout", 0, int32(0), int32(-1), []string{})
	if err := call.Store(&revision, &root); err != nil {
		p.t.Fatal(err)
	}
	found := map[string]int32{}
	var walk func(n node)
	walk = func(n node) {
		if visible, ok := n.Props["visible"].Value().(bool); ok && !visible {
			return
		}
		if label, ok := n.Props["label"].Value().(string); ok {
			found[label] = n.ID
		}
		for _, c := range n.Children {
			var child node
			if err := dbus.Store([]any{c.Value()}, &child); err != nil {
				p.t.Fatal(err)
			}
			walk(child)
		}
	}
	walk(root)
	return found
}

func (p *trayProcess) menu(panel *fakePanel) []string {
	p.t.Helper()
	var labels []string
	for label := range p.ids(panel) {
		labels = append(labels, label)
	}
	return labels
}

// menuHas waits until the menu has all the lines: its first answer leaves submenus out.
func (p *trayProcess) menuHas(panel *fakePanel, want ...string) {
	p.t.Helper()
	var labels []string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		labels = p.menu(panel)
		if !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(labels, w) }) {
			return
		}
	}
	p.t.Fatalf("the menu has %q, want %q among them", labels, want)
}

func (p *trayProcess) click(panel *fakePanel, label string) {
	p.t.Helper()
	id, ok := p.ids(panel)[label]
	if !ok {
		p.t.Fatalf("there is no %q to click", label)
	}
	call := p.object(panel, "/StatusNotifierItem/menu").Call("com.canonical.dbusmenu.Event", 0, id, "clicked", dbus.MakeVariant(0), uint32(0))
	if call.Err != nil {
		p.t.Fatal(call.Err)
	}
}
