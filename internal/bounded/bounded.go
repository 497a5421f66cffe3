// Package bounded keeps a part of what a process says, however much that is. It imports nothing of ours.
//
// Its writers have no ReadFrom: a bytes.Buffer has, even one in a struct whose Write has a bound, and io.Copy, by
// which os/exec takes in what a process says, then passes the bound by.
package bounded

import (
	"bytes"
	"sync"
)

// Head keeps the first Max bytes that are written to it and drops the rest. It may be written to and read at once.
type Head struct {
	Max int

	mu   sync.Mutex
	text []byte
	cut  bool
}

func (h *Head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	room := min(max(0, h.Max-len(h.text)), len(p))
	h.text = append(h.text, p[:room]...)
	h.cut = h.cut || room < len(p)
	return len(p), nil
}

// Bytes is a copy of what was kept.
func (h *Head) Bytes() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return bytes.Clone(h.text)
}

func (h *Head) String() string { return string(h.Bytes()) }

// Cut reports whether anything was dropped.
func (h *Head) Cut() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cut
}

// Tail keeps the last Max bytes that are written to it. It may be written to and read at once.
type Tail struct {
	Max int

	mu   sync.Mutex
	text []byte
}

func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := p[max(0, len(p)-t.Max):]
	keep := min(len(t.text), t.Max-len(last))
	t.text = append(t.text[:copy(t.text, t.text[len(t.text)-keep:])], last...)
	return len(p), nil
}

// Bytes is a copy of what was kept.
func (t *Tail) Bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.text)
}

func (t *Tail) String() string { return string(t.Bytes()) }
