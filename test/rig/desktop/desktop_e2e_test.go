//go:build linux && e2e

package desktop

import (
	"bufio"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shots is where pictures go: AZTRAY_SHOTS to keep them, for a person to look at.
func shots(t *testing.T) string {
	if dir := os.Getenv("AZTRAY_SHOTS"); dir != "" {
		return dir
	}
	return t.TempDir()
}

func deadline(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func start(t *testing.T, o Options) *Desktop {
	t.Helper()
	begun := time.Now()
	d, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("desktop %s after %v", d.Display(), time.Since(begun).Round(time.Millisecond))
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if left := running("XDG_RUNTIME_DIR="+d.runtime, map[int]bool{}); len(left) > 0 {
			t.Errorf("processes left behind: %v", left)
		}
	})
	return d
}

// app is the test's tray program and what it says.
type app struct {
	pid  int
	said chan string
}

func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trayapp")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./testdata/trayapp").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func run(t *testing.T, d *Desktop, program string) app {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = d.Env()
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	a := app{cmd.Process.Pid, make(chan string, 100)}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			a.said <- lines.Text()
		}
	}()
	return a
}

func (a app) expect(t *testing.T, want string) {
	t.Helper()
	for {
		select {
		case got := <-a.said:
			if got == want {
				return
			}
			t.Logf("said %q", got)
		case <-time.After(10 * time.Second):
			t.Fatalf("never said %q", want)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// colourAt is the middle of a picture.
func colourAt(img image.Image) color.NRGBA {
	return color.NRGBAModel.Convert(img.At(img.Bounds().Dx()/2, img.Bounds().Dy()/2)).(color.NRGBA)
}

var (
	green = color.NRGBA{0x00, 0x9e, 0x73, 0xff}
	red   = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
)

func TestTray(t *testing.T) {
	program, dir := build(t), shots(t)
	for _, o := range []Options{{Dark: true}, {PanelTop: true, Size: image.Pt(1024, 700)}} {
		t.Run(fmt.Sprintf("dark=%v,top=%v", o.Dark, o.PanelTop), func(t *testing.T) {
			d, ctx := start(t, o), deadline(t, 30*time.Second)
			a := run(t, d, program)
			a.expect(t, "ready")
			item, err := d.WaitItem(ctx, func(i Item) bool { return i.PID == a.pid && i.ToolTip == "All is well" })
			check(t, err)
			if item.Title != "trayapp" || item.Icon == nil || colourAt(item.Icon) != green {
				t.Errorf("item %+v", item)
			}
			name := filepath.Join(dir, fmt.Sprintf("tray-%v", o.Dark))
			check(t, d.IconCrop(ctx, item, name+"-green.png"))

			menu, err := d.WaitMenu(ctx, item, func(n MenuNode) bool { _, ok := n.Find("Tenant", "contoso_two"); return ok })
			check(t, err)
			if got, want := strings.Join(menu.Lines(), "|"), "Signed in to Contoso|---|Turn red|Warn me|Tenant|Quit"; got != want {
				t.Errorf("menu %s, want %s", got, want)
			}
			check(t, d.ClickMenu(ctx, item, "Tenant", "contoso_two"))
			a.expect(t, "two")
			_, err = d.WaitMenu(ctx, item, func(n MenuNode) bool {
				one, _ := n.Find("Tenant", "contosoone") // its underscore was not escaped
				two, _ := n.Find("Tenant", "contoso_two")
				return two.Checked && !one.Checked
			})
			check(t, err)

			check(t, d.OpenMenu(ctx, item))
			check(t, d.PointAtMenu(ctx, item, "Tenant"))
			check(t, d.Screenshot(ctx, name+"-menu.png"))
			check(t, d.CloseMenu(ctx))
			check(t, d.OpenMenu(ctx, item))
			check(t, d.ClickOpenMenu(ctx, item, "Turn red"))
			a.expect(t, "red")
			item, err = d.WaitItem(ctx, func(i Item) bool { return i.PID == a.pid && i.Title == "Expired" })
			check(t, err)
			if colourAt(item.Icon) != red {
				t.Errorf("icon %v, want %v", colourAt(item.Icon), red)
			}
			check(t, d.IconCrop(ctx, item, name+"-red.png"))
			f, err := os.Open(name + "-red.png")
			check(t, err)
			defer f.Close()
			crop, err := png.Decode(f)
			check(t, err)
			if got := colourAt(crop); got != red {
				t.Errorf("on the screen %v, want %v", got, red)
			}
		})
	}
}

func TestPanelRestart(t *testing.T) {
	d, ctx := start(t, Options{NoTray: true, NoNotifications: true}), deadline(t, 30*time.Second)
	a := run(t, d, build(t))
	a.expect(t, "ready")
	if items, err := d.Items(ctx); err == nil {
		t.Errorf("icons without a panel: %v", items)
	}
	for range 2 {
		check(t, d.StartPanel(ctx))
		item, err := d.WaitItem(ctx, Of(a.pid))
		check(t, err)
		_, err = d.WaitShown(ctx, item)
		check(t, err)
		check(t, d.StopPanel(ctx))
	}
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if _, err := d.WaitItem(short, Of(a.pid)); err == nil {
		t.Error("an icon after the panel ended")
	}
	if d.conn.Object(notifyName, notifyPath).CallWithContext(ctx, notifyName+".GetCapabilities", 0).Err == nil {
		t.Error("a notification daemon, though none was wanted")
	}
}

func TestNotification(t *testing.T) {
	d, ctx := start(t, Options{Dark: true}), deadline(t, 30*time.Second)
	a := run(t, d, build(t))
	a.expect(t, "ready")
	item, err := d.WaitItem(ctx, Of(a.pid))
	check(t, err)

	warn := func() Notification {
		t.Helper()
		before := len(d.Notifications())
		check(t, d.ClickMenu(ctx, item, "Warn me"))
		n, err := d.WaitNotification(ctx, func(n Notification) bool {
			return len(d.Notifications()) > before && n.Shown() && strings.HasPrefix(n.Summary, "Sign-in ends")
		})
		check(t, err)
		return n
	}
	n := warn()
	if n.App != "trayapp" || n.Timeout != 0 || len(n.Actions) != 3 || n.Actions[1] != (Action{"renew", "Renew now"}) || n.Hints["urgency"].Value() != byte(2) {
		t.Errorf("recorded %+v", n)
	}
	_, err = d.waitControl(ctx, n, button, "Renew now")
	check(t, err)
	check(t, d.Screenshot(ctx, filepath.Join(shots(t), "notification.png")))
	check(t, d.PressButton(ctx, n, "Renew now"))
	a.expect(t, "ActionInvoked renew")
	n, err = d.WaitNotification(ctx, func(n Notification) bool { return n.Closed != 0 })
	check(t, err)
	if n.Invoked != "renew" || n.Shown() {
		t.Errorf("after the press: %+v", n)
	}

	check(t, d.PressButton(ctx, warn(), "Snooze"))
	a.expect(t, "ActionInvoked snooze")

	check(t, d.ClickBody(ctx, warn()))
	a.expect(t, "NotificationClosed 2")

	n = warn()
	check(t, d.InvokeAction(n, "renew"))
	a.expect(t, "ActionInvoked renew")

	check(t, d.StopNotifications(ctx))
	check(t, d.StartNotifications(ctx))
	check(t, d.PressButton(ctx, warn(), "Renew now"))
	a.expect(t, "ActionInvoked renew")
}

func TestBrowser(t *testing.T) {
	clicked := make(chan string, 1)
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/done":
			clicked <- r.URL.RawQuery
			fallthrough
		default:
			io.WriteString(w, `<!doctype html><title>Sign in to your account</title>
<style>body{display:grid;place-items:center;height:96vh;background:#eef2f6;font:16px sans-serif}
a{padding:2em 5em;background:#fff;border:1px solid #99a}</style><a href="/done?ada">Ada Lovelace<br>ada@contoso.example</a>`)
		}
	}))
	defer site.Close()
	d, ctx := start(t, Options{Dark: true}), deadline(t, 90*time.Second)
	browser, err := d.WriteBrowser(t.TempDir(), "")
	check(t, err)
	open := func() {
		t.Helper()
		begun := time.Now()
		if out, err := exec.CommandContext(ctx, browser, site.URL+"/?a=b&c='d'").CombinedOutput(); err != nil || len(out) > 0 {
			t.Fatalf("%v: %s", err, out)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("the browser kept its caller for %v", took)
		}
	}
	open()
	check(t, d.ClickBrowserCentre(ctx))
	select {
	case who := <-clicked:
		if who != "ada" {
			t.Errorf("clicked %q", who)
		}
	case <-ctx.Done():
		t.Fatal("nothing was clicked")
	}
	check(t, d.Screenshot(ctx, filepath.Join(shots(t), "browser.png")))
	check(t, d.CloseBrowser(ctx))
	if left := d.browserPids(); len(left) > 0 {
		t.Errorf("browsers left: %v", left)
	}
	open() // and left open: Close ends it
	_, err = d.WaitWindow(ctx, SignInTitle)
	check(t, err)
}

// Nothing that runs on the desktop sees the person's own settings, and the end of the context is
// the end of everything.
func TestOwnAndGone(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", "/persons/own")
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d, err := Start(ctx, Options{})
	check(t, err)
	for _, setting := range d.Env() {
		if strings.Contains(setting, "/persons/own") || strings.HasPrefix(setting, "WAYLAND_DISPLAY=") {
			t.Errorf("env has %s", setting)
		}
	}
	if pids := running("XDG_RUNTIME_DIR="+d.runtime, map[int]bool{}); len(pids) < 5 {
		t.Errorf("only %v run on the desktop", pids)
	}
	cancel()
	check(t, until(deadline(t, 10*time.Second), "the desktop to end", func() bool {
		_, err := os.Stat(d.runtime)
		return os.IsNotExist(err) && len(running("XDG_RUNTIME_DIR="+d.runtime, map[int]bool{})) == 0
	}))
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// TestGuard starts a desktop in a process that ends without closing it, as a panic or a kill does.
func TestGuard(t *testing.T) {
	if os.Getenv("AZTRAY_ABANDON") != "" {
		d, err := Start(context.Background(), Options{})
		check(t, err)
		fmt.Println("abandoned", d.runtime)
		os.Exit(0)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestGuard$")
	cmd.Env = append(os.Environ(), "AZTRAY_ABANDON=1")
	out, err := cmd.Output()
	check(t, err)
	_, runtime, ok := strings.Cut(strings.TrimSpace(string(out)), "abandoned ")
	if !ok {
		t.Fatalf("said %q", out)
	}
	check(t, until(deadline(t, 10*time.Second), "the abandoned desktop to end", func() bool {
		_, err := os.Stat(runtime)
		return os.IsNotExist(err) && len(running("XDG_RUNTIME_DIR="+runtime, map[int]bool{})) == 0
	}))
}
