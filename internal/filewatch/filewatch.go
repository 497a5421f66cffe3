// Package filewatch tells that files have changed: at once where the system can tell, and everywhere by a look
// at their size, time and number every half minute. A system tells nothing where its watches are used up, on
// drives of Windows that WSL mounts, and of what another machine writes into a home on the network. It imports
// nothing of ours.
package filewatch

import (
	"cmp"
	"context"
	"io/fs"
	"maps"
	"os"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Every is how often files are looked at, unless the options say otherwise.
const Every = 30 * time.Second

// Options are what is watched. The functions are called from one goroutine, and after each change anew.
type Options struct {
	Files    func() []string        // those that are looked at; they need not be there
	Dirs     func() []string        // those whose changes the system is to tell of; they need not be there
	Concerns func(name string) bool // whether a change that the system tells of matters; nil: each does
	Gather   time.Duration          // how long changes are collected, from the first one: files are written in steps
	Every    time.Duration          // between two looks; 0 means Every
	NoLinks  bool                   // a link is looked at itself, not what it leads to: somebody hostile may make one
	Coarse   func(error)            // is told once why looks alone have to do, where they do; nil: nobody is

	NewSystem func() (*System, error) // asks the system to tell of changes; nil means by fsnotify
}

// System is what tells of changes in directories.
type System struct {
	Events <-chan fsnotify.Event
	Errors <-chan error
	Add    func(dir string) error // one that was added is not added twice
	Close  func() error
}

func byFsnotify() (*System, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return &System{w.Events, w.Errors, w.Add, w.Close}, nil
}

// Watcher is a watch. Close it.
type Watcher struct {
	Changed <-chan struct{} // holds one: a change that nobody took up covers the next

	stop  context.CancelFunc
	ended chan struct{}
}

// Watch watches from now on: what changes after it has returned is told.
func Watch(o Options) *Watcher {
	o.Every = cmp.Or(o.Every, Every)
	if o.NewSystem == nil {
		o.NewSystem = byFsnotify
	}
	if o.Concerns == nil {
		o.Concerns = func(string) bool { return true }
	}
	ctx, stop := context.WithCancel(context.Background())
	changed := make(chan struct{}, 1)
	w := &Watcher{Changed: changed, stop: stop, ended: make(chan struct{})}
	l := &loop{Options: o}
	l.follow()
	l.seen = l.stamps()
	go func() {
		defer close(w.ended)
		l.run(ctx, changed)
	}()
	return w
}

// Close ends the watch.
func (w *Watcher) Close() {
	w.stop()
	<-w.ended
}

type loop struct {
	Options
	system *System // nil while the system gives none
	seen   map[string]stamp
	told   bool // of looks alone
}

func (l *loop) run(ctx context.Context, changed chan<- struct{}) {
	defer func() {
		if l.system != nil {
			l.system.Close()
		}
	}()
	look := time.NewTicker(l.Every)
	defer look.Stop()
	var due <-chan time.Time // never ready until something changed
	for {
		var events <-chan fsnotify.Event
		var lost <-chan error
		if l.system != nil {
			events, lost = l.system.Events, l.system.Errors
		}
		happened := false
		select {
		case <-ctx.Done():
			return
		case <-due:
			due = nil
			l.follow() // a directory may have come: it is watched before anyone reads what is in it
			l.seen = l.stamps()
			select {
			case changed <- struct{}{}:
			default:
			}
		case <-look.C:
			l.follow()
			happened = !maps.Equal(l.seen, l.stamps())
		case e := <-events:
			happened = l.Concerns(e.Name)
		case <-lost: // an overflow lost events
			happened = true
		}
		if happened && due == nil {
			due = time.After(l.Gather)
		}
	}
}

// follow has the system tell of the directories that are there. It may give no watcher today and one tomorrow.
func (l *loop) follow() {
	var refused error
	if l.system == nil {
		if l.system, refused = l.NewSystem(); refused != nil {
			l.system = nil
		}
	}
	if refused == nil {
		for _, dir := range l.Dirs() {
			if err := l.system.Add(dir); err != nil && !os.IsNotExist(err) {
				refused = err
			}
		}
	}
	if refused != nil && !l.told && l.Coarse != nil {
		l.told = true
		l.Coarse(refused)
	}
}

// stamp is what tells one state of a file from another; zero where there is none, or it can't be looked at.
type stamp struct {
	size   int64
	time   int64 // ns
	number uint64
	mode   fs.FileMode
}

func (l *loop) stamps() map[string]stamp {
	look := os.Stat
	if l.NoLinks {
		look = os.Lstat
	}
	files := l.Files()
	all := make(map[string]stamp, len(files))
	for _, file := range files {
		var s stamp
		if info, err := look(file); err == nil {
			s = stamp{info.Size(), info.ModTime().UnixNano(), number(info), info.Mode()}
		}
		all[file] = s
	}
	return all
}
