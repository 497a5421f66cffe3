package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/cli"
	"aztray/internal/config"
	"aztray/internal/instance"
	"aztray/internal/shell"
)

// program is the agent and the parts around it, as the tray and serve share them. Each part has a file
// of its own; what only one of the two has is added by that one.
type program struct {
	settled
	options config.Options // where the settings are read anew
	client  auth.Client
	log     *slog.Logger
	state   string // the directory of what outlives a run
	agent   *agent.Agent
	newest  *newest
	page    *page
	parts   []part

	following []*following
	opened    chan struct{}       // the page's address was given to who opens it
	ask       chan struct{}       // to have the settings read anew
	taken     func(*auth.Problem) // is told when that was done, and why they are not in use; nil: nobody
}

// part runs until its context ends. When one ends before, the others go on without it.
type part struct {
	name string
	run  func(context.Context) error
}

// newProgram puts the parts together; none runs yet, so that each may still ask the agent for updates.
func newProgram(o config.Options, read config.Change, client auth.Client, log *slog.Logger) *program {
	client.AZ.Log = log
	set := settled{read.Settings, cli.NewEngines(read.Settings, client.StateDir), read.Err}
	p := &program{settled: set, options: o, client: client, log: log, state: client.StateDir,
		newest: &newest{}, page: &page{}, opened: make(chan struct{}, 1), ask: make(chan struct{}, 1)}
	p.agent = p.newAgent()
	p.part("agent", p.agent.Run)
	p.part("newest", p.newest.follow(p.agent.Updates()))
	p.part("settings", p.reload)
	p.part("sweep", p.sweep)
	seen := p.agent.Updates()
	p.follows("health", func(s config.Settings) any {
		if s.Health.Listen == "" {
			return nil
		}
		if s.Health.Listen == config.ListenAuto {
			return []any{s.Health, s.Engine.Hosts}
		}
		return s.Health
	}, func(ctx context.Context, p *program) error { return p.serveHealth(ctx, seen) })
	updates := p.agent.Updates()
	p.follows("endpoint", func(s config.Settings) any {
		if !s.Endpoint.Enabled {
			return nil
		}
		return []any{s.Endpoint, s.Containers, s.Engine, s.Azure.Scope}
	}, func(ctx context.Context, p *program) error { return p.endpoint(updates)(ctx) })
	p.follows("engine socket", func(s config.Settings) any {
		if !s.Engine.Socket {
			return nil
		}
		return s.Engine
	}, func(ctx context.Context, p *program) error { return p.engineSocket(ctx) })
	return p
}

func (p *program) part(name string, run func(context.Context) error) {
	p.parts = append(p.parts, part{name, run})
}

// run runs the parts for as long as main runs, which is called in the caller's own goroutine.
func (p *program) run(ctx context.Context, main func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	for _, part := range p.parts {
		running.Go(func() {
			if err := part.run(ctx); err != nil && ctx.Err() == nil {
				p.log.Error("a part has ended", "part", part.name, "err", err)
			}
		})
	}
	return main(ctx)
}

// newest keeps the last snapshot at hand for who asks now and then.
type newest struct{ atomic.Pointer[agent.Snapshot] }

func (n *newest) follow(updates <-chan agent.Snapshot) func(context.Context) error {
	return func(ctx context.Context) error {
		for {
			select {
			case <-ctx.Done():
				return nil
			case s := <-updates:
				n.Store(&s)
			}
		}
	}
}

// alone runs one, which gets the place that only one process of this person has, and the log. Where
// another has it, that one is asked to show itself, and there is a *runningAlready.
func alone(ctx context.Context, client auth.Client, one func(*instance.Instance, *slog.Logger) error) error {
	place, err := instance.Dir()
	if err != nil {
		return noPlace(err)
	}
	taken, err := instance.Acquire(place)
	if errors.Is(err, instance.ErrRunning) {
		status, err := instance.Show(ctx, place)
		if err != nil {
			return err
		}
		return &runningAlready{status}
	}
	if err != nil {
		return noPlace(err)
	}
	defer taken.Close()
	_ = instance.KeepPage(place, instance.PagePlace{}) // of one that crashed
	defer outliveStandardError()()
	log, file := newLog(os.Stderr, client.StateDir)
	defer file.Close()
	return one(taken, log)
}

// noPlace is why the place that only one process has can't be had.
func noPlace(err error) error {
	place, unknown := instance.Place()
	if unknown != nil {
		return unknown
	}
	reason := err
	if system, ok := errors.AsType[syscall.Errno](err); ok {
		reason = system
	}
	return &auth.Problem{Code: "NO_RUNTIME_DIRECTORY", Kind: auth.ConfigError, Err: err,
		Message: "aztray can't use the directory " + place + ", by which a second start finds the first: " + reason.Error() + ".",
		Advice:  "See whose it is, and take away what is in it: " + shell.Rights(place)}
}

// runningAlready says how the one stands that runs already.
type runningAlready struct{ status string }

func (r *runningAlready) Error() string { return "aztray is running already, " + r.status }
