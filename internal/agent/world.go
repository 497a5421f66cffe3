package agent

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
	"aztray/internal/watch"
)

// NewWorld is the real world: az and its directory, and the engine with the covered containers.
func NewWorld(client auth.Client, engine containers.Options, covered containers.Selector) World {
	return &world{Client: client, options: engine, covered: covered}
}

type world struct {
	auth.Client
	options containers.Options
	covered containers.Selector
	engine  atomic.Pointer[containers.Engine] // once it was reached
}

func (w *world) ReadFiles(ctx context.Context) (auth.Files, error) { return w.Dir.Read(ctx) }

func (w *world) WatchFiles(ctx context.Context, changed func()) error {
	return w.Dir.Watch(ctx, changed)
}

func (w *world) SignInMoment(f auth.Files) time.Time { return w.Dir.SignInMoment(f) }

func (w *world) Skew() time.Duration { return auth.Skew(w.Silent.HTTP) }

func (w *world) WatchWake(ctx context.Context, woke func()) error { return watchWake(ctx, woke) }

func (w *world) AZProblem() *auth.Problem { return w.AZ.Problem() }

func (w *world) AZToken(ctx context.Context, tenant, scope string) (auth.Token, error) {
	return w.AZ.AccessToken(ctx, tenant, scope)
}

func (w *world) AskOpenAI(ctx context.Context, s openai.Settings, t auth.Token) openai.Result {
	return openai.Client{HTTP: w.Silent.HTTP}.Probe(ctx, s, t)
}

const (
	firstConnect = time.Second
	lastConnect  = time.Minute
)

// WatchContainers connects to the engine, trying again for as long as there is none, and then tells
// what happens.
func (w *world) WatchContainers(ctx context.Context, tell func(containers.Event)) error {
	for pause := firstConnect; ; pause = min(2*pause, lastConnect) {
		engine, err := containers.Connect(ctx, w.options)
		if err == nil {
			w.engine.Store(engine)
			return engine.Watch(ctx, w.covered, tell)
		}
		p, ok := errors.AsType[*auth.Problem](err)
		if !ok {
			return err
		}
		tell(containers.Event{Kind: containers.Lost, Problem: p})
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause - rand.N(pause/5)):
		}
	}
}

func (w *world) WatchHealth(ctx context.Context, urls []string, tell func(watch.Report)) {
	watch.Watch(ctx, urls, watch.Options{}, tell)
}

func (w *world) WatchLogs(ctx context.Context, c containers.Container, tell func(containers.Finding)) error {
	return w.engine.Load().WatchLogs(ctx, c, tell)
}

func (w *world) Deliver(ctx context.Context, c containers.Container, b auth.Bundle) containers.Status {
	return w.engine.Load().Deliver(ctx, c, b)
}

func (w *world) Withdraw(ctx context.Context, c containers.Container) containers.Status {
	return w.engine.Load().Withdraw(ctx, c)
}

func (w *world) Prepare(ctx context.Context, b auth.Bundle) error {
	return containers.Prepare(ctx, w.options, w.covered, w.engine.Load(), b)
}

// EngineHost is the first of the hosts that settings list; "" means the docker command's own.
func EngineHost(hosts []string) string { return cmp.Or(append(hosts, "")...) }
