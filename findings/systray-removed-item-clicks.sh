#!/bin/sh
# A removed menu item of fyne.io/systray looks as if it had been clicked, again and again.
#
# Pinned:    fyne.io/systray v1.12.2
# Expected:  After item.Remove() nothing comes from item.ClickedCh.
# Behaviour: Remove (and ResetMenu) closes the channel: a loop with a bare <-item.ClickedCh, as in the library's own
#            examples, takes that for a click each time round.
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
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"time"

	"fyne.io/systray"
)

func main() {
	systray.Run(func() {
		item := systray.AddMenuItem("Sign in", "")
		item.Remove()
		clicks := 0
		for range 3 {
			select {
			case <-item.ClickedCh:
				clicks++
			case <-time.After(time.Second):
			}
		}
		fmt.Println("clicks received from a removed item in three tries:", clicks)
		systray.Quit()
	}, nil)
}
EOF
cat >want <<'EOF'
clicks received from a removed item in three tries: 3
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i PATH="$PATH" HOME="$dir" dbus-run-session -- ./probe >got 2>errors
diff want got && echo "still so"
