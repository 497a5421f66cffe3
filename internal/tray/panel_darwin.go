//go:build cgo

package tray

import "aztray/internal/auth"

func prepare([]byte) {}

func setTitle(string) {} // it would stand in the menu bar, beside the icon

// iconBytes is a picture of 16 points on a screen of two pixels to the point.
func iconBytes(level auth.Level, life float64, g Ground) []byte {
	return pngBytes(Icon(level, life, g, 32))
}

func escape(s string) string { return s }
