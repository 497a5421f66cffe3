// Package agent owns the state: events come in, one immutable Snapshot goes out. What to do next is
// decided by pure functions; the work runs in goroutines whose results come back as events. It
// knows nothing of menus, notifications, HTTP or the command line.
package agent

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
	"aztray/internal/watch"
)

// Settings are what the agent goes by.
type Settings struct {
	TenantID       string          // an id or a domain; "" means az's current tenant
	SubscriptionID string          // "" means az's current subscription of the tenant
	Scope          string          // judged, and delivered
	Scopes         []string        // delivered besides
	SignInLifetime time.Duration   // where the organisation says so; 0 means not known
	LoginTimeout   time.Duration   // 0 means 5 minutes
	ProbeInterval  time.Duration   // silent renewals are never tried more often; 0 means 5 minutes
	Warn           time.Duration   // before the deadline; 0 means 30 minutes
	Stay           bool            // bare az stays where it is when the tenant is switched; false: it follows
	Endpoint       bool            // containers may take their tokens from the identity endpoint
	Socket         bool            // the engine socket is served
	Logs           bool            // containers' logs are read for failures of the credential
	HealthURLs     []string        // other services whose health is watched
	OpenAI         openai.Settings // the endpoint to ask; none where Endpoint is ""
	Engines        []string        // the engines, as containers.Event names them; none: the docker command's own
	StateFile      string          // what is learnt is kept there; "" means nowhere
	Held           *auth.Problem   // why these are not the person's own settings, so that no container is looked at; nil: they are
	Log            *slog.Logger    // nil means slog.Default()
}

// World is everything outside that the loop watches and has work done by. NewWorld is the real one;
// tests have one of their own in a bubble of made-up time. Every method blocks until it is done or
// ctx ends, and errors that a person can act on are *auth.Problem.
type World interface {
	ReadFiles(ctx context.Context) (auth.Files, error)
	FilesStamp() string // is another one when the files are
	WatchFiles(ctx context.Context, changed func()) error
	WatchMounts(ctx context.Context, changed func())  // tells when a credential changed in a directory that a container mounts
	SignInMoment(auth.Files) time.Time                // when the files say that the person signed in; zero where they do not
	Skew() time.Duration                              // our clock minus Entra's, as its last answer said
	WatchWake(ctx context.Context, woke func()) error // tells when the machine wakes; returns at once where nothing can tell
	AZProblem() *auth.Problem                         // nil while az can be run
	Token(ctx context.Context, f auth.Files, username, tenant, scope string) (auth.Token, error)
	AZToken(ctx context.Context, tenant, scope string) (auth.Token, error)
	SignIn(ctx context.Context, o auth.LoginOptions) (auth.Token, error)
	UseTenant(ctx context.Context, tenant, scope string, follow bool) (auth.Token, error)
	Tenants(ctx context.Context, f auth.Files) ([]auth.Tenant, error)
	AskOpenAI(ctx context.Context, s openai.Settings, t auth.Token) openai.Result
	WatchContainers(ctx context.Context, tell func(containers.Event)) error
	WatchHealth(ctx context.Context, urls []string, tell func(watch.Report))
	WatchLogs(ctx context.Context, c containers.Container, tell func(containers.Finding)) error
	Deliver(ctx context.Context, c containers.Container, b auth.Bundle) containers.Status
	Renew(ctx context.Context, c containers.Container, b auth.Bundle) containers.Status // Deliver; what is Unproved then, Confirm is to look at
	Confirm(ctx context.Context, c containers.Container) containers.Status
	Withdraw(ctx context.Context, c containers.Container) containers.Status
	Release(ctx context.Context, c containers.Container) containers.Status // takes back for good: it is no longer covered
	Restart(ctx context.Context, chosen []containers.Container, o containers.RestartOptions) []containers.Restart
	Verify(ctx context.Context, c containers.Container, want auth.Token) containers.Verified // has it obtain a token as its program would
	FindContainer(ctx context.Context, ref string) (containers.Container, bool, error)       // of the first engine; false: not covered, or none
	Uncovered(ctx context.Context) []containers.Uncovered                                    // running containers that look as if they need the credential and are not covered
	Question(ctx context.Context, c containers.Container) containers.Status                  // whether the person must be asked about one that nothing is delivered to
	Answer(c containers.Container, q containers.Question, allow bool) error                  // remembers what the person said about a container
	Prepare(ctx context.Context, b auth.Bundle) error                                        // for containers that are yet to be made; without tokens: takes it away
}

// Agent is the loop. Make it with New, read it by Updates, and Run it once.
type Agent struct {
	world   World
	outside atomic.Pointer[World] // the same, for who is not in the loop
	log     *slog.Logger
	events  chan event
	updates []chan Snapshot
	work    sync.WaitGroup
	state   *state
	logs    map[string]context.CancelFunc // by container id: ends the reading of its log
	cancel  context.CancelCauseFunc       // ends the sign-in under way

	watchers struct{ containers, health watcher } // those that follow the settings
}

// event is something that happened; apply says what is known after it.
type event interface{ apply(*state, time.Time) }

// maxEvents is how many events may wait; a full queue makes who sends wait.
const maxEvents = 64

// tick is how often the wall clock is looked at: timers stand still while a laptop sleeps.
const tick = 30 * time.Second

// New makes an agent; nothing runs yet.
func New(w World, set Settings) *Agent {
	set = withDefaults(set)
	a := &Agent{world: w, log: set.Log, events: make(chan event, maxEvents), state: newState(set, rand.Float64), logs: map[string]context.CancelFunc{}}
	a.outside.Store(&w)
	return a
}

func withDefaults(set Settings) Settings {
	set.LoginTimeout = cmp.Or(set.LoginTimeout, 5*time.Minute)
	set.ProbeInterval = cmp.Or(set.ProbeInterval, 5*time.Minute)
	set.Warn = cmp.Or(set.Warn, 30*time.Minute)
	set.Log = cmp.Or(set.Log, slog.Default())
	return set
}

// Updates gives every Snapshot from now on; a slow reader misses those in between, never the last.
// Call it before Run.
func (a *Agent) Updates() <-chan Snapshot {
	c := make(chan Snapshot, 1)
	a.updates = append(a.updates, c)
	return c
}

// Do takes what a person asked for. It may be called from anywhere while Run runs; it never blocks
// for long, and what comes when the agent is drowned in events is dropped with a line in the log.
func (a *Agent) Do(c Command) {
	select {
	case a.events <- asked{c}:
	case <-time.After(time.Second):
		a.log.Warn("too busy for a command", "command", c)
	}
}

// Run runs the loop until ctx ends, and ends everything that it started.
func (a *Agent) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer a.work.Wait()
	defer stop()
	kept := newKeeper(a.state.set.StateFile, a.log, func(m Memory) { a.send(ctx, leftBehind{m}) })
	kept.begin()
	a.state.load()
	go kept.run()
	defer kept.close()
	a.watch(ctx)
	wake := time.NewTimer(0)
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			stop()
			a.work.Wait()
			kept.put(a.state.memory())
			return nil
		case e := <-a.events:
			a.log.Debug("event", "event", eventName(e))
			was := a.state.set
			e.apply(a.state, time.Now().UTC())
			if c, ok := e.(configured); ok {
				a.reconfigure(ctx, c.c, was)
			}
			a.state.noteSignIns(time.Now().UTC())
			a.state.fixNow(time.Now().UTC())
			if p, ok := e.(prepared); ok && p.err != nil {
				a.log.Warn("the directories that containers mount are not all fresh", "err", p.err)
			}
		case <-wake.C:
		}
		now := time.Now()
		if slept(last, now) {
			a.log.Info("the clock jumped: judging afresh")
			a.state.awake(now.UTC())
		}
		last = now
		a.state.answer(now.UTC())
		p := next(a.state, now.UTC())
		a.state.release(now.UTC(), p.alike)
		a.start(ctx, p.jobs)
		kept.put(a.state.memory())
		a.publish(a.state.snapshot(now.UTC()))
		wake.Reset(min(p.wake.Sub(now.UTC()), tick))
	}
}

// slept reports whether the wall clock and the monotonic clock went apart: the machine slept, or
// somebody set the clock.
func slept(last, now time.Time) bool {
	apart := now.Round(0).Sub(last.Round(0)) - now.Sub(last)
	return apart.Abs() > 10*time.Second
}

// watch starts the watchers, whose news come as events.
func (a *Agent) watch(ctx context.Context) {
	a.work.Go(func() {
		err := a.world.WatchFiles(ctx, func() { a.send(ctx, filesChanged{}) })
		if err != nil {
			a.log.Warn("az's files are not watched", "err", err)
		}
	})
	a.work.Go(func() { a.world.WatchMounts(ctx, func() { a.send(ctx, mountsChanged{}) }) })
	a.work.Go(func() {
		if err := a.world.WatchWake(ctx, func() { a.send(ctx, woke{}) }); err != nil {
			a.log.Info("the clock alone tells when the machine wakes", "err", err)
		}
	})
	a.watchers.health = a.renewWatch(ctx, watcher{}, a.watchHealth)
	if a.state.set.Held == nil {
		a.watchers.containers = a.renewWatch(ctx, watcher{}, a.watchContainers)
	}
}

// send gives an event to the loop, or drops it when the loop has ended.
func (a *Agent) send(ctx context.Context, e event) {
	select {
	case a.events <- e:
	case <-ctx.Done():
	}
}

// start runs each job in a goroutine of its own; next bounds how many there are.
func (a *Agent) start(ctx context.Context, jobs []job) {
	w := a.world // the goroutines must not see it change
	for _, j := range jobs {
		switch j := j.(type) {
		case followJob:
			ctx, cancel := context.WithCancel(ctx)
			a.logs[j.c.ID] = cancel
			a.work.Go(func() {
				err := w.WatchLogs(ctx, j.c, func(f containers.Finding) { a.send(ctx, logSaid{f}) })
				if err != nil && ctx.Err() == nil {
					a.log.Info("a log cannot be read", "container", j.c.Name, "err", err)
				}
			})
			continue
		case unfollowJob:
			a.logs[j.id]()
			delete(a.logs, j.id)
			continue
		case cancelJob:
			if a.cancel != nil {
				a.cancel(auth.ErrCancelled)
			}
			continue
		case signInJob:
			loop := ctx // outlives the sign-in, to take its outcome
			ctx, cancel := context.WithCancelCause(loop)
			a.cancel = cancel
			a.work.Go(func() {
				defer cancel(nil)
				ctx, stop := context.WithTimeout(ctx, j.timeout)
				defer stop()
				a.send(loop, j.run(ctx, w))
			})
			continue
		}
		a.work.Go(func() { a.send(ctx, j.run(ctx, w)) })
	}
}

// publish leaves the newest snapshot for each reader, in place of one it did not take.
func (a *Agent) publish(s Snapshot) {
	for _, c := range a.updates {
		select {
		case <-c:
		default:
		}
		c <- s
	}
}
