package notify

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
)

// paper is a surface that writes down what it is asked.
type paper struct {
	mu    sync.Mutex
	lines []string
	down  bool // there is no desktop
	ch    chan event
	says  answer // what the next event means
}

func (p *paper) write(line string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		line = "(no desktop)"
	}
	p.lines = append(p.lines, time.Now().UTC().Format("15:04:05 ")+line)
	if p.down {
		return errors.New("no desktop")
	}
	return nil
}

func (p *paper) show(_ context.Context, n Note) error { return p.write(n.Summary) }
func (p *paper) tell(_ context.Context, n Note) error { return p.write("notice: " + n.Summary) }
func (p *paper) withdraw(context.Context)             { p.write(withdraw) }
func (p *paper) events() <-chan event                 { return p.ch }
func (p *paper) take(context.Context, event) answer   { return p.says }
func (p *paper) close()                               {}

// answers makes an answer come in, as the desktop would.
func (p *paper) answers(a answer) {
	p.says = a
	p.ch <- event{}
	synctest.Wait()
}

func (p *paper) set(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

type bench struct {
	*paper
	updates chan agent.Snapshot
	tell    chan Message
	change  chan Settings
	done    []agent.Command
	saved   []Memory
	t       *testing.T
}

// start runs Run's loop on paper, within a synctest bubble, whose clock begins at midnight UTC of
// 2000-01-01.
func start(t *testing.T, remembered Memory) *bench {
	b := &bench{paper: &paper{ch: make(chan event)}, updates: make(chan agent.Snapshot), tell: make(chan Message), change: make(chan Settings), t: t}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	o := Options{
		Updates: b.updates, Tell: b.tell, Change: b.change, Log: slog.New(slog.DiscardHandler),
		Do:   func(c agent.Command) { b.done = append(b.done, c) },
		Load: func() (Memory, error) { return remembered, nil },
		Save: func(m Memory) error { b.saved = append(b.saved, m); return nil },
	}
	go func() { ended <- run(ctx, o, b.paper) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
	return b
}

func (b *bench) wrote(want ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !reflect.DeepEqual(b.lines, want) {
		b.t.Errorf("the screen got\n%q\nwant\n%q", b.lines, want)
	}
}

func (b *bench) send(s agent.Snapshot) {
	b.updates <- s
	synctest.Wait()
}

func in(d time.Duration) time.Time { return time.Now().Add(d).UTC() }

func TestRunClimbsTheLadderWithOneSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Memory{})
		s := snap(auth.Expiring, in(30*time.Minute))
		b.send(s)
		time.Sleep(time.Hour)
		synctest.Wait()
		says := "Azure sign-in ends at " + s.Deadline.Local().Format("15:04")
		b.wrote("00:00:00 "+says, "00:20:00 "+says, "00:28:00 "+says)
	})
}

func TestRunPassesTheClickOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Memory{})
		b.send(snap(auth.SignedOut, time.Time{}))
		b.answers(answer{key: KeyRenew, token: "leave"})
		b.wrote("00:00:00 Not signed in to Azure", "00:00:00 "+withdraw)
		if want := []agent.Command{agent.Renew{ActivationToken: "leave"}}; !reflect.DeepEqual(b.done, want) {
			t.Errorf("did %v, want %v", b.done, want)
		}
	})
}

func TestRunSnoozes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Memory{})
		b.send(snap(auth.Expired, in(-time.Minute)))
		b.answers(answer{key: KeySnooze})
		time.Sleep(16 * time.Minute)
		synctest.Wait()
		b.wrote("00:00:00 Containers have lost Azure access", "00:00:00 "+withdraw, "00:15:00 Containers have lost Azure access")
		if len(b.done) != 0 {
			t.Errorf("did %v", b.done)
		}
	})
}

func TestRunShowsAgainWhatANewServerDoesNotHave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Memory{})
		b.send(snap(auth.Expired, in(-time.Minute)))
		b.answers(answer{gone: true})
		b.answers(answer{ready: true})
		b.answers(answer{closed: true})
		b.answers(answer{ready: true}) // closed by hand: it stays away
		b.wrote("00:00:00 Containers have lost Azure access", "00:00:00 Containers have lost Azure access")
	})
}

func TestRunTriesAFewTimesAndThenWaitsForAServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Memory{})
		b.set(true)
		b.send(snap(auth.SignedOut, time.Time{}))
		time.Sleep(time.Hour)
		synctest.Wait()
		b.wrote("00:00:00 (no desktop)", "00:00:02 (no desktop)", "00:00:06 (no desktop)",
			"00:00:14 (no desktop)", "00:00:30 (no desktop)", "00:01:02 (no desktop)")
		if len(b.saved) != 0 {
			t.Errorf("remembered %+v, which nobody saw", b.saved)
		}
		b.set(false)
		b.answers(answer{ready: true})
		if last := b.lines[len(b.lines)-1]; last != "01:00:00 Not signed in to Azure" {
			t.Errorf("the new server shows %q", last)
		}
		if len(b.saved) != 1 || b.saved[0].Stage != signedOut {
			t.Errorf("remembered %+v", b.saved)
		}
	})
}

func TestRunRemembersAcrossARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := snap(auth.Expiring, in(20*time.Minute))
		first := start(t, Memory{})
		first.send(s)
		second := start(t, first.saved[len(first.saved)-1])
		second.send(s)
		second.wrote()
	})
}

func TestRunTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Memory{})
		b.tell <- Message{Summary: "aztray is running, in the tray"}
		synctest.Wait()
		b.wrote("00:00:00 notice: aztray is running, in the tray")
	})
}

func TestRunGoesByOtherSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Memory{})
		s := snap(auth.Expiring, in(30*time.Minute))
		b.send(s)
		b.change <- Settings{Warn: []time.Duration{30 * time.Minute, 15 * time.Minute}}
		time.Sleep(time.Hour)
		synctest.Wait()
		says := "Azure sign-in ends at " + s.Deadline.Local().Format("15:04")
		b.wrote("00:00:00 "+says, "00:15:00 "+says)
	})
}
