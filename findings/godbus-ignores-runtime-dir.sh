#!/bin/sh
# godbus does not look at XDG_RUNTIME_DIR and starts dbus-launch instead.
#
# Pinned:    github.com/godbus/dbus/v5 v5.2.4
# Expected:  Without DBUS_SESSION_BUS_ADDRESS the session bus is found at $XDG_RUNTIME_DIR/bus, as GLib does.
# Behaviour: Only the fixed path /run/user/UID/bus is tried. Then dbus-launch of the PATH is run, which starts a second
#            bus where nobody else is, leaves it behind, and the address is put into the program's own environment.
# Seen:      2026-12-01, the text below "want".
# Needs:     go, dbus-daemon, gdbus, setpriv, root.
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
export GOMODCACHE="${GOMODCACHE:-$dir/mod}" GOFLAGS=-mod=mod
cat >go.mod <<'EOF'
module probe
go 1.25.0
require github.com/godbus/dbus/v5 v5.2.4
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"

	"github.com/godbus/dbus/v5"
)

func main() {
	_, err := dbus.ConnectSessionBus()
	fmt.Println("connected:", err == nil)
	fmt.Println("DBUS_SESSION_BUS_ADDRESS is now", os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
}
EOF
mkdir bin
cat >bin/dbus-launch <<'EOF'
#!/bin/sh
echo "dbus-launch was run" >>"$HOME/launched"
echo DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent/other-bus,guid=0
EOF
chmod +x bin/dbus-launch
cat >want <<'EOF'
gdbus (GLib): connected
connected: false
DBUS_SESSION_BUS_ADDRESS is now unix:path=/nonexistent/other-bus,guid=0
dbus-launch was run
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
uid=$(id -u nobody) # so that there is no /run/user/UID
chmod 711 "$dir"
mkdir run
chown -R $uid run
setpriv --reuid $uid --clear-groups env -i PATH="$PATH" XDG_RUNTIME_DIR="$dir/run" \
  dbus-daemon --session --fork --print-pid --address="unix:path=$dir/run/bus" >pid
trap 'kill "$(cat "$dir/pid")"; chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
as() {
  setpriv --reuid $uid --clear-groups env -i PATH="$dir/bin:$PATH" HOME="$dir/run" XDG_RUNTIME_DIR="$dir/run" "$@"
}
{
  as gdbus call --session --dest org.freedesktop.DBus --object-path / --method org.freedesktop.DBus.GetId >/dev/null &&
    echo "gdbus (GLib): connected"
  as ./probe
  cat run/launched
} >got
diff want got && echo "still so"
