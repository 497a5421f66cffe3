#!/bin/sh
# fyne.io/systray no longer returns after a panel's restart once any other short signal has reached its connection
# (Linux).
#
# Pinned:    fyne.io/systray v1.12.2, github.com/godbus/dbus/v5 v5.2.4
# Expected:  When the watcher (the panel) is restarted, the tray icon registers again, for as long as the program runs.
# Behaviour: It does, until a signal with fewer than three arguments arrives on the session connection that godbus
#            shares within a process, such as the NotificationClosed that follows the program's own notification: the
#            loop that registers ends there.
# Seen:      2026-12-01, the text below "want".
# Needs:     go, dbus-run-session (Debian: dbus).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
export GOMODCACHE="${GOMODCACHE:-$dir/mod}" GOFLAGS=-mod=mod
cat >go.mod <<'EOF'
module probe
go 1.25.0
require fyne.io/systray v1.12.2
require github.com/godbus/dbus/v5 v5.2.4
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"
	"time"

	"fyne.io/systray"
	"github.com/godbus/dbus/v5"
)

type watcher struct{ registered chan string }

func (w watcher) RegisterStatusNotifierItem(item string) *dbus.Error {
	w.registered <- item
	return nil
}

const name = "org.kde.StatusNotifierWatcher"

func main() {
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		panic(err)
	}
	w := watcher{make(chan string, 10)}
	conn.Export(w, "/StatusNotifierWatcher", name)
	conn.RequestName(name, dbus.NameFlagDoNotQueue)
	systray.Run(func() {
		<-w.registered
		time.Sleep(time.Second)
		if len(os.Args) > 1 { // what a notification server sends to the connection that has called Notify
			shared, err := dbus.SessionBus()
			if err != nil {
				panic(err)
			}
			conn.Send(&dbus.Message{
				Type: dbus.TypeSignal,
				Headers: map[dbus.HeaderField]dbus.Variant{
					dbus.FieldDestination: dbus.MakeVariant(shared.Names()[0]),
					dbus.FieldPath:        dbus.MakeVariant(dbus.ObjectPath("/org/freedesktop/Notifications")),
					dbus.FieldInterface:   dbus.MakeVariant("org.freedesktop.Notifications"),
					dbus.FieldMember:      dbus.MakeVariant("NotificationClosed"),
					dbus.FieldSignature:   dbus.MakeVariant(dbus.SignatureOf(uint32(1), uint32(2))),
				},
				Body: []any{uint32(1), uint32(2)},
			}, nil)
			time.Sleep(time.Second)
		}
		conn.ReleaseName(name)
		conn.RequestName(name, dbus.NameFlagDoNotQueue)
		select {
		case <-w.registered:
			fmt.Println("registered again")
		case <-time.After(5 * time.Second):
			fmt.Println("not registered again within 5 s")
		}
		systray.Quit()
	}, nil)
}
EOF
cat >want <<'EOF'
without: registered again
after a NotificationClosed: not registered again within 5 s
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
run() { env -i PATH="$PATH" HOME="$dir" dbus-run-session -- ./probe "$@" 2>>errors; }
{
  echo "without: $(run)"
  echo "after a NotificationClosed: $(run signal)"
} >got
diff want got && echo "still so"
