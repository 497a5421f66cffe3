package tray

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aztray/internal/auth"
)

// TestAppIcon draws the program's own icon, for menus, notifications and files, from the same shapes
// as the tray's; -update writes it to the assets.
func TestAppIcon(t *testing.T) {
	dir := filepath.Join("..", "..", "assets")
	for name, px := range map[string]int{"aztray.png": 256, "aztray-48.png": 48} {
		golden(t, filepath.Join(dir, name), paint(appIcon(), appSide, px))
	}
	file(t, filepath.Join(dir, "aztray.svg"), svg(appIcon(), appSide))
	var sizes []*image.NRGBA
	for _, px := range []int{16, 24, 32, 48, 64} {
		sizes = append(sizes, paint(appIcon(), appSide, px))
	}
	if *update {
		file(t, filepath.Join(dir, "aztray.ico"), string(icoBytes(sizes)))
	}
}

// TestReadmeIcons keeps the README's pictures of the icon true; -update writes them.
func TestReadmeIcons(t *testing.T) {
	for _, l := range []auth.Level{auth.OK, auth.Expiring, auth.Expired, auth.SignedOut, auth.Renewing, auth.Unknown} {
		life := float64(NoLife)
		if l == auth.Expiring {
			life = 0.4
		}
		golden(t, filepath.Join("..", "..", "docs", "images", l.String()+".png"), paint(drawing(l, quantise(life), AnyGround), grid, 32))
	}
}

// file compares with a text file.
func file(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what is drawn", path)
	}
}

const appSide = 32

// appIcon is the tick in the ring of the time that is left, on an azure plate.
func appIcon() []layer {
	azure, deep, white, trace := rgb(0x1173D4), rgb(0x0A56A6), rgb(0xFFFFFF), rgb(0xFFFFFF)
	trace.A = 0x48
	plate := func(top float32) func(pen) {
		return func(p pen) {
			polygon(p, 8, [2]float32{1, top}, [2]float32{31, top}, [2]float32{31, 31}, [2]float32{1, 31})
		}
	}
	return []layer{
		{shape: plate(1), ink: deep}, // its lower edge shows as a shadow
		{shape: func(p pen) {
			polygon(p, 8, [2]float32{1, 1}, [2]float32{31, 1}, [2]float32{31, 29.8}, [2]float32{1, 29.8})
		}, ink: azure},
		{shape: func(p pen) { arc(p, 16, 15.5, 10.6, 2.4, 0.78, 1) }, ink: trace},
		{shape: func(p pen) { roundArc(p, 16, 15.5, 10.6, 2.4, 0.02, 0.75) }, ink: white},
		{shape: func(p pen) { disc(p, 16, 15.5, 7.4) }, ink: white},
		{shape: func(p pen) { tick(moved{p, 0.74, 7.86, 7.3}, 2.9) }, ink: azure},
	}
}

// svg writes the layers as a picture without pixels.
func svg(layers []layer, side int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">\n", side, side)
	for _, l := range layers {
		var path svgPath
		l.shape(&path)
		fmt.Fprintf(&b, "<path fill=\"#%06x\"%s d=\"%s\"/>\n", hex(l.ink), opacity(l.ink), strings.TrimSpace(path.String()))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func opacity(c color.NRGBA) string {
	if c.A == 0xFF {
		return ""
	}
	return fmt.Sprintf(" fill-opacity=\"%.2f\"", float64(c.A)/255)
}

// svgPath is a pen that writes a path's text.
type svgPath struct{ strings.Builder }

func (p *svgPath) MoveTo(x, y float32) { fmt.Fprintf(p, "M%.2f %.2f", x, y) }
func (p *svgPath) LineTo(x, y float32) { fmt.Fprintf(p, "L%.2f %.2f", x, y) }
func (p *svgPath) ClosePath()          { p.WriteString("Z") }
func (p *svgPath) CubeTo(bx, by, cx, cy, dx, dy float32) {
	fmt.Fprintf(p, "C%.2f %.2f %.2f %.2f %.2f %.2f", bx, by, cx, cy, dx, dy)
}
