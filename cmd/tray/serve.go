package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/config"
	"aztray/internal/instance"
)

// runServe is the agent without a desktop: it runs until ctx ends, and tells systemd how it stands
// where that started it. It opens no browser by itself. A SIGHUP has the settings read anew.
func runServe(ctx context.Context, o config.Options, set config.Settings, client auth.Client) error {
	err := alone(ctx, client, func(one *instance.Instance, log *slog.Logger) error {
		s := &server{program: newProgram(o, config.Change{Settings: set}, client, log), reload: make(chan os.Signal, 1), taken: make(chan struct{}, 1)}
		signal.Notify(s.reload, syscall.SIGHUP)
		defer signal.Stop(s.reload)
		s.updates = s.agent.Updates()
		s.program.taken = s.settingsRead
		s.part("instance", func(ctx context.Context) error { return one.Serve(ctx, s.answers(s.shown)) })
		s.localAPI(s.shown)
		return s.run(ctx, s.follow)
	})
	if r, ok := errors.AsType[*runningAlready](err); ok {
		return &auth.Problem{Code: "RUNNING_ALREADY", Kind: auth.ConfigError, Message: r.Error(), Err: r,
			Advice: "One is enough, and does all of it; quit that one first to have this one in its place."}
	}
	return err
}

// server is the program with systemd in a tray's place.
type server struct {
	*program
	updates <-chan agent.Snapshot
	reload  chan os.Signal
	taken   chan struct{} // the settings were read anew
}

// settingsRead never waits: one word to systemd is enough for several readings.
func (s *server) settingsRead(*auth.Problem) {
	select {
	case s.taken <- struct{}{}:
	default:
	}
}

// shown says how things stand to a second start.
func (s *server) shown() string { return "without a desktop (aztray serve): " + s.newest.title() }

const (
	aliveEvery  = 10 * time.Second // systemd is told at most so often that the agent lives
	readyWithin = 20 * time.Second // it is ready then, whatever is known; a unit may take 90 s
)

// judged reports that the sign-in was looked at, or why it cannot be told.
func judged(s agent.Snapshot) bool {
	return s.Level != auth.Unknown || s.Problem != nil || !s.OfflineSince.IsZero()
}

// follow tells systemd of each change until ctx ends.
func (s *server) follow(ctx context.Context) error {
	systemd := newSystemd(s.log)
	var said string
	var begun, saidAt time.Time
	for {
		select {
		case <-ctx.Done():
			systemd.tell("STOPPING=1")
			return nil
		case <-s.reload:
			systemd.reloading()
			select {
			case s.ask <- struct{}{}:
			default: // it is asked already
			}
		case <-s.taken:
			if said != "" { // not before the sign-in was judged
				systemd.tell("READY=1")
			}
		case snap := <-s.updates: // at each tick of the agent's, at least: it lives
			s.newest.Store(&snap)
			if begun.IsZero() {
				begun = snap.At
			}
			if said == "" && !judged(snap) && snap.At.Sub(begun) < readyWithin {
				continue
			}
			if title := s.newest.title(); title != said || snap.At.Sub(saidAt) >= aliveEvery {
				if said == "" {
					s.log.Info("ready", "level", snap.Level)
				}
				said, saidAt = title, snap.At
				systemd.tell("READY=1\nWATCHDOG=1\nSTATUS=" + title)
			}
		}
	}
}
