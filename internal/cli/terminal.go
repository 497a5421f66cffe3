package cli

import (
	"os"
	"strings"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// Terminal is what is known of where output goes. The zero value is a file or a pipe: nothing is cut
// to a width there, nothing is coloured, and nothing moves.
type Terminal struct {
	Is     bool
	Dumb   bool // it takes no escape sequences
	Width  int  // in columns; 0 means not known: nothing is cut
	Colour bool // not with NO_COLOR or TERM=dumb: https://no-color.org
}

// TerminalOf looks at a file of this process, such as os.Stdout.
func TerminalOf(f *os.File, getenv func(string) string) Terminal {
	if !term.IsTerminal(int(f.Fd())) {
		return Terminal{}
	}
	t := Terminal{Is: true, Dumb: getenv("TERM") == "dumb" || !takesEscapes(f)}
	t.Colour = !t.Dumb && getenv("NO_COLOR") == ""
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
		t.Width = columns
	}
	return t
}

// style is one of the sixteen colours that every terminal lets its owner choose, or a weight.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// paint gives text a style where there is colour.
func (t Terminal) paint(s style, text string) string {
	if !t.Colour || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// columns is how wide a text is on a terminal: East Asian characters take two places.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += places(r)
	}
	return n
}

func places(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cut shortens a text to at most n columns by its middle: names and addresses differ at both ends.
func cut(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	if n < 1 {
		return ""
	}
	runes := []rune(s)
	head, tail := 0, len(runes)
	for left := n - 1; head < tail; { // one for the ellipsis
		if p := places(runes[head]); columns(string(runes[:head])) <= columns(string(runes[tail:])) {
			if left < p {
				break
			}
			head, left = head+1, left-p
		} else {
			if p = places(runes[tail-1]); left < p {
				break
			}
			tail, left = tail-1, left-p
		}
	}
	return string(runes[:head]) + "…" + string(runes[tail:])
}

// wrap breaks a sentence at blanks so that no line is wider than the terminal; in a pipe it stays whole.
// A command at its end goes to a line of its own, whole, so that it can be copied.
func (t Terminal) wrap(s string) string {
	if t.Width <= 0 || columns(s) <= t.Width {
		return s
	}
	if i := strings.LastIndex(s, ": "); i >= 0 && isCommand(s[i+2:]) {
		return t.wrap(s[:i+1]) + "\n  " + s[i+2:]
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		if line != "" && columns(line)+1+columns(word) > t.Width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}

// isCommand reports whether the text is to be typed as it is.
func isCommand(s string) bool { return strings.HasPrefix(s, "aztray ") || strings.HasPrefix(s, "az ") }
