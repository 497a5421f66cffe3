package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/config"
	"aztray/internal/instance"
	"aztray/internal/notify"
	"aztray/internal/tray"
)

// runTray is the agent with a face: it runs until the person quits, ctx ends or the desktop goes.
func runTray(ctx context.Context, o config.Options, read config.Change, client auth.Client) error {
	if err := tray.Available(); err != nil {
		return err
	}
	err := alone(ctx, client, func(one *instance.Instance, log *slog.Logger) error {
		return newDesktop(newProgram(o, read, client, log), one).run(ctx)
	})
	if r, ok := errors.AsType[*runningAlready](err); ok {
		fmt.Println(r.Error())
		return nil
	}
	return err
}

// desktop is the program with an icon, a menu and notifications.
type desktop struct {
	*program
	updates <-chan agent.Snapshot
	show    chan struct{}       // a second start asks where this one is
	details chan string         // a click on a notification, with the compositor's leave
	tell    chan notify.Message // what the tray cannot show itself
	grounds chan tray.Ground    // the setting tray.icon, when it changes
}

func newDesktop(p *program, one *instance.Instance) *desktop {
	d := &desktop{program: p, updates: p.agent.Updates(), show: make(chan struct{}, 1), details: make(chan string, 1), tell: make(chan notify.Message, 8),
		grounds: make(chan tray.Ground, 1)}
	warnings := make(chan notify.Settings, 1)
	p.part("notify", p.notifications(p.agent.Updates(), d.tell, d.showDetails, warnings))
	p.follows("warnings", func(s config.Settings) any { return s.Notify }, func(ctx context.Context, p *program) error {
		return give(ctx, warnings, notifySettings(p.set))
	})
	p.follows("icon", func(s config.Settings) any { return s.Tray }, func(ctx context.Context, p *program) error {
		ground, err := tray.ParseGround(p.set.Tray.Icon)
		if err != nil {
			return err
		}
		return give(ctx, d.grounds, ground)
	})
	p.part("instance", func(ctx context.Context) error { return one.Serve(ctx, d.answers(d.shown)) })
	p.localAPI(d.shown)
	p.taken = d.settingsRead
	return d
}

// give hands v over, unless it is too late for it.
func give[T any](ctx context.Context, to chan<- T, v T) error {
	select {
	case to <- v:
	case <-ctx.Done():
	}
	return nil
}

// settingsRead tells the person once of settings that can't be used; the menu keeps saying so.
func (d *desktop) settingsRead(p *auth.Problem) {
	if p != nil {
		d.notice(p)
	}
}

// run is for the main goroutine, which the tray needs.
func (d *desktop) run(ctx context.Context) error {
	ground, err := tray.ParseGround(d.set.Tray.Icon)
	if err != nil {
		return err
	}
	d.settingsRead(d.settingsProblem(d.unread))
	return d.program.run(ctx, func(ctx context.Context) error {
		return tray.Run(ctx, tray.Options{Updates: d.updates, Do: d.agent.Do, Page: d.openPage, Open: openBrowser,
			Ground: ground, Grounds: d.grounds, Show: d.show, Details: d.details,
			Notice: d.notice, Log: d.log})
	})
}

// shown makes this instance show itself, and says how things stand.
func (d *desktop) shown() string {
	select {
	case d.show <- struct{}{}:
	default:
	}
	return "in the tray: " + d.newest.title()
}

// showDetails has the tray show the details; a click while it does so already is the same one.
func (d *desktop) showDetails(leave string) {
	select {
	case d.details <- leave:
	default:
	}
}

// title is the newest snapshot in one line.
func (n *newest) title() string {
	s := n.Load()
	if s == nil {
		return "starting"
	}
	return tray.Menu(*s, time.Now(), tray.SystemClock()).Title
}

// notice passes on what the tray cannot show itself.
func (d *desktop) notice(p *auth.Problem) {
	d.log.Info(p.Message, "code", p.Code)
	select {
	case d.tell <- notify.Message{Summary: p.Message, Body: p.Advice}:
	default:
	}
}
