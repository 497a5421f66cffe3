//go:build windows || darwin

package notify

import (
	"context"
	"errors"
	"log/slog"

	"github.com/gen2brain/beeep"
)

// event never comes: beeep's notifications answer nothing.
type event struct{}

var errBusy = errors.New("the desktop has not taken the notifications before this one yet")

// toaster shows notes by beeep: no buttons, no replacing, no taking away.
type toaster struct {
	icon string
	log  *slog.Logger
	ch   chan Note
	done chan struct{}
}

func newSurface(_ context.Context, icon string, log *slog.Logger) surface {
	beeep.AppName = "aztray"
	t := &toaster{icon: icon, log: log, ch: make(chan Note, 4), done: make(chan struct{})}
	go t.work() // not waited for at the end: a desktop that hangs must not keep us
	return t
}

// work calls beeep, which takes no context and may take seconds.
func (t *toaster) work() {
	for {
		select {
		case <-t.done:
			return
		case n := <-t.ch:
			body := n.Body
			if len(n.Buttons) > 0 {
				body = sentences(body, n.NoButtons)
			}
			if err := beeep.Notify(harmless(n.Summary), harmless(body), t.icon); err != nil {
				t.log.Warn("a notification could not be shown", "summary", n.Summary, "error", err)
			}
		}
	}
}

func (t *toaster) show(_ context.Context, n Note) error {
	select {
	case t.ch <- n:
		return nil
	default:
		return errBusy
	}
}

func (t *toaster) tell(ctx context.Context, n Note) error     { return t.show(ctx, n) }
func (t *toaster) withdraw(context.Context)                   {}
func (t *toaster) events() <-chan event                       { return nil }
func (t *toaster) take(_ context.Context, _ event) (a answer) { return a }
func (t *toaster) close()                                     { close(t.done) }
