//go:build unix

package cli

import "os"

// showsColour: every terminal of today does; TERM=dumb and NO_COLOR say otherwise.
func showsColour(*os.File) bool { return true }
