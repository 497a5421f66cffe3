package tray

import (
	"bytes"
	"encoding/binary"
	"image"
	"testing"

	"aztray/internal/auth"
)

// TestStraightAlphaArrives does what systray does on Linux with a decoded icon: it keeps the low byte
// of each value. What comes out has to be the straight colours, half-transparent pixels too.
func TestStraightAlphaArrives(t *testing.T) {
	registerStraight()
	want := paint(drawing(auth.OK, 5, AnyGround), grid, 44)
	got, format, err := image.Decode(bytes.NewReader(straightBytes(want)))
	if err != nil || format != "aztray" {
		t.Fatalf("format %q, %v", format, err)
	}
	partly := 0
	for y := range 44 {
		for x := range 44 {
			r, g, b, a := got.At(x, y).RGBA()
			w := want.NRGBAAt(x, y)
			if byte(r) != w.R || byte(g) != w.G || byte(b) != w.B || byte(a) != w.A {
				t.Fatalf("at %d,%d: %d %d %d %d, want %v", x, y, byte(r), byte(g), byte(b), byte(a), w)
			}
			if w.A > 0 && w.A < 255 {
				partly++
			}
		}
	}
	if partly == 0 {
		t.Error("no half-transparent pixel was compared")
	}
}

func TestStraightRefusesDamage(t *testing.T) {
	registerStraight()
	for _, in := range []string{"", "AZ", "AZT0", "AZT0 no picture"} {
		if _, _, err := image.Decode(bytes.NewReader([]byte(in))); err == nil {
			t.Errorf("%q is taken for an icon", in)
		}
	}
}

func TestWindowsIcon(t *testing.T) {
	sizes := []int{32, 40, 48, 64, 96, 16}
	var images []*image.NRGBA
	for _, px := range sizes {
		images = append(images, paint(drawing(auth.Expiring, 6, AnyGround), grid, px))
	}
	ico := icoBytes(images)
	le := binary.LittleEndian
	if le.Uint16(ico) != 0 || le.Uint16(ico[2:]) != 1 || int(le.Uint16(ico[4:])) != len(sizes) {
		t.Fatalf("header % x", ico[:6])
	}
	end := 6 + 16*len(sizes)
	for i, px := range sizes {
		entry := ico[6+16*i:]
		size, offset := int(le.Uint32(entry[8:])), int(le.Uint32(entry[12:]))
		if int(entry[0]) != px || int(entry[1]) != px || le.Uint16(entry[6:]) != 32 {
			t.Errorf("entry %d: % x, want %d px of 32 bits", i, entry[:16], px)
		}
		if offset != end {
			t.Errorf("entry %d starts at %d, want %d", i, offset, end)
		}
		end = offset + size
		dib := ico[offset:end]
		if le.Uint32(dib) != 40 || int(le.Uint32(dib[4:])) != px || int(le.Uint32(dib[8:])) != 2*px {
			t.Errorf("bitmap %d: % x", i, dib[:16])
		}
		at := dib[40+4*(px*(px-1-px/2)+px/2):] // the middle; rows run from the bottom up
		w := images[i].NRGBAAt(px/2, px/2)
		if at[0] != w.B || at[1] != w.G || at[2] != w.R || at[3] != w.A {
			t.Errorf("middle of %d: % x, want %v", px, at[:4], w)
		}
	}
	if end != len(ico) {
		t.Errorf("%d bytes, want %d", len(ico), end)
	}
}
