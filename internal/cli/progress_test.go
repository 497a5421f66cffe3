package cli

import (
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestProgress(t *testing.T) {
	work := func(p *progress, took time.Duration) {
		var n atomic.Int32
		end := p.during(func() string { return fmt.Sprintf("Delivering, %d done", n.Load()) })
		time.Sleep(took / 2)
		n.Add(1)
		fmt.Fprintln(p, "a word of somebody else's")
		inner := p.during(func() string { return "Asking" })
		time.Sleep(took / 2)
		inner()
		end()
	}
	for name, c := range map[string]struct {
		term Terminal
		took time.Duration
		want string // what a person is left with, or where it moves, all of it
	}{
		"short work is not spoken of":     {Terminal{Is: true, Width: 80}, 900 * time.Millisecond, "a word of somebody else's\n"},
		"in a pipe there are plain lines": {Terminal{}, 5 * time.Second, "aztray: Delivering, 0 done...\na word of somebody else's\naztray: Asking...\n"},
		"a dumb terminal gets plain lines": {Terminal{Is: true, Width: 80, Dumb: true}, 5 * time.Second,
			"aztray: Delivering, 0 done...\na word of somebody else's\naztray: Asking...\n"},
		"on a terminal the line is gone at the end": {Terminal{Is: true, Width: 80}, 5 * time.Second, "a word of somebody else's\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var b bytes.Buffer
			work(&progress{w: &b, term: c.term}, c.took)
			if got := onScreen(b.String()); got != c.want {
				t.Errorf("%s: left is %q, want %q", name, got, c.want)
			}
			if c.term.Is && !c.term.Dumb && c.took > time.Second && (!strings.Contains(b.String(), "⠋ Delivering, 0 done (1 s)") || !strings.Contains(b.String(), " Asking (2 s)")) {
				t.Errorf("%s: it wrote %q", name, b.String())
			}
		})
	}
}

func TestProgressFitsTheTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		p := &progress{w: &b, term: Terminal{Is: true, Width: 20}}
		end := p.during(func() string { return strings.Repeat("long ", 10) })
		time.Sleep(2 * time.Second)
		end()
		for part := range strings.SplitSeq(b.String(), "\r\x1b[K") {
			if columns(part) > 19 {
				t.Errorf("%d columns: %q", columns(part), part)
			}
		}
	})
}

// onScreen plays the one escape sequence that is used: back to the line's beginning, and clear it.
func onScreen(s string) string {
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		if i := strings.LastIndex(line, "\r\x1b[K"); i >= 0 {
			line = line[i+len("\r\x1b[K"):]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
