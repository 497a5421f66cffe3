//go:build linux

package desktop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

// Options say what the desktop is like. The zero value is a light desktop with everything on it.
type Options struct {
	Dir             string      // for settings, home and logs of the desktop; "" means a temporary one, removed by Close
	Size            image.Point // of the screen; zero means 1280x800
	Dark            bool        // dark panel, menus and notifications
	PanelTop        bool        // else it is at the bottom
	NoTray          bool        // no panel, so nobody shows tray icons; StartPanel can add it later
	NoNotifications bool        // no notification daemon; StartNotifications can add it later
}

// Desktop is a running desktop. Its methods may be called from several goroutines, but there is
// one pointer: what moves it is better done by one.
type Desktop struct {
	opts    Options
	runtime string // XDG_RUNTIME_DIR: short, since the paths of sockets are limited
	display string
	conn    *dbus.Conn // to the session bus
	a11y    *dbus.Conn // to the accessibility bus
	monitor *monitor

	mu       sync.Mutex
	parts    map[string]*part
	browsers int

	guard   *guard
	unwatch func() bool
	closing sync.Once
	closed  error
}

// Start brings the desktop up and returns once everything on it answers, about a second later.
// It is closed when ctx ends, or by Close.
func Start(ctx context.Context, o Options) (*Desktop, error) {
	o.Size = cmp.Or(o.Size, image.Pt(1280, 800))
	runtime, err := os.MkdirTemp("", "aztray-desk-")
	if err != nil {
		return nil, err
	}
	if o.Dir == "" {
		o.Dir = filepath.Join(runtime, "own")
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	d := &Desktop{opts: o, runtime: runtime, parts: map[string]*part{}}
	if d.guard, err = startGuard(runtime); err != nil {
		return nil, errors.Join(err, os.RemoveAll(runtime))
	}
	if err := d.bringUp(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("desktop: %w", err), d.Close())
	}
	d.unwatch = context.AfterFunc(ctx, func() { d.Close() })
	return d, nil
}

func (d *Desktop) bringUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	steps := []func(context.Context) error{d.writeSettings, d.startX, d.startBus, d.startWindows}
	if !d.opts.NoNotifications {
		steps = append(steps, d.StartNotifications)
	}
	if !d.opts.NoTray {
		steps = append(steps, d.StartPanel)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Env is the environment for programs on this desktop: the process's own with everything that
// leads to a person's desktop, home or settings replaced.
func (d *Desktop) Env() []string {
	return append(d.baseEnv(), "NO_AT_BRIDGE=1")
}

func (d *Desktop) baseEnv() []string {
	own := func(name string) string { return filepath.Join(d.opts.Dir, name) }
	return append(cleanEnviron(),
		"DISPLAY="+d.display,
		"DBUS_SESSION_BUS_ADDRESS="+d.busAddress(),
		"XDG_RUNTIME_DIR="+d.runtime,
		"HOME="+own("home"),
		"XDG_CONFIG_HOME="+own("config"),
		"XDG_CACHE_HOME="+own("cache"),
		"XDG_DATA_HOME="+own("data"),
		"XDG_STATE_HOME="+own("state"),
		"XDG_CURRENT_DESKTOP=XFCE",
		"XDG_SESSION_TYPE=x11",
		"GTK_OVERLAY_SCROLLING=0",
		"LC_ALL=C.UTF-8",
	)
}

// Dir is where the desktop keeps its settings, home and logs.
func (d *Desktop) Dir() string { return d.opts.Dir }

// Display is the X display, as :99.
func (d *Desktop) Display() string { return d.display }

// Close ends everything that runs on the desktop, programs that were started with Env too, and
// returns when it is gone. Later calls return what the first did.
func (d *Desktop) Close() error {
	d.closing.Do(func() {
		if d.unwatch != nil {
			d.unwatch()
		}
		for _, c := range []*dbus.Conn{d.a11y, d.conn} {
			if c != nil {
				c.Close()
			}
		}
		if d.monitor != nil {
			d.monitor.close()
		}
		for _, name := range []string{"panel", "notifications", "openbox"} {
			d.stop(name)
		}
		// What the bus started, browsers, and whatever a test left running.
		err := killAllWith("XDG_RUNTIME_DIR="+d.runtime, d.pid("bus"), d.pid("X"))
		d.stop("bus")
		d.stop("X")
		d.closed = errors.Join(err, d.guard.end())
	})
	return d.closed
}

// patience is how long a wait lasts where the caller's context has no deadline.
const patience = 30 * time.Second

// until calls ready every 25 ms until it says yes, and reports what was missing when ctx ends.
// Real processes give no better signal than that they answer.
func until(ctx context.Context, what string, ready func() bool) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, context.Cause(ctx))
		case <-tick.C:
		}
	}
	return nil
}
