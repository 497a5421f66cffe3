package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// page is what a command is going to print, and for which terminal.
type page struct {
	strings.Builder
	term Terminal
}

func (c *command) page() *page { return &page{term: c.OutTerm} }

func (p *page) terminal() Terminal { return p.term }

// say adds a sentence in a style.
func (p *page) say(s style, text string) {
	for line := range strings.SplitSeq(p.term.wrap(text), "\n") {
		fmt.Fprintln(p, p.term.paint(s, line))
	}
}

// print writes all of it. On a terminal sentences are broken at blanks; tables fit already.
func (p *page) print(w io.Writer) error {
	b := &strings.Builder{}
	for line := range strings.Lines(p.String()) {
		text, end := strings.CutSuffix(line, "\n")
		if !strings.Contains(text, "\x1b") && !strings.HasPrefix(text, " ") { // not the lines of a table
			text = p.term.wrap(text)
		}
		b.WriteString(text)
		if end {
			b.WriteString("\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// tabs takes lines with tabs between the cells and prints them as a table when it is flushed.
type tabs struct {
	bytes.Buffer
	w      io.Writer
	headed bool
	prose  bool // its last column holds sentences
}

// newTabs is a table on w; headed says that its first line is a head.
func newTabs(w io.Writer, headed bool) *tabs { return &tabs{w: w, headed: headed} }

// Flush prints the table, for the terminal that w is for: a page knows, anything else counts as a pipe.
func (t *tabs) Flush() error {
	var term Terminal
	if p, ok := t.w.(interface{ terminal() Terminal }); ok {
		term = p.terminal()
	}
	out := &table{prose: t.prose}
	for line := range strings.Lines(t.String()) {
		var cells []cell
		for text := range strings.SplitSeq(strings.TrimSuffix(line, "\n"), "\t") {
			cells = append(cells, cell{text: text, style: looks[strings.TrimSpace(text)]})
		}
		out.rows = append(out.rows, cells)
	}
	if t.headed && len(out.rows) > 0 {
		for _, c := range out.rows[0] {
			out.head = append(out.head, c.text)
		}
		out.rows = out.rows[1:]
	}
	return out.write(t.w, term)
}

// looks are the styles of words that stand alone in a cell and say how something is.
var looks = func() map[string]style {
	all := map[string]style{"yes": green, "done": green, "failed": red}
	for state, words := range stateWords {
		switch state {
		case containers.Fresh:
			all[words] = green
		case containers.Stale, containers.Missing, containers.Shared, containers.OwnSignIn:
			all[words] = yellow
		default:
			all[words] = red
		}
	}
	return all
}()

// levelLooks are the colours of the tray's icon.
var levelLooks = map[auth.Level]style{auth.OK: green, auth.Expiring: yellow, auth.Expired: red, auth.SignedOut: red}
