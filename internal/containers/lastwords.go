package containers

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"time"
	"unicode"

	"aztray/internal/auth"
)

const (
	tailLines = 20
	tailRunes = 300      // of each line
	tailBytes = 64 << 10 // of them all, before they are made readable
)

// lastWords are the last lines that a container wrote from since on, fit for a person's terminal;
// empty where there are none or they can't be had.
func (e *Engine) lastWords(ctx context.Context, id string, since time.Time, tty bool) []string {
	raw, err := e.api.tail(ctx, id, since, tailLines)
	if err != nil {
		return []string{}
	}
	if tty {
		return readable(string(raw))
	}
	var text bytes.Buffer
	_ = frames(bytes.NewReader(raw), &text, &text) // where it breaks off, what came before is told
	return readable(text.String())
}

// orders are what a terminal obeys: colours and movements, titles and links.
var orders = regexp.MustCompile("\x1b\\[[0-9;:?<=>]*[ -/]*[@-~]|\x1b[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)?|\x1b.?")

// readable is the last lines of text without secrets and without what a terminal would obey. A log may
// hold anything: what a program was sent by a stranger, too.
func readable(text string) []string {
	if cut := len(text) - tailBytes; cut > 0 {
		text = text[cut:]
		if i := strings.IndexFunc(text, unicode.IsSpace); i >= 0 { // half a token is not seen to be one
			text = text[i:]
		}
	}
	text = auth.Redact(orders.ReplaceAllString(strings.ToValidUTF8(text, "�"), ""))
	lines := []string{}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, "\r \t")
		line = line[strings.LastIndexByte(line, '\r')+1:] // a progress bar's last state
		line = strings.Map(func(r rune) rune {
			switch {
			case r == '\t':
				return ' '
			case !unicode.IsPrint(r):
				return -1
			}
			return r
		}, line)
		if runes := []rune(line); len(runes) > tailRunes {
			line = string(runes[:tailRunes-1]) + "…"
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-tailLines):]
}
