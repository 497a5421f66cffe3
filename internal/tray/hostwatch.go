//go:build linux || windows || (darwin && cgo)

package tray

import (
	"context"
	"time"

	"aztray/internal/auth"
)

// hostWatch reports, once, that no panel takes the icon, and notices when one does. systray puts the
// icon there by itself.
type hostWatch struct {
	panel   *panel
	present bool
	told    bool
	grace   *time.Timer // runs while no panel is there and nobody was told
}

func newHostWatch(ctx context.Context, b *panel) *hostWatch {
	w := &hostWatch{panel: b, present: b.host.there(ctx), grace: time.NewTimer(b.o.HostGrace)}
	if w.present {
		w.grace.Stop()
	}
	return w
}

// look is called when a panel may have come or gone.
func (w *hostWatch) look(ctx context.Context) {
	switch is := w.panel.host.there(ctx); {
	case is:
		if !w.present {
			w.panel.log.Info("a panel takes the tray icon")
		}
		w.grace.Stop()
		w.present = true
	case w.present:
		w.panel.log.Info("the panel that took the tray icon is gone")
		w.present = false
		w.grace.Reset(w.panel.o.HostGrace)
	}
}

// missed is called when the time of grace is over.
func (w *hostWatch) missed() {
	if w.present || w.told {
		return
	}
	w.told = true
	p := problemNoHost()
	w.panel.log.Warn(p.Message, "code", p.Code)
	w.panel.o.Notice(p)
}

// whereItIs answers a second start.
func (w *hostWatch) whereItIs() *auth.Problem {
	if !w.present {
		return problemNoHost()
	}
	return problemShown(w.panel.title)
}
