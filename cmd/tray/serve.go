package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"syscall"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/config"
	"aztray/internal/instance"
)

// runServe is the agent without a desktop: it runs until ctx ends, and tells systemd how it stands
// where that started it. It opens no browser by itself. A SIGHUP has the settings read anew.
func runServe(ctx context.Context, set config.Settings, client auth.Client) error {
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	for next := &set; next != nil; {
		s := &server{reload: reload}
		err := alone(ctx, client, func(one *instance.Instance, log *slog.Logger) error {
			s.program = newProgram(*next, client, log)
			s.updates = s.agent.Updates()
			s.part("instance", func(ctx context.Context) error { return one.Serve(ctx, s.shown) })
			return s.run(ctx, s.follow)
		})
		if r, ok := errors.AsType[*runningAlready](err); ok {
			return &auth.Problem{Code: "RUNNING_ALREADY", Kind: auth.ConfigError, Message: r.Error(), Err: r,
				Advice: "One is enough, and does all of it; quit that one first to have this one in its place."}
		}
		if err != nil {
			return err
		}
		next = s.next
	}
	return nil
}

// server is the program for as long as its settings stay as they are.
type server struct {
	*program
	updates <-chan agent.Snapshot
	reload  <-chan os.Signal
	next    *config.Settings // what it is to be started with again; nil: it was to end
}

// shown says how things stand to a second start.
func (s *server) shown() string { return "without a desktop (aztray serve): " + s.newest.title() }

const aliveEvery = 10 * time.Second // systemd is told at most so often that the agent lives

// follow tells systemd of each change, and ends when ctx does or other settings are to be taken up.
func (s *server) follow(ctx context.Context) error {
	systemd := newSystemd(s.log)
	var said string
	var saidAt time.Time
	for {
		select {
		case <-ctx.Done():
			systemd.tell("STOPPING=1")
			return nil
		case <-s.reload:
			systemd.reloading()
			if s.next = s.changed(); s.next != nil {
				return nil
			}
			systemd.tell("READY=1")
		case snap := <-s.updates: // at each tick of the agent's, at least: it lives
			s.newest.Store(&snap)
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

// changed are the settings as they are now; nil where they are the same, or cannot be used.
func (s *server) changed() *config.Settings {
	set, warnings, err := config.Load(config.Options{})
	for _, w := range warnings {
		s.log.Warn(w)
	}
	switch {
	case err != nil:
		s.log.Error("the settings stay as they were", "err", err)
		return nil
	case reflect.DeepEqual(set, s.set):
		s.log.Info("the settings are as they were")
		return nil
	}
	s.log.Info("taking up the settings as they are now")
	return &set
}
