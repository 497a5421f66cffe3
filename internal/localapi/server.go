package localapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/report"
)

// Options is what a Server shows and hands on.
type Options struct {
	Dir      string // the instance's, whose lock is held
	Program  string // the version of this aztray
	Feed     *agent.Feed
	Ask      func(context.Context, agent.Command) (time.Time, error) // of Agent
	Look     func(context.Context) (time.Time, error)                // of Agent
	Settings func() string                                           // the fingerprint of the settings in use
	Show     func() string                                           // has this aztray show itself, and says how things stand
	Log      *slog.Logger
}

// Serve answers the person's commands until ctx ends.
func Serve(ctx context.Context, o Options) error {
	l, err := listen(o.Dir)
	if err != nil {
		return fmt.Errorf("listening for commands: %w", err)
	}
	return serve(ctx, l, o)
}

func serve(ctx context.Context, l net.Listener, o Options) error {
	s := &server{o: o, busy: make(chan struct{}, atOnce)}
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: bodyWithin, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx }, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	err := server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

type server struct {
	o    Options
	busy chan struct{}
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/state", s.state)
	mux.HandleFunc("GET /v1/states", s.states)
	mux.HandleFunc("POST /v1/show", s.show)
	mux.HandleFunc("POST /v1/cancel", s.cancel)
	for what, do := range map[string]action{"renew": renew, "sync": sync, "restart": restart, "tenant": useTenant, "tenants": listTenants, "answer": answer} {
		mux.HandleFunc("POST /v1/"+what, s.act(do))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(versionHeader, Version)
		w.Header().Set(programHeader, s.o.Program)
		select {
		case s.busy <- struct{}{}:
			defer func() { <-s.busy }()
		default:
			http.Error(w, "too many commands at once", http.StatusServiceUnavailable)
			return
		}
		if r.Header.Get(versionHeader) != Version {
			http.Error(w, "another version", http.StatusUpgradeRequired)
			return
		}
		if want := r.Header.Get(settingsHeader); want != "" && want != s.o.Settings() {
			http.Error(w, "other settings", http.StatusConflict)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		mux.ServeHTTP(w, r)
	})
}

// known is the newest snapshot, once the sign-in was judged and each engine has been heard; or what there is when that
// takes too long.
func (s *server) known(ctx context.Context) agent.Snapshot {
	ctx, stop := context.WithTimeout(ctx, knownWithin)
	defer stop()
	at, _ := s.o.Look(ctx)
	snap, _ := s.until(ctx, func(snap agent.Snapshot) bool { return !snap.At.Before(at) && !snap.Reading && Known(snap) })
	return snap
}

// calm is what is known, a moment later where containers are being looked after just now: who asks after they started
// one wants to know what came of that.
func (s *server) calm(ctx context.Context) agent.Snapshot {
	s.known(ctx)
	ctx, stop := context.WithTimeout(ctx, calmWithin)
	defer stop()
	snap, _ := s.until(ctx, func(snap agent.Snapshot) bool { return !snap.Busy || snap.Renewal != nil })
	return snap
}

// Known reports whether the sign-in was looked at, or why that cannot be, and what the engines have.
func Known(s agent.Snapshot) bool {
	level := s.Level
	if level == auth.Renewing {
		level = s.Before
	}
	return s.Looked && (level != auth.Unknown || s.Problem != nil || !s.OfflineSince.IsZero() || s.Held)
}

// until waits for a snapshot that is as wanted; false where ctx ended before.
func (s *server) until(ctx context.Context, wanted func(agent.Snapshot) bool) (agent.Snapshot, bool) {
	for {
		snap, changed := s.o.Feed.Get()
		if wanted(snap) {
			return snap, true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return snap, false
		}
	}
}

func whole(s agent.Snapshot) *report.Whole {
	w := report.Of(s, time.Now().UTC())
	return &w
}

func (s *server) state(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(whole(s.calm(r.Context()))) // who does not wait for it has gone
}

// states follows the state: a report at once and at each change.
func (s *server) states(w http.ResponseWriter, r *http.Request) {
	out := newStream(w)
	for {
		snap, changed := s.o.Feed.Get()
		if !out.send(Event{Done: whole(snap)}) {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

func (s *server) show(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s.o.Show())
}

func (s *server) cancel(w http.ResponseWriter, r *http.Request) {
	if _, err := s.o.Ask(r.Context(), agent.CancelSignIn{}); err != nil {
		return
	}
	w.WriteHeader(http.StatusAccepted)
}
