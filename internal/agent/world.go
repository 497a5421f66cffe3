package agent

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"aztray/internal/auth"
	"aztray/internal/cluster"
	"aztray/internal/containers"
	"aztray/internal/openai"
	"aztray/internal/watch"
)

// NewWorld is the real world: az and its directory, and the engines with the covered containers.
func NewWorld(client auth.Client, engines *cluster.Engines, covered containers.Selector) World {
	return &world{Client: client, engines: engines, covered: covered}
}

type world struct {
	auth.Client
	engines *cluster.Engines
	covered containers.Selector
}

func (w *world) FilesStamp() string { return w.Dir.Stamp() }

func (w *world) ReadFiles(ctx context.Context) (auth.Files, error) { return w.Dir.Read(ctx) }

func (w *world) WatchFiles(ctx context.Context, changed func()) error {
	w.Dir.Watch(ctx, changed, func(err error) {
		cmp.Or(w.AZ.Log, slog.Default()).Info("the system tells nothing of az's files: they are looked at every half minute", "err", err)
	})
	return nil
}

func (w *world) WatchMounts(ctx context.Context, changed func()) { w.engines.WatchMounts(ctx, changed) }

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

func (w *world) WatchContainers(ctx context.Context, tell func(containers.Event)) error {
	return w.engines.Watch(ctx, w.covered, tell)
}

func (w *world) WatchHealth(ctx context.Context, urls []string, tell func(watch.Report)) {
	watch.Watch(ctx, urls, watch.Options{}, tell)
}

func (w *world) WatchLogs(ctx context.Context, c containers.Container, tell func(containers.Finding)) error {
	return w.engines.WatchLogs(ctx, c, tell)
}

func (w *world) Deliver(ctx context.Context, c containers.Container, b auth.Bundle) containers.Status {
	return w.engines.Deliver(ctx, c, b)
}

func (w *world) Renew(ctx context.Context, c containers.Container, b auth.Bundle) containers.Status {
	return w.engines.Renew(ctx, c, b)
}

func (w *world) Confirm(ctx context.Context, c containers.Container) containers.Status {
	return w.engines.Confirm(ctx, c)
}

func (w *world) Withdraw(ctx context.Context, c containers.Container) containers.Status {
	return w.engines.Withdraw(ctx, c)
}

func (w *world) Release(ctx context.Context, c containers.Container) containers.Status {
	return w.engines.Release(ctx, c)
}

func (w *world) Uncovered(ctx context.Context) []containers.Uncovered {
	return w.engines.Uncovered(ctx, w.covered)
}

func (w *world) Question(ctx context.Context, c containers.Container) containers.Status {
	return w.engines.Question(ctx, c)
}

func (w *world) Answer(c containers.Container, q containers.Question, allow bool) error {
	return w.engines.Answer(c, q, allow)
}

func (w *world) Restart(ctx context.Context, chosen []containers.Container, o containers.RestartOptions) []containers.Restart {
	return w.engines.Restart(ctx, chosen, o)
}

func (w *world) Verify(ctx context.Context, c containers.Container, want auth.Token) containers.Verified {
	return w.engines.Verify(ctx, c, want)
}

func (w *world) FindContainer(ctx context.Context, ref string) (containers.Container, bool, error) {
	return w.engines.Find(ctx, w.covered, ref)
}

func (w *world) Prepare(ctx context.Context, b auth.Bundle) error {
	return w.engines.Prepare(ctx, w.covered, b)
}
