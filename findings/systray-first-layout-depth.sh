#!/bin/sh
# The first menu that fyne.io/systray hands out has one level only, whatever depth was asked for (Linux).
#
# Pinned:    fyne.io/systray v1.12.2, github.com/godbus/dbus/v5 v5.2.4
# Expected:  GetLayout with depth -1 answers the whole menu, so one call tells what the menu is.
# Behaviour: The first answer has the top level alone; LayoutUpdated follows a moment later and the next GetLayout has
#            all. A test or host that asks once sees submenus without content.
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

type layout struct {
	ID         int32
	Properties map[string]dbus.Variant
	Children   []dbus.Variant
}

func main() {
	go systray.Run(func() {
		systray.AddMenuItem("Tenants", "").AddSubMenuItem("Contoso", "")
	}, nil)
	time.Sleep(2 * time.Second)
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		panic(err)
	}
	menu := conn.Object(fmt.Sprintf("org.kde.StatusNotifierItem-%d-1", os.Getpid()), "/StatusNotifierItem/menu")
	for range 2 {
		var revision uint32
		var root, child layout
		call := menu.Call("com.canonical.dbusmenu.GetLayout", 0, int32(0), int32(-1), []string{})
		if err := call.Store(&revision, &root); err != nil {
			panic(err)
		}
		if err := root.Children[0].Store(&child); err != nil {
			panic(err)
		}
		fmt.Printf("%v with %d submenu items\n", child.Properties["label"], len(child.Children))
		time.Sleep(time.Second)
	}
}
EOF
cat >want <<'EOF'
"Tenants" with 0 submenu items
"Tenants" with 1 submenu items
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i PATH="$PATH" HOME="$dir" dbus-run-session -- ./probe >got 2>errors
diff want got && echo "still so"
