//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// told is the story in the terminal: a line for each thing that happened, and when.
type told struct {
	w     io.Writer
	began time.Time
}

func newTold(w io.Writer) *told { return &told{w, time.Now()} }

const margin = "          "

// opening says what is about to be seen.
func (t *told) opening(running bool) {
	where := "It all happens on a virtual desktop; pictures of it are kept."
	if running {
		where = "The icon appears in your own tray, and you press the buttons. No pictures are taken of your desktop."
	}
	fmt.Fprintf(t.w, `
aztray, on real parts: az, Docker, a desktop and Chromium. Only Azure is a stand-in, on this machine.
%s
Your own sign-in and containers are not touched. Ctrl-C ends it at any time.

`, where)
}

// scene begins a part of the story.
func (t *told) scene(n int, title string) { fmt.Fprintf(t.w, "\n%d. %s\n", n, title) }

// say tells what has just happened.
func (t *told) say(format string, args ...any) {
	fmt.Fprintf(t.w, "%6.1f s  %s\n", time.Since(t.began).Seconds(), fmt.Sprintf(format, args...))
}

// more goes on below the last line.
func (t *told) more(format string, args ...any) {
	fmt.Fprintf(t.w, "%s%s\n", margin, fmt.Sprintf(format, args...))
}

// seconds is how long something took, as it is said.
func seconds(d time.Duration) string {
	s := fmt.Sprintf("%.1f s", d.Seconds())
	return strings.Replace(s, "0.0 s", "less than 0.1 s", 1)
}
