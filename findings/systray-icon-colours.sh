#!/bin/sh
# fyne.io/systray sends other colours than the icon's wherever a pixel is partly transparent (Linux).
#
# Pinned:    fyne.io/systray v1.12.2, github.com/godbus/dbus/v5 v5.2.4
# Expected:  The pixmap that a panel gets has the icon's colours; hosts of StatusNotifierItem expect straight alpha.
# Behaviour: Of Go's 16-bit premultiplied values the low bytes are sent, which have nothing to do with the colour: edges
#            sparkle. Pixels that are opaque or fully transparent come out right.
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
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"time"

	"fyne.io/systray"
	"github.com/godbus/dbus/v5"
)

func main() {
	img := image.NewNRGBA(image.Rect(0, 0, 3, 1))
	for x, alpha := range []uint8{255, 90, 200} {
		img.SetNRGBA(x, 0, color.NRGBA{R: 46, G: 139, B: 87, A: alpha})
	}
	var icon bytes.Buffer
	if err := png.Encode(&icon, img); err != nil {
		panic(err)
	}
	systray.Run(func() {
		systray.SetIcon(icon.Bytes())
		conn, err := dbus.ConnectSessionBus()
		if err != nil {
			panic(err)
		}
		item := conn.Object(fmt.Sprintf("org.kde.StatusNotifierItem-%d-1", os.Getpid()), "/StatusNotifierItem")
		var value dbus.Variant
		for range 100 { // the item may not be on the bus yet
			if value, err = item.GetProperty("org.kde.StatusNotifierItem.IconPixmap"); err == nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if err != nil {
			panic(err)
		}
		var pixmaps []struct {
			W, H int32
			ARGB []byte
		}
		if err := value.Store(&pixmaps); err != nil {
			panic(err)
		}
		for x := range 3 {
			p := pixmaps[0].ARGB[4*x:]
			c := img.NRGBAAt(x, 0)
			fmt.Printf("icon: alpha %d colour %d %d %d; panel gets: alpha %d colour %d %d %d\n",
				c.A, c.R, c.G, c.B, p[0], p[1], p[2], p[3])
		}
		systray.Quit()
	}, nil)
}
EOF
cat >want <<'EOF'
icon: alpha 255 colour 46 139 87; panel gets: alpha 255 colour 46 139 87
icon: alpha 90 colour 46 139 87; panel gets: alpha 90 colour 76 64 211
icon: alpha 200 colour 46 139 87; panel gets: alpha 200 colour 56 114 128
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i PATH="$PATH" HOME="$dir" dbus-run-session -- ./probe >got 2>errors
diff want got && echo "still so"
