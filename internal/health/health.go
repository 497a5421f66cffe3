// Package health answers on loopback how things stand: as JSON for scripts and other services, as
// metrics for Prometheus, and as the status page. It shows Snapshots of the agent and hands what is
// asked for back as Commands. It decides nothing about the sign-in, holds no token, and knows neither
// az, Docker nor the files. Loopback is no boundary against web pages, so that each request is looked
// at in guard.go first.
package health

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"aztray/internal/agent"
	"aztray/internal/auth"
)

// Options is what New needs: the first five.
type Options struct {
	Listen  string // a loopback address with a port, or config.ListenAuto: then Published is to be called
	Version string
	Updates <-chan agent.Snapshot
	Do      func(agent.Command)
	Lacks   func(context.Context, *auth.Problem) // is told why it cannot serve; nil when it can again
	First   agent.Snapshot                       // what is shown until there is an update; the zero one: nothing is known
	Watched []string                             // URLs of other services' health, which the agent watches
	Retry   time.Duration                        // before a port that was taken is tried again, and longer each time; 0 means 30 s
	// Unlocked reports whether somebody is at the desktop; where it is not, auto_fix and auth-renew open no browser.
	// nil: nobody ever is.
	Unlocked func(context.Context) bool
	Log      *slog.Logger // nil means slog.Default()
	// At is told where it serves, and a zero Place when it does no more; nil: nobody is.
	At func(context.Context, Place)

	first uint16 // port that is tried where the address is left to us; 0 means 8000
}

// Server is the API and the page. Make it with New and Run it once.
type Server struct {
	o       Options
	log     *slog.Logger
	now     feed
	started time.Time
	signed  signed // what is asked for by the page
	limit   *rate.Limiter
	asking  asking
	tries   atomic.Int32 // to listen
	waiting atomic.Int32 // who wait for a renewal now
	where   place
	claims  claims
	why     string // it is not at the first port; like told, of the goroutine that serves
	told    Place
}

const (
	renewalsAtOnce = 3               // that may follow each other without a pause
	renewalEvery   = 5 * time.Minute // and then one each: a browser that nobody answers waits as long
)

// New makes a server; nothing listens yet.
func New(o Options) *Server {
	s := &Server{o: o, log: o.Log, started: time.Now(), signed: signed{key: rand.Text()}, // 130 random bits

		limit: rate.NewLimiter(rate.Every(renewalEvery), renewalsAtOnce)}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.claims.changed = make(chan struct{})
	s.o.first = cmp.Or(s.o.first, autoFirst)
	if s.o.At == nil {
		s.o.At = func(context.Context, Place) {}
	}
	s.now.newest, s.now.changed = o.First, make(chan struct{})
	return s
}

// Run serves until ctx ends. Where the port is taken it says so, and tries again now and then.
func (s *Server) Run(ctx context.Context) error {
	var follow sync.WaitGroup
	defer follow.Wait()
	follow.Go(func() { s.now.follow(ctx, s.o.Updates) })
	return s.serve(ctx)
}

// URL is where the page is; "" while it is not served.
func (s *Server) URL() string { return s.where.url() }

func (s *Server) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", s.health)
	mux.HandleFunc("GET /v1/health", s.health)
	mux.HandleFunc("POST /auth-renew", s.authRenew)
	mux.HandleFunc("GET /openapi.json", openAPI)
	mux.Handle("GET /metrics", s.metrics())
	if err := s.pages(mux); err != nil {
		return nil, err
	}
	return s.guarded(mux), nil
}

// feed is the newest snapshot for whoever asks, and a word when there is a newer one.
type feed struct {
	mu      sync.Mutex
	newest  agent.Snapshot
	changed chan struct{} // closed at the next one
}

func (f *feed) follow(ctx context.Context, updates <-chan agent.Snapshot) {
	for {
		select {
		case <-ctx.Done():
			return
		case snap := <-updates:
			f.mu.Lock()
			f.newest = snap
			close(f.changed)
			f.changed = make(chan struct{})
			f.mu.Unlock()
		}
	}
}

// get gives the newest snapshot, which is the zero one before the first, and what is closed when there is
// another.
func (f *feed) get() (agent.Snapshot, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.newest, f.changed
}
