//go:build unix

package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/cli"
	"aztray/internal/config"
	"aztray/internal/containers"
	"aztray/internal/enginesocket"
	"aztray/internal/instance"
)

// quiet is a world in which nobody is signed in and nothing happens.
type quiet struct{ agent.World }

func (quiet) FilesStamp() string                            { return "" }
func (quiet) ReadFiles(context.Context) (auth.Files, error) { return auth.Files{}, nil }
func (quiet) WatchFiles(context.Context, func()) error      { return nil }
func (quiet) WatchMounts(context.Context, func())           {}
func (quiet) WatchWake(context.Context, func()) error       { return nil }
func (quiet) SignInMoment(auth.Files) time.Time             { return time.Time{} }
func (quiet) AZProblem() *auth.Problem                      { return nil }
func (quiet) Prepare(context.Context, auth.Bundle) error    { return nil }

func (quiet) WatchContainers(ctx context.Context, _ func(containers.Event)) error {
	<-ctx.Done()
	return nil
}

// An engine socket that can't be opened is one of the things that the snapshot misses, until it can.
func TestAnEngineSocketThatCannotBeOpenedIsTold(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	dir, err := instance.Dir()
	if err != nil {
		t.Fatal(err)
	}
	inTheWay := filepath.Join(dir, "docker.sock")
	if err := os.MkdirAll(filepath.Join(inTheWay, "something"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := &program{settled: settled{engines: cli.NewEngines(config.Settings{}, t.TempDir())}, log: slog.New(slog.DiscardHandler)}
	p.agent = agent.New(quiet{}, agent.Settings{Socket: true, Log: p.log})
	updates := p.agent.Updates()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	ended := make(chan error, 2)
	go func() { ended <- p.agent.Run(ctx) }()
	defer func() { stop(); <-ended }()
	misses := func(want string) {
		t.Helper()
		for {
			select {
			case <-ctx.Done():
				t.Fatalf("no snapshot came that misses %q", want)
			case s := <-updates:
				if len(s.Missing) == 0 && want == "" || len(s.Missing) == 1 && s.Missing[0].Code == want {
					return
				}
			}
		}
	}
	if err := p.engineSocket(ctx); err == nil {
		t.Error("it ended without a word")
	}
	misses("ENGINE_SOCKET_NOT_OPEN")
	if err := os.RemoveAll(inTheWay); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- p.engineSocket(ctx) }()
	defer func() { stop(); <-ended }()
	misses("")
	for enginesocket.Look(dir) != nil {
		if ctx.Err() != nil {
			t.Fatal("nobody is served")
		}
	}
}
