//go:build linux || windows || (darwin && cgo)

package tray

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"fyne.io/systray"

	"aztray/internal/agent"
	"aztray/internal/auth"
)

// readyWithin is how long the system may take to make the icon. Windows gives up without a word when
// its shell is not up yet.
const readyWithin = 15 * time.Second

// Run shows the tray until ctx ends or the person chooses Quit, and then returns nil. It must be
// called from the main goroutine, once in a process. It returns a *auth.Problem where there is no
// desktop session to show a tray in, or when that goes away.
func Run(ctx context.Context, o Options) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	h, err := openHost(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	b := newPanel(o, h, stop)
	prepare(iconBytes(auth.Unknown, NoLife, o.Ground))

	ready := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() { // systray may only be stopped once nothing calls it any more
		select {
		case <-ready:
			b.loop(ctx)
		case <-time.After(readyWithin):
			stop(problemNotReady())
		}
		systray.Quit()
	})
	systray.Run(func() {
		b.build(ctx)
		close(ready)
	}, nil)
	stop(nil)
	ended.Wait()
	b.listeners.Wait()
	if p, ok := context.Cause(ctx).(*auth.Problem); ok {
		return p
	}
	return nil
}

// panel is what is on the panel. All but the listeners runs in one goroutine, for systray's items
// have no lock.
type panel struct {
	o    Options
	host *host
	stop context.CancelCauseFunc
	log  *slog.Logger

	lines               []*slot
	renew, cancel       *slot
	tenants, containers *subslots
	clicks              chan *slot
	listeners           sync.WaitGroup
	copying             chan struct{} // holds one while the clipboard is being written
	now                 agent.Snapshot
	known               bool // now was received
	title               string
	level               auth.Level
	steps               int
}

// slot is one line of the menu. systray can neither insert nor safely remove lines, so there is a
// slot for each that may be needed, hidden while it is not.
type slot struct {
	item  *systray.MenuItem
	is    Item
	local func() // what a click does here, without the agent
}

// subslots is a submenu, which grows at its end.
type subslots struct {
	head *slot
	tick bool
	subs []*slot
}

func newPanel(o Options, h *host, stop context.CancelCauseFunc) *panel {
	o.HostGrace = cmp.Or(o.HostGrace, 10*time.Second)
	if o.Clock == nil {
		c := SystemClock()
		o.Clock = &c
	}
	if o.Notice == nil {
		o.Notice = func(*auth.Problem) {}
	}
	return &panel{o: o, host: h, stop: stop, log: cmp.Or(o.Log, slog.Default()),
		clicks: make(chan *slot, 16), copying: make(chan struct{}, 1), steps: -1}
}

// build makes the lines, in their order, and hides most of them.
func (b *panel) build(ctx context.Context) {
	for range maxLines {
		b.lines = append(b.lines, b.slot(ctx, nil, false))
	}
	systray.AddSeparator()
	b.renew = b.slot(ctx, nil, false)
	b.cancel = b.slot(ctx, nil, false)
	b.tenants = b.subslots(ctx, true)
	b.containers = b.subslots(ctx, false)
	systray.AddSeparator()
	b.set(b.local(ctx, func() { b.showDetails("") }), Item{Text: sayShow})
	b.set(b.local(ctx, b.copyDetails), Item{Text: sayCopy})
	b.set(b.local(ctx, func() { b.stop(nil) }), Item{Text: sayQuit})
	if !b.known {
		b.set(b.lines[0], Item{Text: sayStarting})
		systray.SetTooltip(sayStarting)
	}
}

// rebuild makes the menu anew while no panel shows it. The library that XFCE, Cinnamon and others
// read menus with leaves submenus empty unless a new menu is first told without them; systray does
// that for the first panel, and again only for a menu that was reset. Lines are removed nowhere
// else: a click on one that goes would end the program.
func (b *panel) rebuild(ctx context.Context) {
	systray.ResetMenu()
	b.lines = nil
	b.build(ctx)
	b.log.Debug("the menu is made anew for the next panel")
}

// slot makes a hidden line and passes its clicks on. systray drops a click when nobody is
// receiving, so each line has somebody who always is.
func (b *panel) slot(ctx context.Context, parent *slot, tick bool) *slot {
	s := &slot{}
	switch {
	case parent == nil:
		s.item = systray.AddMenuItem("", "")
	case tick:
		s.item = parent.item.AddSubMenuItemCheckbox("", "", false)
	default:
		s.item = parent.item.AddSubMenuItem("", "")
	}
	s.item.Hide()
	b.listeners.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case _, ok := <-s.item.ClickedCh:
				if !ok { // the line was removed
					return
				}
			}
			select {
			case <-ctx.Done():
			case b.clicks <- s:
			}
		}
	})
	return s
}

func (b *panel) local(ctx context.Context, do func()) *slot {
	s := b.slot(ctx, nil, false)
	s.local = do
	return s
}

// subslots makes a submenu with one line: a line becomes a submenu with its first child.
func (b *panel) subslots(ctx context.Context, tick bool) *subslots {
	head := b.slot(ctx, nil, false)
	head.item.Show() // Windows can't make a submenu of a line that is not in the menu
	m := &subslots{head: head, tick: tick, subs: []*slot{b.slot(ctx, head, tick)}}
	head.item.Hide()
	return m
}

// loop shows what arrives until ctx ends.
func (b *panel) loop(ctx context.Context) {
	if err := b.host.awaitItem(ctx); err != nil && ctx.Err() == nil {
		b.log.Warn("the tray icon did not appear on the bus", "err", err)
	}
	minute := time.NewTimer(untilMinute(time.Now()))
	watch := newHostWatch(ctx, b)
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.host.lost():
			if ctx.Err() == nil {
				b.stop(problemBusLost(nil))
			}
			return
		case s, ok := <-b.o.Updates:
			if !ok {
				b.o.Updates = nil // never ready again
				continue
			}
			b.now, b.known = s, true
		case b.o.Ground = <-b.o.Grounds:
			b.steps = -1 // drawn anew
		case <-systray.TrayOpenedCh:
			b.o.Do(agent.MenuOpened{})
		case <-minute.C:
			minute.Reset(untilMinute(time.Now()))
		case s := <-b.clicks:
			b.clicked(s)
		case leave := <-b.o.Details:
			b.showDetails(leave)
		case <-b.o.Show:
			b.o.Notice(watch.whereItIs())
		case change := <-b.host.changes():
			watch.look(ctx)
			if panelLost(change) {
				b.rebuild(ctx)
			}
		case <-watch.grace.C:
			watch.missed()
		}
		b.render(ctx, time.Now())
	}
}

// untilMinute is how long it is to the next full minute, when relative times read differently.
func untilMinute(now time.Time) time.Duration {
	return now.Truncate(time.Minute).Add(time.Minute).Sub(now)
}

// render makes the panel show the model; what is shown already is not sent again, for at every
// change the panel fetches the whole menu anew.
func (b *panel) render(ctx context.Context, now time.Time) {
	if !b.known {
		return
	}
	m := Menu(b.now, now, *b.o.Clock)
	if steps := quantise(m.Life); m.Level != b.level || steps != b.steps {
		b.level, b.steps = m.Level, steps
		systray.SetIcon(iconBytes(m.Level, m.Life, b.o.Ground))
	}
	b.tooltip(m.Title)
	for i, s := range b.lines {
		it := Item{}
		if i < len(m.Lines) {
			it.Text = m.Lines[i]
		}
		b.set(s, it)
	}
	b.set(b.renew, m.Renew)
	b.set(b.cancel, m.Cancel)
	b.setSubmenu(ctx, b.tenants, m.Tenants)
	b.setSubmenu(ctx, b.containers, m.Containers)
}

func (b *panel) tooltip(s string) {
	if s == b.title {
		return
	}
	b.title = s
	setTitle(s)
	systray.SetTooltip(s)
}

func (b *panel) setSubmenu(ctx context.Context, m *subslots, want Submenu) {
	b.set(m.head, Item{Text: want.Text})
	for len(m.subs) < len(want.Items) {
		m.subs = append(m.subs, b.slot(ctx, m.head, m.tick))
	}
	for i, s := range m.subs {
		it := Item{}
		if i < len(want.Items) {
			it = want.Items[i]
		}
		b.set(s, it)
	}
}

// set makes a slot show an item. On Windows every change of a hidden line shows it, so a line that
// is to be hidden is not changed.
func (b *panel) set(s *slot, it Item) {
	was := s.is
	s.is = it
	switch {
	case it.Text == "" && was.Text == "":
		return
	case it.Text == "":
		s.item.Hide()
		return
	}
	if it.Text != was.Text {
		s.item.SetTitle(escape(it.Text))
	}
	if it.Disabled != s.item.Disabled() {
		if it.Disabled {
			s.item.Disable()
		} else {
			s.item.Enable()
		}
	}
	if it.Ticked != s.item.Checked() {
		if it.Ticked {
			s.item.Check()
		} else {
			s.item.Uncheck()
		}
	}
	if was.Text == "" {
		s.item.Show()
	}
}

// clicked does what the line says at this moment.
func (b *panel) clicked(s *slot) {
	switch {
	case s.local != nil:
		s.local()
	case s.is.Command != nil && !s.is.Disabled:
		b.log.Debug("chosen in the menu", "item", s.is.Text)
		b.o.Do(s.is.Command)
	}
	if s.is.Ticked { // some panels move the tick by themselves
		s.item.Check()
	}
}

// copyDetails works in the background, one at a time: the clipboard's tool may be slow.
func (b *panel) copyDetails() {
	select {
	case b.copying <- struct{}{}:
	default:
		return
	}
	text := Details(b.now, time.Now())
	go func() {
		defer func() { <-b.copying }()
		if p := toClipboard(text); p != nil {
			b.log.Warn(p.Message, "code", p.Code, "err", p.Err)
			b.o.Notice(p)
		}
	}()
}
