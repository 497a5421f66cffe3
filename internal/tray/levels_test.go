package tray

import (
	"fmt"
	"image/color"
	"path/filepath"
	"strings"
	"testing"

	"aztray/internal/auth"
)

// TestLevelSymbols draws the level's shapes as SVG symbols, for the status page, which gives them its
// own colours; -update writes them to the assets.
func TestLevelSymbols(t *testing.T) {
	var b strings.Builder
	for _, l := range []auth.Level{auth.OK, auth.Expiring, auth.Expired, auth.SignedOut, auth.Renewing, auth.Unknown} {
		fmt.Fprintf(&b, "<symbol id=\"level-%s\" viewBox=\"0 0 %d %d\">\n", l, grid, grid)
		for _, layer := range drawing(l, quantise(NoLife), LightGround) {
			var path svgPath
			layer.shape(&path)
			fmt.Fprintf(&b, "<path class=\"%s\" d=\"%s\"/>\n", class(layer, ink(l, LightGround)), strings.TrimSpace(path.String()))
		}
		b.WriteString("</symbol>\n")
	}
	file(t, filepath.Join("..", "..", "assets", "page", "levels.svg"), b.String())
}

// class names what a layer is filled with: the level's ink, the mark on it, or the ground below.
func class(l layer, ink color.NRGBA) string {
	switch {
	case l.cut:
		return "ground"
	case l.ink == ink:
		return "ink"
	}
	return "mark"
}
