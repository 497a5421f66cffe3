// Package assets holds the files that the program carries with it or installs: its icon, its pages, its
// desktop entry. It knows nothing of what they are used for. The icons are drawn by internal/tray;
// "go test ./internal/tray -run AppIcon -update" writes them anew.
package assets

import "embed"

// Icon is the program's icon, a PNG of 256 px: for notifications and the icon theme.
//
//go:embed aztray.png
var Icon []byte

// IconSmall is the same at 48 px, for what sends pictures by message.
//
//go:embed aztray-48.png
var IconSmall []byte

// IconSVG is the same without pixels, for the icon theme.
//
//go:embed aztray.svg
var IconSVG []byte

// IconICO is the same for Windows.
//
//go:embed aztray.ico
var IconICO []byte

// DesktopEntry is the freedesktop.org entry that makes the program known to a Linux desktop; its
// Exec line is the bare name, to be replaced by an absolute path where it is installed elsewhere
// than in the search path.
//
//go:embed aztray.desktop
var DesktopEntry []byte

// ServiceUnit is the systemd user unit of "aztray serve"; its ExecStart line holds the bare name, to be
// replaced by an absolute path where it is installed elsewhere than in systemd's search path.
//
//go:embed aztray.service
var ServiceUnit []byte

// OpenAPI describes the health API: OpenAPI 3.0, JSON.
//
//go:embed openapi.json
var OpenAPI []byte

// Page is the status page: page.html (a Go template), page.css, page.js and levels.svg, the shapes of
// the levels as symbols.
//
//go:embed page
var Page embed.FS
