package agent

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// disk is a place to write to that fails, or takes its time.
type disk struct {
	mu     sync.Mutex
	fails  error
	slow   time.Duration
	writes []string // the chosen tenant of each that succeeded
	tries  []time.Duration
	begun  time.Time
}

func (d *disk) write(_ string, data []byte) error {
	var m Memory
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	time.Sleep(d.slow)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tries = append(d.tries, time.Since(d.begun).Round(time.Second))
	if d.fails == nil {
		d.writes = append(d.writes, m.Chosen)
	}
	return d.fails
}

// keeping runs a keeper over a disk in a bubble.
func keeping(t *testing.T, d *disk, do func(*keeper, *strings.Builder)) {
	synctest.Test(t, func(t *testing.T) {
		d.begun = time.Now()
		var log strings.Builder
		k := newKeeper(filepath.Join(t.TempDir(), "state.json"), slog.New(slog.NewTextHandler(&log, nil)), nil)
		k.write = d.write
		k.begin()
		go k.run()
		do(k, &log)
	})
}

// TestKeeper_Fails: a write that failed is tried again, less and less often, with what is newest then; it is said
// once, and once that it is over.
func TestKeeper_Fails(t *testing.T) {
	d := &disk{fails: errors.New("no space left on device")}
	keeping(t, d, func(k *keeper, log *strings.Builder) {
		k.put(Memory{Chosen: "one"})
		time.Sleep(4 * time.Minute)
		synctest.Wait()
		k.put(Memory{Chosen: "two"})
		synctest.Wait()
		d.mu.Lock()
		want := []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second, 31 * time.Second, 63 * time.Second, 123 * time.Second, 183 * time.Second}
		if !slices.Equal(d.tries, want) {
			t.Errorf("it was tried at %v, want %v", d.tries, want)
		}
		d.mu.Unlock()
		d.mu.Lock()
		d.fails = nil
		d.mu.Unlock()
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		k.put(Memory{Chosen: "three"})
		synctest.Wait()
		k.close()
		if !slices.Equal(d.writes, []string{"two", "three"}) {
			t.Errorf("written: %q", d.writes)
		}
		if text := log.String(); strings.Count(text, "is not kept") != 1 || strings.Count(text, "is kept again") != 1 {
			t.Errorf("the log says\n%s", text)
		}
	})
}

// TestKeeper_Order: one write at a time, and what comes meanwhile is passed over but for the newest, which the end of
// the run waits for.
func TestKeeper_Order(t *testing.T) {
	d := &disk{slow: time.Second}
	keeping(t, d, func(k *keeper, _ *strings.Builder) {
		for _, c := range []string{"one", "two", "three", "four"} {
			k.put(Memory{Chosen: c})
			synctest.Wait()
		}
		k.put(Memory{Chosen: "five"})
		k.close()
		if !slices.Equal(d.writes, []string{"one", "five"}) {
			t.Errorf("written: %q", d.writes)
		}
	})
}

// TestKeeper_SameAgain: what is written already is not written again.
func TestKeeper_SameAgain(t *testing.T) {
	d := &disk{}
	keeping(t, d, func(k *keeper, _ *strings.Builder) {
		for range 5 {
			k.put(Memory{Chosen: "one"})
			synctest.Wait()
		}
		k.close()
		if !slices.Equal(d.writes, []string{"one"}) {
			t.Errorf("written: %q", d.writes)
		}
	})
}

// TestKeeper_EndFails: the end of a run does not wait for good.
func TestKeeper_EndFails(t *testing.T) {
	d := &disk{fails: errors.New("no")}
	keeping(t, d, func(k *keeper, log *strings.Builder) {
		k.put(Memory{Chosen: "one"})
		began := time.Now()
		k.close()
		if took := time.Since(began); took > 3*time.Second || !strings.Contains(log.String(), "is not kept") {
			t.Errorf("it took %v and says %q", took, log)
		}
	})
}

// TestKeeper_TwoProcesses: the second writes when the first has ended, and forgets nothing that the first gave to a
// container.
func TestKeeper_TwoProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "state.json")
		later := time.Now().Add(time.Hour).UTC()
		first := newKeeper(file, slog.New(slog.DiscardHandler), nil)
		var told []Memory
		second := newKeeper(file, slog.New(slog.DiscardHandler), func(m Memory) { told = append(told, m) })
		first.begin()
		second.begin()
		go first.run()
		go second.run()
		first.put(Memory{Chosen: "first"})
		synctest.Wait()
		second.put(Memory{Chosen: "second", Holding: map[string]*Holding{"b": {Name: "b", Until: later}}})
		synctest.Wait()
		first.put(Memory{Chosen: "first", Holding: map[string]*Holding{"a": {Name: "a", Until: later}}})
		synctest.Wait()
		if m := Recall(file); m.Chosen != "first" || len(m.Holding) != 1 {
			t.Errorf("while both run: %+v", m)
		}
		first.close()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if m := Recall(file); m.Chosen != "second" || m.Holding["a"] == nil || m.Holding["b"] == nil {
			t.Errorf("when one has ended: %+v", m)
		}
		if len(told) != 1 || told[0].Holding["a"] == nil {
			t.Errorf("the loop is told %+v", told)
		}
		second.close()
		s := newState(withDefaults(Settings{}), nil)
		s.boxes["b"] = &box{}
		leftBehind{Memory{Holding: map[string]*Holding{"a": {Until: later}, "b": {Until: later}, "old": {Until: later.Add(-2 * time.Hour)}}}}.apply(s, time.Now())
		if s.strays["a"] == nil || s.boxes["b"].holds == nil || len(s.strays) != 1 {
			t.Errorf("the loop knows %v and %v", s.strays, s.boxes["b"].holds)
		}
	})
}

// TestTheStateDirectoryCannotBeWrittenTo: what containers hold is kept once it can, and nobody has to sign in for it.
func TestTheStateDirectoryCannotBeWrittenTo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file is in its place
		t.Fatal(err)
	}
	file := filepath.Join(dir, "state.json")
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{StateFile: file}, func(x *run) {
		x.after(time.Minute)
		if err := errors.Join(os.Remove(dir), os.Mkdir(dir, 0o700)); err != nil {
			t.Fatal(err)
		}
		x.after(2 * time.Minute)
		if m := Recall(file); len(m.Past) == 0 {
			t.Errorf("kept: %+v", m)
		}
	})
}
