package tray

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"aztray/internal/auth"
)

var update = flag.Bool("update", false, "write the golden files anew; look at them before you commit")

// kind is one icon that the tray can show.
type kind struct {
	level auth.Level
	steps int
}

func (k kind) String() string {
	if k.steps == 0 {
		return k.level.String()
	}
	return fmt.Sprintf("%s-%02d", k.level, k.steps)
}

func (k kind) life() float64 {
	if k.steps == 0 {
		return NoLife
	}
	return float64(k.steps) / lifeSteps
}

func kinds() []kind {
	var all []kind
	for _, l := range []auth.Level{auth.OK, auth.Expiring, auth.Expired, auth.SignedOut, auth.Renewing, auth.Unknown} {
		all = append(all, kind{l, 0})
		if l == auth.OK || l == auth.Expiring {
			for n := range lifeSteps {
				all = append(all, kind{l, n + 1})
			}
		}
	}
	return all
}

func TestIconsAreAsDrawn(t *testing.T) {
	for _, k := range kinds() {
		golden(t, filepath.Join("testdata", "icon", k.String()+".png"), Icon(k.level, k.life(), AnyGround, 22))
	}
	golden(t, filepath.Join("testdata", "sheet.png"), sheet())
}

// golden compares with a file. Processors round the last bit of a curve differently, so a shade of
// two is let pass.
func golden(t *testing.T, path string, got image.Image) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, pngBytes(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != want.Bounds() {
		t.Fatalf("%s: %v, want %v", path, got.Bounds(), want.Bounds())
	}
	for y := range got.Bounds().Dy() {
		for x := range got.Bounds().Dx() {
			g, w := color.RGBAModel.Convert(got.At(x, y)).(color.RGBA), color.RGBAModel.Convert(want.At(x, y)).(color.RGBA)
			if far(g.R, w.R) || far(g.G, w.G) || far(g.B, w.B) || far(g.A, w.A) {
				t.Fatalf("%s at %d,%d: %v, want %v", path, x, y, g, w)
			}
		}
	}
}

func far(a, b uint8) bool { return max(a, b)-min(a, b) > 2 }

// sheet shows icons as panels do, large and in grey, for a designer's eye.
func sheet() image.Image {
	shown := []kind{{auth.OK, 0}, {auth.OK, 11}, {auth.OK, 5}, {auth.Expiring, 6}, {auth.Expiring, 1}, {auth.Expiring, 0},
		{auth.Expired, 0}, {auth.SignedOut, 0}, {auth.Renewing, 0}, {auth.Unknown, 0}}
	rows := []struct {
		panel  color.NRGBA
		ground Ground
		grey   bool
	}{{panels[DarkGround], AnyGround, false}, {panels[LightGround], AnyGround, false}, {panels[DarkGround], AnyGround, true},
		{panels[LightGround], AnyGround, true}, {panels[DarkGround], DarkGround, false}, {panels[LightGround], LightGround, false}}
	const px, zoom, gap = 22, 5, 6
	cellW, cellH := px*zoom+gap, px*zoom+px+2*gap
	img := image.NewRGBA(image.Rect(0, 0, cellW*len(shown), cellH*len(rows)))
	for r, row := range rows {
		draw.Draw(img, image.Rect(0, r*cellH, img.Rect.Dx(), (r+1)*cellH), image.NewUniform(row.panel), image.Point{}, draw.Src)
		for i, k := range shown {
			small := onPanel(k, row.ground, row.panel, row.grey, px)
			x0, y0 := i*cellW+gap/2, r*cellH+gap/2
			draw.Draw(img, image.Rect(x0, y0, x0+px, y0+px), small, image.Point{}, draw.Src)
			for y := range px * zoom {
				for x := range px * zoom {
					img.Set(x0+x, y0+px+gap/2+y, small.At(x/zoom, y/zoom))
				}
			}
		}
	}
	return img
}

// panels are the colours of Breeze's panels.
var panels = map[Ground]color.NRGBA{DarkGround: rgb(0x2B2B2B), LightGround: rgb(0xEFF0F1)}

func onPanel(k kind, g Ground, panel color.NRGBA, grey bool, px int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, px, px))
	draw.Draw(img, img.Rect, image.NewUniform(panel), image.Point{}, draw.Src)
	draw.Draw(img, img.Rect, Icon(k.level, k.life(), g, px), image.Point{}, draw.Over)
	if !grey {
		return img
	}
	out := image.NewGray(img.Rect)
	draw.Draw(out, out.Rect, img, image.Point{}, draw.Src)
	return out
}

// TestLevelsDifferWithoutColour: in grey, at the smallest size there is, no level looks like another.
func TestLevelsDifferWithoutColour(t *testing.T) {
	shown := []kind{{auth.OK, 0}, {auth.OK, 6}, {auth.Expiring, 6}, {auth.Expired, 0}, {auth.SignedOut, 0}, {auth.Renewing, 0}, {auth.Unknown, 0}}
	for _, px := range []int{16, 22} {
		for ground, panel := range panels {
			for i, a := range shown {
				for _, b := range shown[:i] {
					if a.level == b.level {
						continue
					}
					if n := differing(onPanel(a, AnyGround, panel, true, px), onPanel(b, AnyGround, panel, true, px)); n < 0.08 {
						t.Errorf("%d px on ground %v: %v and %v differ in %.0f%% of their pixels only", px, ground, a, b, n*100)
					}
				}
			}
		}
	}
}

func differing(a, b image.Image) float64 {
	ga, gb := a.(*image.Gray), b.(*image.Gray)
	n := 0
	for i := range ga.Pix {
		if max(ga.Pix[i], gb.Pix[i])-min(ga.Pix[i], gb.Pix[i]) > 48 {
			n++
		}
	}
	return float64(n) / float64(len(ga.Pix))
}

// TestContrast: 3:1 for what tells the state (WCAG 2.1, 1.4.11).
func TestContrast(t *testing.T) {
	grounds := map[Ground][]color.NRGBA{
		AnyGround:   {rgb(0x2B2B2B), rgb(0xEFF0F1), rgb(0xFFFFFF), rgb(0x000000)},
		DarkGround:  {rgb(0x2B2B2B), rgb(0x000000)},
		LightGround: {rgb(0xEFF0F1), rgb(0xFFFFFF)},
	}
	for g, panels := range grounds {
		for level := auth.Unknown; level <= auth.Renewing; level++ {
			c := ink(level, g)
			for _, p := range append(panels, inks[g].mark) {
				if r := contrast(c, p); r < 3 {
					t.Errorf("%v on ground %v: %06X against %06X is %.2f:1", level, g, hex(c), hex(p), r)
				}
			}
		}
	}
}

func hex(c color.NRGBA) int { return int(c.R)<<16 | int(c.G)<<8 | int(c.B) }

func contrast(a, b color.NRGBA) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(c color.NRGBA) float64 {
	lin := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c.R) + 0.7152*lin(c.G) + 0.0722*lin(c.B)
}

func TestQuantise(t *testing.T) {
	for _, c := range []struct {
		what string
		life float64
		want int
	}{
		{"no end is known", NoLife, 0},
		{"nothing is known at all", math.NaN(), 0},
		{"the last second still shows", 0.0001, 1},
		{"the end itself", 0, 1},
		{"an exact step stays", 0.5, 6},
		{"just over it is the next", 0.501, 7},
		{"whole", 1, 12},
		{"more than whole", 7, 12},
	} {
		if got := quantise(c.life); got != c.want {
			t.Errorf("%s: %d steps, want %d", c.what, got, c.want)
		}
	}
}

// TestFewIcons: Windows keeps every distinct icon for ever.
func TestFewIcons(t *testing.T) {
	distinct := map[string]bool{}
	for level := auth.Unknown; level <= auth.Renewing; level++ {
		for life := -0.01; life <= 1; life += 0.01 {
			distinct[string(pngBytes(Icon(level, life, AnyGround, 22)))] = true
		}
	}
	if want := len(kinds()); len(distinct) != want {
		t.Errorf("%d distinct icons, want %d", len(distinct), want)
	}
}

func TestParseGround(t *testing.T) {
	for in, want := range map[string]Ground{"": AnyGround, "auto": AnyGround, "dark": DarkGround, "light": LightGround} {
		if got, err := ParseGround(in); got != want || err != nil {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	if _, err := ParseGround("purple"); err == nil {
		t.Error("purple is taken for a ground")
	}
}
