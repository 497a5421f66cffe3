package tray

import (
	"os"
	"strings"

	"fyne.io/systray"

	"aztray/internal/auth"
)

// prepare readies what the panel reads first, before systray runs: the icon, and the title of that
// moment, which becomes the item's id (KDE forgets "always shown" when the id changes).
func prepare(icon []byte) {
	registerStraight()
	systray.SetTitle("aztray")
	systray.SetIcon(icon)
}

// setTitle sets what panels and screen readers call the icon.
func setTitle(s string) { systray.SetTitle(s) }

// iconBytes is the icon as systray takes it here: one size, which every panel scales down. Panels
// of KDE and XFCE are 22 px high, half of 44; others want 16 or 24, which go into 48.
func iconBytes(level auth.Level, life float64, g Ground) []byte {
	px := 48
	if d := os.Getenv("XDG_CURRENT_DESKTOP"); strings.Contains(d, "KDE") || strings.Contains(d, "XFCE") {
		px = 44
	}
	return straightBytes(Icon(level, life, g, px))
}

// escape keeps a menu's host from taking "_" for the mark of a key. GNOME undoes only the first
// doubled one, so there only the first is doubled.
func escape(s string) string {
	n := -1
	if strings.Contains(os.Getenv("XDG_CURRENT_DESKTOP"), "GNOME") {
		n = 1
	}
	return strings.Replace(s, "_", "__", n)
}
