package agent

import (
	"context"
	"maps"
	"slices"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/watch"
)

// Configured is what came of reading the settings anew while the agent runs. It loses nothing that is
// known, and a sign-in under way goes on as it was begun.
type Configured struct {
	Settings Settings
	World    World         // where the covered containers or the engines are others; nil: the one that there is
	Problem  *auth.Problem // why the settings can't be used: those that hold stay, and the snapshot says so
}

// Configure has the loop go by other settings. It blocks until the loop has taken them, or ctx ends.
func (a *Agent) Configure(ctx context.Context, c Configured) { a.send(ctx, configured{c}) }

type configured struct{ c Configured }

func (e configured) apply(s *state, now time.Time) {
	s.setProblem = e.c.Problem
	if e.c.Problem != nil {
		return
	}
	was, is := s.set, withDefaults(e.c.Settings)
	is.Log, is.StateFile = was.Log, was.StateFile
	s.set, s.scopeSet = is, is.Scope
	s.set.Scope = s.view().Scope()
	if was.TenantID != is.TenantID {
		s.chosen = "" // the file was written after the choice
	}
	if was.Scope != s.set.Scope || was.TenantID != is.TenantID || !slices.Equal(was.Scopes, is.Scopes) {
		s.takeDiskTokens()
		for tenant := range s.wanted() {
			g := s.sign(tenant)
			g.probeAt, g.tries, g.again = now, 0, g.probing
		}
	}
	if was.OpenAI != is.OpenAI {
		s.openai, s.openaiAt, s.openaiFailures = nil, time.Time{}, 0
	}
	s.keepEngines(is.Engines)
	for part, on := range map[string]bool{PartEndpoint: is.Endpoint, PartSocket: is.Socket} {
		if !on {
			delete(s.lacking, part) // it is served no more
		}
	}
}

// keepEngines forgets what was known of engines that are no longer followed; what the others have is
// listed anew.
func (s *state) keepEngines(hosts []string) {
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	maps.DeleteFunc(s.lost, func(host string, _ *auth.Problem) bool { return !slices.Contains(hosts, host) })
	maps.DeleteFunc(s.boxes, func(_ string, b *box) bool { return !slices.Contains(hosts, b.c.Engine) })
}

// reconfigure has the watchers watch what the settings now name. What an old one has still to say is
// said before the new one begins, so that the new list is the last word.
func (a *Agent) reconfigure(ctx context.Context, c Configured, was Settings) {
	if c.Problem != nil {
		return
	}
	if c.World != nil {
		a.world = c.World
		a.outside.Store(&c.World)
	}
	if c.World != nil || was.Held != nil {
		a.watchers.containers = a.renewWatch(ctx, a.watchers.containers, a.watchContainers)
	}
	if !slices.Equal(was.HealthURLs, a.state.set.HealthURLs) {
		a.watchers.health = a.renewWatch(ctx, a.watchers.health, a.watchHealth)
	}
}

// watcher is one that can be replaced.
type watcher struct {
	stop  context.CancelFunc
	ended chan struct{}
}

// renewWatch ends the old watcher and has another begin when it is gone.
func (a *Agent) renewWatch(ctx context.Context, old watcher, watch func(context.Context, World, Settings)) watcher {
	if old.stop != nil {
		old.stop()
	}
	ctx, stop := context.WithCancel(ctx)
	next := watcher{stop, make(chan struct{})}
	world, set := a.world, a.state.set
	a.work.Go(func() {
		defer close(next.ended)
		if old.ended != nil {
			<-old.ended
		}
		watch(ctx, world, set)
	})
	return next
}

func (a *Agent) watchContainers(ctx context.Context, w World, _ Settings) {
	err := w.WatchContainers(ctx, func(e containers.Event) { a.send(ctx, containerEvent{e}) })
	if err != nil && ctx.Err() == nil {
		a.log.Warn("containers are not watched", "err", err)
	}
}

func (a *Agent) watchHealth(ctx context.Context, w World, set Settings) {
	if len(set.HealthURLs) > 0 {
		w.WatchHealth(ctx, set.HealthURLs, func(r watch.Report) { a.send(ctx, healthSaid{r}) })
	}
}
