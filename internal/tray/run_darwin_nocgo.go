//go:build darwin && !cgo

package tray

import (
	"context"

	"aztray/internal/auth"
)

// Run says what Available says.
func Run(context.Context, Options) error { return Available() }

// Available says that this build has no tray: macOS draws menus by Cocoa only, which needs cgo.
func Available() error {
	return &auth.Problem{Code: "TRAY_NO_CGO", Kind: TrayMissing,
		Message: "This build of aztray has no tray icon, for it was made without cgo.",
		Advice:  "Use a build made on macOS with CGO_ENABLED=1, or \"aztray service status\"."}
}
