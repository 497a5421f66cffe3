package filewatch

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

var errRefused = errors.New("too many open files")

func refused() (*System, error) { return nil, errRefused }

// telling is a system that tells of what comes by events.
func telling(events <-chan fsnotify.Event) func() (*System, error) {
	return func() (*System, error) {
		return &System{events, nil, func(string) error { return nil }, func() error { return nil }}, nil
	}
}

// TestWatch_Looks: where the system tells nothing, each kind of change is noticed within half a minute.
func TestWatch_Looks(t *testing.T) {
	for name, system := range map[string]func() (*System, error){"refused": refused, "deaf, as a network's": telling(nil)} {
		synctest.Test(t, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "azure")
			file := filepath.Join(dir, "profile.json")
			var why []error
			w := Watch(Options{Files: func() []string { return []string{file} }, Dirs: func() []string { return nil }, Gather: time.Second,
				NewSystem: system, Coarse: func(err error) { why = append(why, err) }})
			defer w.Close()
			at := time.Now() // of the bubble: files written here have other times
			put := func(file, text string) {
				if err := errors.Join(os.WriteFile(file, []byte(text), 0o600), os.Chtimes(file, at, at)); err != nil {
					t.Fatal(err)
				}
			}
			for _, step := range []struct {
				what   string
				do     func()
				notice bool
			}{
				{"nothing", func() {}, false},
				{"a directory alone", func() { os.Mkdir(dir, 0o700) }, false},
				{"a file", func() { put(file, "one") }, true},
				{"nothing after it", func() {}, false},
				{"another length", func() { put(file, "three") }, true},
				{"another time", func() { at = at.Add(time.Nanosecond); put(file, "seven") }, true},
				{"an older time", func() { at = at.Add(-24 * time.Hour); put(file, "eight") }, true},
				{"another file of the same length and time", func() { put(file+"~", "fifty"); os.Rename(file+"~", file) }, numbered(t)},
				{"no file", func() { os.RemoveAll(dir) }, true},
			} {
				step.do()
				time.Sleep(Every + 2*time.Second)
				synctest.Wait()
				select {
				case <-w.Changed:
					if !step.notice {
						t.Errorf("%s: %s is told", name, step.what)
					}
				default:
					if step.notice {
						t.Errorf("%s: %s is not noticed", name, step.what)
					}
				}
			}
			if want := map[string]int{"refused": 1}[name]; len(why) != want {
				t.Errorf("%s: it is told %d times, want %d", name, len(why), want)
			}
		})
	}
}

// numbered reports whether the system numbers its files.
func numbered(t *testing.T) bool {
	info, err := os.Stat(t.TempDir())
	return err == nil && number(info) != 0
}

// TestWatch_Gathers: a writer who writes without end is not waited for, and a reader who is slow has one word waiting.
func TestWatch_Gathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := make(chan fsnotify.Event)
		w := Watch(Options{Files: func() []string { return nil }, Dirs: func() []string { return nil }, Gather: 100 * time.Millisecond,
			Concerns: func(name string) bool { return name == "profile" }, NewSystem: telling(events)})
		defer w.Close()
		events <- fsnotify.Event{Name: "commandIndex"}
		time.Sleep(time.Second)
		if len(w.Changed) != 0 {
			t.Error("what does not concern us is told")
		}
		begun := time.Now()
		for time.Since(begun) < 300*time.Millisecond {
			events <- fsnotify.Event{Name: "profile"}
			time.Sleep(10 * time.Millisecond)
			if time.Since(begun) == 150*time.Millisecond && len(w.Changed) != 1 {
				t.Error("a steady writer keeps it from being told")
			}
		}
		time.Sleep(time.Second)
		if len(w.Changed) != 1 {
			t.Errorf("%d words wait", len(w.Changed))
		}
	})
}

// TestWatch_System: by the system it takes no half minute, a directory that comes later is followed, and a watcher
// that was refused at first is had later.
func TestWatch_System(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "azure")
	tries := 0
	w := Watch(Options{Files: func() []string { return nil }, Dirs: func() []string { return []string{parent, dir} }, Gather: time.Millisecond, Every: 50 * time.Millisecond,
		NewSystem: func() (*System, error) {
			if tries++; tries < 3 {
				return refused()
			}
			return byFsnotify()
		}})
	defer w.Close()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	end := time.After(10 * time.Second)
	for i := 0; ; i++ {
		if err := os.WriteFile(filepath.Join(dir, "profile"), []byte{byte(i)}, 0o600); err != nil {
			t.Fatal(err)
		}
		select {
		case <-w.Changed:
			return
		case <-end:
			t.Fatal("the system tells nothing")
		case <-time.After(10 * time.Millisecond):
		}
	}
}
