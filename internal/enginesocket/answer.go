package enginesocket

import (
	"bufio"
	"bytes"
	"net/http"
	"sync/atomic"
)

// answer tells from what the engine says whether it took a connection over. It relies on what docker's
// clients do: none sends another request before it has the answer. Where one does, no more is lost than
// the sight of its requests.
type answer struct {
	state atomic.Int32
	head  []byte // as far as it came; look's own
}

const (
	unasked  = iota // nobody wants to know
	expected        // what the engine says next is the answer
	goingOn         // requests follow
	over            // something else follows
)

// expect is called before the request that may take the connection over is passed on.
func (a *answer) expect() { a.state.Store(expected) }

// goesOn reports whether requests follow. An answer that has not come when the client goes on is one
// that the client does not wait for.
func (a *answer) goesOn() bool { return a.state.Load() == goingOn }

// look takes in what the engine says.
func (a *answer) look(p []byte) {
	if a.state.Load() != expected {
		return
	}
	a.head = append(a.head, p...)
	for {
		end := headEnd(a.head)
		if end < 0 && len(a.head) <= maxHead {
			return
		}
		read, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(a.head[:max(end, 0)])), nil)
		switch {
		case err != nil:
			a.is(over)
		case read.StatusCode < 200 && read.StatusCode != http.StatusSwitchingProtocols: // go on, the answer follows
			a.head = a.head[end:]
			continue
		case read.StatusCode != http.StatusSwitchingProtocols && (read.ContentLength >= 0 || len(read.TransferEncoding) > 0):
			a.is(goingOn)
		default: // switched, or with no end but the connection's
			a.is(over)
		}
		return
	}
}

func (a *answer) is(state int32) {
	a.head = nil
	a.state.Store(state)
}
