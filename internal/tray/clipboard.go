package tray

import (
	"os"
	"runtime"

	"github.com/atotto/clipboard"

	"aztray/internal/auth"
)

// toClipboard puts text on the clipboard. It blocks for as long as the system's own tool takes.
func toClipboard(text string) *auth.Problem {
	err := clipboard.WriteAll(text)
	if err == nil {
		return nil
	}
	return problemClipboard(clipboardPackage(runtime.GOOS, clipboard.Unsupported, os.Getenv("WAYLAND_DISPLAY") != ""), err)
}

// clipboardPackage names what to install where no tool for the clipboard was found.
func clipboardPackage(goos string, noTool, wayland bool) string {
	switch {
	case !noTool || goos == "windows" || goos == "darwin":
		return ""
	case wayland:
		return "wl-clipboard"
	}
	return "xclip"
}
