package notify

import (
	"strings"
	"unicode"
)

// harmless makes a text safe for AppleScript, into which beeep puts it as a Go string literal: what
// Go would write as an escape of its own, AppleScript would not read.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}
