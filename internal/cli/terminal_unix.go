//go:build unix

package cli

import "os"

// takesEscapes: every terminal of today does; TERM=dumb says otherwise.
func takesEscapes(*os.File) bool { return true }
