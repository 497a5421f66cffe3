//go:build linux

package desktop

import (
	"image"
	"image/color"
	"slices"
	"testing"

	"github.com/godbus/dbus/v5"
)

func TestUnmnemonic(t *testing.T) {
	for _, c := range []struct{ sent, want string }{
		{"Renew now", "Renew now"},
		{"contoso__one", "contoso_one"},
		{"_Quit", "Quit"},
		{"a____b", "a__b"},
	} {
		if got := unmnemonic(c.sent); got != c.want {
			t.Errorf("unmnemonic(%q) = %q, want %q", c.sent, got, c.want)
		}
	}
}

func TestMenuNode(t *testing.T) {
	v := dbus.MakeVariant
	line := func(id int32, properties map[string]dbus.Variant, children ...dbus.Variant) dbus.Variant {
		return v(layout{id, properties, children})
	}
	root, err := layout{Children: []dbus.Variant{
		line(1, map[string]dbus.Variant{"label": v("Status"), "enabled": v(false)}),
		line(2, map[string]dbus.Variant{"type": v("separator")}),
		line(3, map[string]dbus.Variant{"label": v("Tenant"), "visible": v(false)}),
		line(4, map[string]dbus.Variant{"label": v("Tenant")},
			line(5, map[string]dbus.Variant{"label": v("a__b"), "toggle-type": v("checkmark"), "toggle-state": v(int32(1))})),
	}}.node()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"Status", "---", "Tenant"}; !slices.Equal(root.Lines(), want) {
		t.Errorf("lines %q, want %q", root.Lines(), want)
	}
	if status, ok := root.Find("Status"); !ok || status.Enabled {
		t.Errorf("status: %+v, %v", status, ok)
	}
	tenant, ok := root.Find("Tenant", "a_b")
	if !ok || tenant.ID != 5 || !tenant.Checked || tenant.Toggle != "checkmark" || !tenant.Enabled || !tenant.Visible {
		t.Errorf("tenant: %+v, %v", tenant, ok)
	}
	if _, ok := root.Find("Tenant", "other"); ok {
		t.Error("found a line that is not there")
	}
}

func TestLocate(t *testing.T) {
	green, red := color.NRGBA{0, 158, 115, 255}, color.NRGBA{213, 94, 0, 255}
	icon := func(c color.NRGBA) *image.NRGBA {
		img := image.NewNRGBA(image.Rect(0, 0, 2*iconSize, 2*iconSize))
		for y := 8; y < 36; y++ {
			for x := 8; x < 36; x++ {
				img.SetNRGBA(x, y, c)
			}
		}
		return img
	}
	screen := image.NewNRGBA(image.Rect(0, 0, 200, 60))
	for i := range screen.Pix {
		screen.Pix[i] = 40
	}
	for y := 20; y < 34; y++ { // the icon's opaque part at half its size, so the icon is at 100,16
		for x := 104; x < 118; x++ {
			screen.SetNRGBA(x, y, green)
		}
	}
	got, ok := locate(screen, screen.Rect, icon(green))
	if want := image.Rect(100, 16, 122, 38); !ok || got != want {
		t.Errorf("green: %v, %v, want %v", got, ok, want)
	}
	if got, ok := locate(screen, screen.Rect, icon(red)); ok {
		t.Errorf("red, which is not there: found at %v", got)
	}
	if got, ok := locate(screen, image.Rect(0, 0, 90, 60), icon(green)); ok {
		t.Errorf("green, where it is not: found at %v", got)
	}
}

func TestPixmap(t *testing.T) {
	img := pixmap{2, 1, []byte{255, 1, 2, 3, 128, 4, 5, 6}}.image()
	for x, want := range []color.NRGBA{{1, 2, 3, 255}, {4, 5, 6, 128}} {
		if got := img.NRGBAAt(x, 0); got != want {
			t.Errorf("pixel %d: %v, want %v", x, got, want)
		}
	}
}
