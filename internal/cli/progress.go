package cli

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// progress is standard error with a word about work that takes long: on a terminal a line that moves
// and goes again, elsewhere one plain line. What is written meanwhile stays whole. The zero time to
// wait is a second; work that is shorter is not spoken of.
type progress struct {
	w    io.Writer
	term Terminal

	mu    sync.Mutex
	doing []*doing // the newest last; that one is shown
	drawn bool     // the line that moves is on the screen
}

// doing is one piece of work.
type doing struct {
	say   func() string
	since time.Time
	told  bool
}

const (
	patience = time.Second            // work that is shorter is not spoken of
	turn     = 100 * time.Millisecond // of the line that moves
)

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

// Write takes the moving line away first; it comes back at its next turn.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return p.w.Write(b)
}

// during speaks of work, by words that may change as it goes, until end is called.
func (p *progress) during(say func() string) (end func()) {
	d := &doing{say: say, since: time.Now()}
	p.mu.Lock()
	p.doing = append(p.doing, d)
	p.mu.Unlock()
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		next := time.NewTimer(patience)
		defer next.Stop()
		for {
			select {
			case <-stop:
				return
			case <-next.C:
				p.show(d)
				next.Reset(turn)
			}
		}
	}()
	return func() {
		close(stop)
		<-ended
		p.mu.Lock()
		defer p.mu.Unlock()
		p.clear()
		p.doing = slices.DeleteFunc(p.doing, func(o *doing) bool { return o == d })
	}
}

// show draws the line, or says the plain one once.
func (p *progress) show(d *doing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.doing[len(p.doing)-1] != d {
		return // a part of it is shown
	}
	took := time.Since(d.since)
	if !p.moves() {
		if !d.told {
			d.told = true
			fmt.Fprintf(p.w, "aztray: %s...\n", d.say())
		}
		return
	}
	line := fmt.Sprintf("%c %s (%d s)", spinner[int(took/turn)%len(spinner)], d.say(), int(took.Seconds()))
	if p.term.Width > 1 {
		line = cut(line, p.term.Width-1)
	}
	p.drawn = true
	fmt.Fprint(p.w, "\r\x1b[K"+line)
}

// moves reports whether the terminal can take back a line.
func (p *progress) moves() bool { return p.term.Is && !p.term.Dumb }

func (p *progress) clear() {
	if p.drawn {
		p.drawn = false
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// during speaks of work that takes longer than a second.
func (c *command) during(say string) (end func()) {
	return c.progress.during(func() string { return say })
}
