package main

import (
	"context"
	"sync/atomic"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/health"
)

// serveHealth serves the health API and the status page until ctx ends.
func (p *program) serveHealth(ctx context.Context, updates <-chan agent.Snapshot) error {
	lacks := func(ctx context.Context, problem *auth.Problem) { p.agent.Lacks(ctx, "health", problem) }
	o := health.Options{Listen: p.set.Health.Listen, Version: version, Updates: updates, Do: p.agent.Do, Lacks: lacks,
		Watched: p.set.Health.Watch, Log: p.log}
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
	return server.Run(ctx)
}

// page is the status page, where one is served.
type page struct{ atomic.Pointer[health.Server] }

// open is an address for the person's browser alone, which opens it once with what it takes to answer; ""
// while there is none.
func (p *page) open() string {
	if s := p.Load(); s != nil {
		return s.Open()
	}
	return ""
}
