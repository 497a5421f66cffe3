package session

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/godbus/dbus/v5"
)

// Bus is the address of the person's session bus; "" where there is none. It starts none: godbus itself would run
// dbus-launch and leave a daemon behind.
func Bus() string {
	addr := os.Getenv("DBUS_SESSION_BUS_ADDRESS")
	if addr != "" && addr != "autolaunch:" {
		return addr
	}
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		dir = "/run/user/" + strconv.Itoa(os.Getuid())
	}
	socket := filepath.Join(dir, "bus")
	if _, err := os.Stat(socket); err != nil {
		return ""
	}
	return "unix:path=" + dbus.EscapeBusAddressValue(socket)
}

// savers are what locks the screen, by the interface of each; the names and paths are those of KDE and the
// freedesktop draft, GNOME, Cinnamon, MATE and XFCE.
var savers = []struct{ name, path string }{
	{"org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"},
	{"org.freedesktop.ScreenSaver", "/ScreenSaver"},
	{"org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"},
	{"org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver"},
	{"org.mate.ScreenSaver", "/org/mate/ScreenSaver"},
	{"org.xfce.ScreenSaver", "/org/xfce/ScreenSaver"},
}

// look asks logind and the screensavers, at the same time.
func look(ctx context.Context) []verdict {
	all := make([]verdict, 2)
	var asking sync.WaitGroup
	asking.Go(func() { all[0] = logind(ctx) })
	asking.Go(func() { all[1] = screensaver(ctx) })
	asking.Wait()
	return all
}

// logind asks about the person's graphical session, wherever this process was started: one that another user's is in
// front of is as good as locked. https://www.freedesktop.org/software/systemd/man/org.freedesktop.login1.html
func logind(ctx context.Context) verdict {
	const login1 = "org.freedesktop.login1"
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return untold
	}
	defer conn.Close()
	get := func(path dbus.ObjectPath, property string, value any) bool {
		v := conn.Object(login1, path).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, login1+"."+ofWhat(path), property)
		var held dbus.Variant
		return v.Store(&held) == nil && held.Store(value) == nil
	}
	var display struct {
		ID   string
		Path dbus.ObjectPath
	}
	var active, hint bool
	if !get("/org/freedesktop/login1/user/self", "Display", &display) || display.ID == "" ||
		!get(display.Path, "Active", &active) || !get(display.Path, "LockedHint", &hint) {
		return untold
	}
	if hint || !active {
		return locked
	}
	return unlocked
}

func ofWhat(path dbus.ObjectPath) string {
	if path == "/org/freedesktop/login1/user/self" {
		return "User"
	}
	return "Session"
}

// screensaver asks those that are there, and starts none.
func screensaver(ctx context.Context) verdict {
	addr := Bus()
	if addr == "" {
		return untold
	}
	conn, err := dbus.Connect(addr, dbus.WithContext(ctx))
	if err != nil {
		return untold
	}
	defer conn.Close()
	said := untold
	for _, s := range savers {
		var active bool
		call := conn.Object(s.name, dbus.ObjectPath(s.path)).CallWithContext(ctx, s.name+".GetActive", dbus.FlagNoAutoStart)
		switch {
		case call.Store(&active) != nil:
		case active:
			return locked
		default:
			said = unlocked
		}
	}
	return said
}
