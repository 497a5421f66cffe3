package notify

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
)

// Options is what Run needs. Updates and Do are required.
type Options struct {
	// Updates brings the snapshots; only the newest counts, so the sender may drop older ones, and it
	// must not wait for us: showing a note may take seconds while the desktop starts its server. When
	// it is closed Run goes on with the last one.
	Updates <-chan agent.Snapshot
	// Do takes what a button asks for. It must not block.
	Do func(agent.Command)
	// Details shows the details, with the compositor's leave where there is one. It must not block. nil: nothing
	// shows them.
	Details  func(activationToken string)
	Settings Settings
	Change   <-chan Settings        // other settings from now on; nil: never
	Load     func() (Memory, error) // what an earlier run saved; nil: nothing
	Save     func(Memory) error     // called after each change worth keeping; nil: not kept
	Tell     <-chan Message         // notices that have nothing to do with the sign-in's level; nil: none
	IconPath string                 // a PNG that stays where it is; "": no picture
	Log      *slog.Logger           // nil means slog.Default()
}

// Message is a passing notice without buttons, such as "aztray is running, in the tray".
type Message struct{ Summary, Body string }

// surface is where notes are shown: a notification server on D-Bus, or beeep. Only Run's goroutine
// calls it.
type surface interface {
	// show puts n on the screen in place of the warning before; an error means it is not there.
	show(ctx context.Context, n Note) error
	// withdraw takes the warning away, if there is one.
	withdraw(ctx context.Context)
	// tell shows a notice beside the warning.
	tell(ctx context.Context, n Note) error
	// events wakes Run; each value goes to take, which says what it means.
	events() <-chan event
	take(ctx context.Context, e event) answer
	// close takes away what is on the screen and frees everything.
	close()
}

// answer is what came back from the screen. The zero answer is nothing.
type answer struct {
	key    Key    // this button was pressed
	token  string // the compositor's leave that came with it
	closed bool   // the warning is no longer on the screen
	ready  bool   // there is a server, and it shows none of our notes
	gone   bool   // the server went away with our notes
}

// tick is the longest wait for a moment on the wall clock: timers stand still while a laptop sleeps.
const tick = 30 * time.Second

// A note that cannot be shown is tried again after retryFirst, then after twice that and so on,
// retries times; after that only when a server appears.
const (
	retryFirst = 2 * time.Second
	retries    = 5
)

// Run shows notes until ctx ends; then it takes its note away, for its buttons would be dead. Without
// a desktop it says so once in the log and goes on, for one may come.
func Run(ctx context.Context, o Options) error {
	o.Log = cmp.Or(o.Log, slog.Default())
	s := newSurface(ctx, o.IconPath, o.Log)
	defer s.close()
	return run(ctx, o, s)
}

// runner holds what Run's one goroutine knows.
type runner struct {
	o      Options
	screen surface
	mem    Memory
	saved  Memory
	snap   agent.Snapshot
	seen   bool      // snap is one
	wanted *Note     // on the screen, or waiting for one
	tries  int       // how often it could not be shown; 0: it is there
	again  time.Time // when to try once more
	wake   *time.Timer

	offered map[string]time.Time // by container id: when its restart was last offered
}

func run(ctx context.Context, o Options, screen surface) error {
	r := &runner{o: o, screen: screen, wake: time.NewTimer(tick)}
	defer r.wake.Stop()
	r.load()
	updates, tell := o.Updates, o.Tell
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case snap, ok := <-updates:
			if !ok {
				updates = nil
				continue
			}
			r.snap, r.seen = snap, true
		case m, ok := <-tell:
			if !ok {
				tell = nil
				continue
			}
			r.tell(ctx, m)
			continue
		case r.o.Settings = <-o.Change:
		case e := <-screen.events():
			r.answer(ctx, screen.take(ctx, e))
		case <-r.wake.C:
			if r.retrying() && !time.Now().Before(r.again) {
				r.display(ctx)
			}
		}
		r.step(ctx)
	}
}

// step decides, acts and sets the next wake-up.
func (r *runner) step(ctx context.Context) {
	if !r.seen {
		return
	}
	now := time.Now().Round(0) // the wall clock: the monotonic one stands still during sleep
	mem, act := Decide(r.mem, r.snap, now, r.o.Settings)
	r.mem = mem
	switch {
	case act.Show != nil:
		r.wanted, r.tries = act.Show, 0
		r.display(ctx)
	case act.Withdraw:
		r.wanted, r.tries = nil, 0
		r.screen.withdraw(ctx)
	}
	r.offer(ctx, now)
	r.save()
	r.wake.Reset(r.wait(now))
}

// wait is how long nothing needs to be done, tick at most.
func (r *runner) wait(now time.Time) time.Duration {
	wait := tick
	if next := Next(r.mem, r.snap, now, r.o.Settings); !next.IsZero() {
		wait = min(wait, max(next.Sub(now), 0))
	}
	if r.retrying() {
		wait = min(wait, max(r.again.Sub(now), 0))
	}
	return wait
}

func (r *runner) retrying() bool { return r.wanted != nil && r.tries > 0 && r.tries <= retries }

// display puts what is wanted on the screen, or counts one more try.
func (r *runner) display(ctx context.Context) {
	err := r.screen.show(ctx, *r.wanted)
	if err == nil {
		r.tries = 0
	} else {
		r.later()
		r.o.Log.Debug("a notification could not be shown", "summary", r.wanted.Summary, "try", r.tries, "error", err)
	}
	if r.wanted.Transient {
		r.wanted, r.tries = nil, 0 // gone by itself, or not worth a second try
	}
}

// answer acts on what came back from the screen.
func (r *runner) answer(ctx context.Context, a answer) {
	switch {
	case a.key == KeyDetails:
		if r.o.Details != nil {
			r.o.Details(a.token)
		}
	case (a.key == KeyRenew || a.key == KeySnooze) && !r.offers():
		r.o.Log.Debug("a button of a note that no longer holds was pressed", "key", a.key)
	case a.key == KeyRenew:
		r.o.Do(agent.Renew{ActivationToken: a.token})
		r.dismiss(ctx)
	case a.key == KeySnooze:
		r.mem = Snooze(r.mem, time.Now(), r.o.Settings)
		r.dismiss(ctx)
	case a.key == KeyRestart:
		r.restart()
	case a.closed:
		r.wanted, r.tries, r.mem.Visible = nil, 0, false
	case a.ready && r.wanted != nil:
		r.tries = 0
		r.display(ctx)
	case a.gone && r.wanted != nil:
		r.tries = 0
		r.later() // another server may be on its way
	}
}

// offers reports whether what a warning offers is still of use: its buttons may be pressed much later, in the
// list that some servers keep.
func (r *runner) offers() bool {
	level, theirs := judged(r.snap)
	return r.seen && !theirs && level != auth.OK
}

// later counts a try and sets the moment of the next.
func (r *runner) later() {
	r.again = time.Now().Round(0).Add(retryFirst << r.tries)
	r.tries++
}

// dismiss takes away an answered note; most servers have done so themselves.
func (r *runner) dismiss(ctx context.Context) {
	r.wanted, r.tries, r.mem.Visible = nil, 0, false
	r.screen.withdraw(ctx)
}

func (r *runner) tell(ctx context.Context, m Message) {
	n := Note{Summary: m.Summary, Body: m.Body, Urgency: Normal, Transient: true}
	if err := r.screen.tell(ctx, n); err != nil {
		r.o.Log.Info("a notice could not be shown", "summary", m.Summary, "error", err)
	}
}

func (r *runner) load() {
	if r.o.Load == nil {
		return
	}
	m, err := r.o.Load()
	if err != nil {
		r.o.Log.Warn("what was said before is not known; it may be said again", "error", err)
		return
	}
	m.Seen, m.Trying, m.Visible = false, false, false
	r.mem, r.saved = m, m
}

// save keeps what was decided, once the person could see it: a note that still waits for a screen
// must come again after a restart.
func (r *runner) save() {
	keep := r.mem
	keep.Seen, keep.Trying, keep.Visible = false, false, false
	if r.o.Save == nil || keep == r.saved || r.tries > 0 {
		return
	}
	if err := r.o.Save(keep); err != nil {
		r.o.Log.Warn("what was said could not be remembered", "error", err)
	}
	r.saved = keep // also after a failure: the next change tries again
}
