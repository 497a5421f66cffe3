package agent

import (
	"context"
	"sync"
)

// Feed keeps the newest Snapshot for whoever asks, and tells when there is a newer one.
type Feed struct {
	mu      sync.Mutex
	newest  Snapshot
	changed chan struct{} // closed at the next one
}

// NewFeed makes a feed that has first until there is an update.
func NewFeed(first Snapshot) *Feed { return &Feed{newest: first, changed: make(chan struct{})} }

// Follow takes up every update until ctx ends.
func (f *Feed) Follow(ctx context.Context, updates <-chan Snapshot) {
	for {
		select {
		case <-ctx.Done():
			return
		case snap := <-updates:
			f.mu.Lock()
			f.newest = snap
			close(f.changed)
			f.changed = make(chan struct{})
			f.mu.Unlock()
		}
	}
}

// Get gives the newest snapshot, which is the zero one before the first, and what is closed when there is another.
func (f *Feed) Get() (Snapshot, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.newest, f.changed
}
