package tray

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/godbus/dbus/v5"

	"aztray/internal/auth"
)

const (
	watcherName = "org.kde.StatusNotifierWatcher"
	watcherPath = dbus.ObjectPath("/StatusNotifierWatcher")
	busName     = "org.freedesktop.DBus"
)

// host watches over a bus connection of its own whether a panel takes tray icons. The shared one
// of godbus belongs to systray, whose own watch ends at the first signal that it does not expect.
type host struct {
	conn    *dbus.Conn
	signals chan *dbus.Signal
}

// openHost connects to the session bus, or fails where none can be reached: systray must not be
// started then, for it can't be stopped without one.
func openHost(ctx context.Context) (*host, error) {
	if err := busThere(); err != nil { // else the library would start a bus of its own by dbus-launch
		return nil, problemNoBus(err)
	}
	conn, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return nil, problemNoBus(err)
	}
	h := &host{conn: conn, signals: make(chan *dbus.Signal, 16)}
	conn.Signal(h.signals)
	err = errors.Join(
		conn.AddMatchSignal(dbus.WithMatchSender(busName), dbus.WithMatchInterface(busName),
			dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, watcherName)),
		conn.AddMatchSignal(dbus.WithMatchInterface(watcherName), dbus.WithMatchMember("StatusNotifierHostRegistered")),
		conn.AddMatchSignal(dbus.WithMatchInterface(watcherName), dbus.WithMatchMember("StatusNotifierHostUnregistered")),
	)
	if err != nil {
		conn.Close()
		return nil, problemNoBus(err)
	}
	return h, nil
}

// Available reports whether a desktop is there that Run could show an icon on; else it is a
// *auth.Problem.
func Available() error {
	if err := busThere(); err != nil {
		return problemNoBus(err)
	}
	return nil
}

func problemNoBus(err error) *auth.Problem {
	return &auth.Problem{Code: "TRAY_NO_SESSION_BUS", Kind: TrayMissing,
		Message: "There is no desktop session here (no D-Bus session bus), so no tray icon can be shown.",
		Advice:  "Start aztray inside your desktop session; without one, aztray serve does the same.", Err: err}
}

func busThere() error {
	if a := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); a != "" && a != "autolaunch:" {
		return nil
	}
	_, err := os.Stat(filepath.Join("/run/user", strconv.Itoa(os.Getuid()), "bus"))
	return err
}

// there reports whether a panel takes tray icons: the watcher runs and does not deny having a host.
func (h *host) there(ctx context.Context) bool {
	var owned bool
	if h.call(ctx, busName, "/org/freedesktop/DBus", busName+".NameHasOwner", watcherName).Store(&owned) != nil || !owned {
		return false
	}
	var has bool
	err := h.call(ctx, watcherName, watcherPath, getProperty, watcherName, "IsStatusNotifierHostRegistered").Store(&has)
	return err != nil || has // some watchers lack the property
}

// awaitItem waits until systray's item is on the bus. What is its title at that moment becomes its
// id, by which panels remember whether to show it: so the title is not changed before.
func (h *host) awaitItem(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	name := fmt.Sprintf("org.kde.StatusNotifierItem-%d-1", os.Getpid())
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		call := h.call(ctx, name, "/StatusNotifierItem", getProperty, "org.kde.StatusNotifierItem", "Id")
		if call.Err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return call.Err
		case <-again.C:
		}
	}
}

const getProperty = "org.freedesktop.DBus.Properties.Get"

// call asks with a limit: a panel that hangs must not hang the tray.
func (h *host) call(ctx context.Context, name string, path dbus.ObjectPath, method string, args ...any) *dbus.Call {
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	return h.conn.Object(name, path).CallWithContext(ctx, method, dbus.FlagNoAutoStart, args...)
}

// changes ticks when a panel may have come or gone.
func (h *host) changes() <-chan *dbus.Signal { return h.signals }

// panelLost reports whether a change means that the watcher, and with it the panel, has gone, even
// if another is there already.
func panelLost(s *dbus.Signal) bool {
	if s == nil || s.Name != busName+".NameOwnerChanged" || len(s.Body) != 3 {
		return false
	}
	before, _ := s.Body[1].(string)
	return before != ""
}

// lost is closed when the session bus went away.
func (h *host) lost() <-chan struct{} { return h.conn.Context().Done() }

func (h *host) close() { h.conn.Close() }
