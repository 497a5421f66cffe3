package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/browser"
	"aztray/internal/config"
	"aztray/internal/containers"
	"aztray/internal/health"
	"aztray/internal/instance"
	"aztray/internal/session"
)

// serveHealth serves the health API and the status page until ctx ends.
func (p *program) serveHealth(ctx context.Context, updates <-chan agent.Snapshot) error {
	lacks := func(ctx context.Context, problem *auth.Problem) { p.agent.Lacks(ctx, "health", problem) }
	o := health.Options{Listen: p.set.Health.Listen, Version: version, Updates: updates, Do: p.agent.Do, Lacks: lacks,
		Watched: p.set.Health.Watch, Log: p.log, At: p.pageAt}
	if p.set.Health.AutoFix == "browser" {
		o.Unlocked = session.Unlocked
	}
	if s := p.newest.Load(); s != nil {
		o.First = *s
	}
	server := health.New(o)
	p.page.Store(server)
	defer func() { // with other settings what it lacked may be there
		p.page.Store(nil)
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer stop()
		lacks(ctx, nil)
	}()
	if p.set.Health.Listen != config.ListenAuto {
		return server.Run(ctx)
	}
	ctx, stop := context.WithCancel(ctx)
	var ports sync.WaitGroup
	defer ports.Wait()
	defer stop()
	ports.Go(func() {
		p.engines.WatchPorts(ctx, server.Created, func(ports containers.Ports) { server.Published(ports) })
	})
	return server.Run(ctx)
}

// pageAt notes where the page is, for the agent and for the person's other commands.
func (p *program) pageAt(ctx context.Context, at health.Place) {
	p.agent.PageAt(ctx, agent.Page(at))
	dir, err := instance.Place()
	if err == nil {
		err = instance.KeepPage(dir, instance.PagePlace(at))
	}
	if err != nil {
		p.log.Warn("other commands are not told where the status page is", "err", err)
	}
}

// page is the status page, where one is served.
type page struct{ atomic.Pointer[health.Server] }

// open is the page's address with the key by which its buttons work, for the person's browser alone; "" while there
// is none.
func (p *page) open() string {
	if s := p.Load(); s != nil {
		return s.Open()
	}
	return ""
}

// answers are what this instance says to the person's other commands.
func (p *program) answers(show func() string) instance.Answers {
	return instance.Answers{Show: show, Page: p.openPage}
}

// openPage gives the page's address to somebody who is about to open it.
func (p *program) openPage() string {
	select {
	case p.opened <- struct{}{}:
	default:
	}
	return p.page.open()
}

// openBrowser opens an address in the person's browser.
func openBrowser(address, leave string) error {
	dir, err := instance.Dir()
	if err != nil {
		return err
	}
	return browser.Open(dir, address, leave)
}

// sweep takes away the files that lead a browser to the page, each when its time is over.
func (p *program) sweep(ctx context.Context) error {
	dir, err := instance.Dir()
	if err != nil {
		return err
	}
	due := time.NewTimer(0) // those of an earlier run
	for {
		select {
		case <-ctx.Done():
			browser.Sweep(dir, time.Now().Add(browser.Life))
			return nil
		case <-p.opened:
			due.Reset(browser.Life + time.Second)
		case <-due.C:
			browser.Sweep(dir, time.Now())
		}
	}
}
