package cli

import (
	"os"

	"golang.org/x/sys/windows"
)

// takesEscapes has the console take escape sequences, which it does since Windows 10 where it is asked to.
func takesEscapes(f *os.File) bool {
	var mode uint32
	console := windows.Handle(f.Fd())
	if windows.GetConsoleMode(console, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
