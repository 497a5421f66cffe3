//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"

	"aztray/test/rig/cloud"
	"aztray/test/rig/desktop"
)

const (
	watcher  = "org.kde.StatusNotifierWatcher"
	itemName = "org.kde.StatusNotifierItem"
)

// sessionBus connects to the bus of the desktop that runs. It starts none.
func sessionBus() (*dbus.Conn, error) {
	address := os.Getenv("DBUS_SESSION_BUS_ADDRESS")
	if address == "" {
		address = "unix:path=" + filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "bus")
	}
	return dbus.Connect(address)
}

// trayRuns says whether this process is on a desktop that shows tray icons.
func trayRuns() bool {
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return false
	}
	conn, err := sessionBus()
	if err != nil {
		return false
	}
	defer conn.Close()
	var has bool
	err = conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, watcher).Store(&has)
	return err == nil && has
}

// person is whoever sits at the desktop that runs: the demo says what to press, and does it by the
// command line where nobody does.
type person struct {
	*play
	conn     *dbus.Conn
	browsers string // a directory with what the browser script left
	away     bool   // nobody pressed what was asked for
}

func newPerson(p *play) (*person, error) {
	conn, err := sessionBus()
	if err != nil {
		return nil, err
	}
	h := &person{play: p, conn: conn, browsers: filepath.Join(p.dir, "browser")}
	if err := os.MkdirAll(h.browsers, 0o700); err != nil {
		return nil, err
	}
	return h, h.useBrowser()
}

// browserScript opens Chromium on the desktop that runs, with a profile of its own, and returns at once.
const browserScript = `#!/bin/sh
exec </dev/null >>'%[1]s/log' 2>&1
export HOME='%[1]s' TMPDIR='%[6]s' XDG_RUNTIME_DIR='%[2]s'
setsid %[3]s --no-first-run --no-default-browser-check --test-type %[5]s \
	--disable-quic --disable-background-networking --disable-component-update --disable-sync \
	--disable-extensions --disable-default-apps --password-store=basic --ignore-certificate-errors \
	--proxy-server='%[4]s' --proxy-bypass-list='localhost;127.0.0.1' \
	--user-data-dir='%[1]s/profile' --window-size=960,640 --app="$1" &
echo $! >>'%[1]s/pids'
`

func (h *person) useBrowser() error {
	sandbox := ""
	if os.Getuid() == 0 { // Chromium refuses to run as root with one
		sandbox = "--no-sandbox"
	}
	path := filepath.Join(h.browsers, "open")
	script := fmt.Sprintf(browserScript, h.browsers, os.Getenv("XDG_RUNTIME_DIR"), desktop.BrowserProgram(), h.Cloud.ProxyURL(), sandbox, h.dir)
	h.Setenv("BROWSER", path)
	return os.WriteFile(path, []byte(script), 0o700)
}

// end closes the browsers that were opened and the connection.
func (h *person) end() {
	h.closeBrowsers()
	h.conn.Close()
}

func (h *person) closeBrowser(context.Context) error {
	h.closeBrowsers()
	return nil
}

func (h *person) darken(context.Context) error { return nil }

func (h *person) closeBrowsers() {
	text, err := os.ReadFile(filepath.Join(h.browsers, "pids"))
	if err != nil {
		return // none was opened
	}
	for line := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(line)
		cmdline, gone := os.ReadFile(filepath.Join("/proc", line, "cmdline"))
		if err == nil && gone == nil && strings.Contains(string(cmdline), h.browsers) { // the number may be another's by now
			_ = syscall.Kill(-pid, syscall.SIGKILL) // it leads a group of its own
		}
	}
}

// says is what the icon says to a mouse that rests on it.
func (h *person) says(ctx context.Context) string {
	var names []string
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if h.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.ListNames", 0).Store(&names) != nil {
		return ""
	}
	own := itemName + "-" + strconv.Itoa(h.tray.PID()) + "-"
	for _, name := range names {
		if !strings.HasPrefix(name, own) {
			continue
		}
		var tip struct {
			Icon    string
			Pixmaps []struct {
				W, H  int32
				Bytes []byte
			}
			Title, Text string
		}
		v, err := h.conn.Object(name, "/StatusNotifierItem").GetProperty(itemName + ".ToolTip")
		if err == nil && v.Store(&tip) == nil {
			return tip.Title
		}
	}
	return ""
}

// until waits until the icon says a text, or does not.
func (h *person) until(ctx context.Context, d time.Duration, says bool, text string) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for strings.Contains(h.says(ctx), text) != says {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the icon says %q, and %q was waited for: %w", h.says(context.WithoutCancel(ctx)), text, context.Cause(ctx))
		case <-h.tray.Done():
			return errors.New("the tray ended")
		case <-tick.C:
		}
	}
	return nil
}

func (h *person) wait(ctx context.Context, text string) error {
	return h.until(ctx, within, true, text)
}

func (h *person) notice(context.Context, string, shot) error { return nil }

// patience is how long the person may take for a press, and awayFor where they did not press the last
// time. The browser has as long as login_timeout says.
const (
	patience = 30 * time.Second
	awayFor  = 5 * time.Second
)

// byItself signs in without a person, where nobody is there.
func (h *person) byItself(ctx context.Context) error {
	h.away = true
	h.told.more("Nobody did, so the command line does: aztray service auth-renew")
	h.Cloud.SetPolicy(func(c *cloud.Policy) { c.Authorize = cloud.Immediate })
	if err := h.UseCloudBrowser(); err != nil {
		return err
	}
	_, stderr, code, err := h.Aztray(ctx, "service", "auth-renew")
	if err == nil && code != 0 {
		err = fmt.Errorf("aztray service auth-renew: exit status %d: %s", code, stderr)
	}
	return err
}

func (h *person) press(ctx context.Context, button string) error {
	if err := h.useBrowser(); err != nil {
		return err
	}
	d := patience
	if h.away {
		d = awayFor
	}
	h.told.say(">> Press %q in the notification, or in the icon's menu (%.0f s).", button, d.Seconds())
	err := h.until(ctx, d, true, saysSigningIn)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return h.byItself(ctx)
	}
	return err
}

// pickAccount waits for the person to finish in the browser. The tray ends what they leave undone, by
// login_timeout.
func (h *person) pickAccount(ctx context.Context, _ shot) error {
	if strings.Contains(h.says(ctx), saysSignedIn) {
		return nil
	}
	h.told.say(">> The icon is blue. Click Ada's account in the browser.")
	if err := h.until(ctx, loginTimeout+within, false, saysSigningIn); err != nil {
		return err
	}
	if h.until(ctx, 2*time.Second, true, saysSignedIn) == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return h.byItself(ctx)
}

func (h *person) look(context.Context, shot) error { return nil }

func (h *person) lookAtMenu(_ context.Context, label string, _ shot) error {
	if label == "Tenant" { // once is enough
		h.told.more("The icon's menu shows it too, under Containers.")
	}
	return nil
}

func (h *person) finish() error {
	h.told.more("That was all. For pictures of it: go run ./test/rig/demo -virtual")
	return nil
}
