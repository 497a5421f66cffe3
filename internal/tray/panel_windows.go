package tray

import (
	"image"
	"strings"

	"aztray/internal/auth"
)

func prepare([]byte) {}

func setTitle(string) {} // the tooltip is all there is

// iconBytes is an icon file with the sizes of each scale of the screen: Windows loads 32 px at
// 100 %, up to 96 at 300 %, and shows 16 in lists.
func iconBytes(level auth.Level, life float64, g Ground) []byte {
	var sizes []*image.NRGBA
	for _, px := range []int{32, 40, 48, 64, 96, 16} {
		sizes = append(sizes, paint(drawing(level, quantise(life), g), grid, px))
	}
	return icoBytes(sizes)
}

// escape keeps Windows from taking "&" for the mark of a key.
func escape(s string) string { return strings.ReplaceAll(s, "&", "&&") }
