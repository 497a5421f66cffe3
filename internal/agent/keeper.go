package agent

import (
	"cmp"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"time"

	"github.com/gofrs/flock"

	"aztray/internal/atomicfile"
)

const (
	firstKeepPause = time.Second // before a write that failed is tried again
	lastKeepPause  = time.Minute
	lastKeepTries  = 5 // at the end of a run
	lastKeepPauses = 200 * time.Millisecond
)

// keeper writes what outlives a run, away from the loop: one write at a time, always the newest, and again until it is
// written, for what containers hold and must be taken back is in it. Of two processes that share a state directory the
// second writes once the first has ended.
type keeper struct {
	file  string // "": nothing is kept
	write func(file string, data []byte) error
	log   *slog.Logger
	found func(Memory) // is told what the other process left, where there was one; nil: nobody is

	fresh chan Memory // holds one
	end   chan struct{}
	ended chan struct{}

	lock   *flock.Flock
	locked bool
	late   bool   // another process had the lock
	saved  string // what was written last
}

func newKeeper(file string, log *slog.Logger, found func(Memory)) *keeper {
	k := &keeper{file: file, write: atomicfile.Write, log: log, found: found,
		fresh: make(chan Memory, 1), end: make(chan struct{}), ended: make(chan struct{}), lock: flock.New(file+".lock", flock.SetPermissions(0o600))}
	return k
}

// begin takes the lock if it is free. What is read after that nobody else changes.
func (k *keeper) begin() {
	if k.file != "" {
		k.late = k.take() != nil
	}
}

// put has m written in place of what is not written yet. It is the loop's alone, and never waits.
func (k *keeper) put(m Memory) {
	select {
	case <-k.fresh:
	default:
	}
	k.fresh <- m
}

// close writes what was put last, and gives the lock up.
func (k *keeper) close() {
	close(k.end)
	<-k.ended
}

func (k *keeper) run() {
	defer close(k.ended)
	defer k.lock.Close()
	var m *Memory
	var retry <-chan time.Time
	var pause time.Duration
	for {
		select {
		case fresh := <-k.fresh:
			m = &fresh
			if retry != nil {
				continue // the newest is written when it is time
			}
		case <-retry:
		case <-k.end:
			select {
			case fresh := <-k.fresh:
				m = &fresh
			default:
			}
			k.last(m)
			return
		}
		err := k.save(m)
		if err == nil {
			if pause > 0 {
				k.log.Info("what was learnt is kept again")
			}
			retry, pause = nil, 0
			continue
		}
		if pause == 0 {
			k.log.Warn("what was learnt is not kept; it is tried again", "err", err)
		}
		pause = min(max(2*pause, firstKeepPause), lastKeepPause)
		retry = time.After(pause)
	}
}

// last tries a few times: there is no later.
func (k *keeper) last(m *Memory) {
	for n := range lastKeepTries {
		err := k.save(m)
		if err == nil {
			return
		}
		if n+1 == lastKeepTries {
			k.log.Warn("what was learnt is not kept", "err", err)
			return
		}
		time.Sleep(lastKeepPauses)
	}
}

var errKeptByAnother = errors.New("another aztray keeps its own there")

// take takes the lock; errKeptByAnother: another process has it. A file system without locks is no reason not to write.
func (k *keeper) take() error {
	if k.locked {
		return nil
	}
	ok, err := k.lock.TryLock()
	if !ok && err == nil {
		return errKeptByAnother
	}
	k.locked = true
	return nil
}

func (k *keeper) save(m *Memory) error {
	if k.file == "" || m == nil {
		return nil
	}
	if err := k.take(); err != nil {
		return err
	}
	if k.late { // what the other one gave to containers is ours to take back now
		k.late = false
		left := Recall(k.file)
		m.Holding = maps.Clone(m.Holding)
		for id, h := range left.Holding {
			if m.Holding == nil {
				m.Holding = map[string]*Holding{}
			}
			m.Holding[id] = cmp.Or(m.Holding[id], h)
		}
		if k.found != nil {
			k.found(left)
		}
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil || string(data) == k.saved {
		return err
	}
	if err := k.write(k.file, data); err != nil {
		return err
	}
	k.saved = string(data)
	return nil
}

// leftBehind is what another process had kept, and keeps no more.
type leftBehind struct{ m Memory }

func (e leftBehind) apply(s *state, now time.Time) {
	for id, h := range e.m.Holding {
		if h == nil || !h.Until.After(now) || s.strays[id] != nil {
			continue
		}
		if b := s.boxes[id]; b == nil {
			s.strays[id] = h
		} else {
			b.holds = cmp.Or(b.holds, h)
		}
	}
}
