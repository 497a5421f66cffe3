package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"

	"aztray/assets"
	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/config"
	"aztray/internal/containers"
	"aztray/internal/instance"
	"aztray/internal/notify"
	"aztray/internal/openai"
	"aztray/internal/tray"
)

// runTray is the agent with a face: it runs until the person quits, ctx ends or the desktop goes.
func runTray(ctx context.Context, set config.Settings, client auth.Client) error {
	if err := tray.Available(); err != nil {
		return err
	}
	place, err := instance.Dir()
	if err != nil {
		return err
	}
	one, err := instance.Acquire(place)
	if errors.Is(err, instance.ErrRunning) {
		status, err := instance.Show(ctx, place)
		if err == nil {
			fmt.Println("aztray is running already, in the tray:", status)
		}
		return err
	}
	if err != nil {
		return err
	}
	defer one.Close()
	log, file := newLog(client.StateDir)
	defer file.Close()
	client.AZ.Log = log
	return newDesktop(set, client, log).run(ctx, one)
}

// newLog writes to standard error and to a file that is turned over at 1 MB.
func newLog(stateDir string) (*slog.Logger, io.Closer) {
	file := &lumberjack.Logger{Filename: filepath.Join(stateDir, "aztray.log"), MaxSize: 1, MaxBackups: 3}
	level := slog.LevelInfo
	if os.Getenv("AZTRAY_LOG") == "debug" {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(io.MultiWriter(os.Stderr, file), &slog.HandlerOptions{Level: level})), file
}

// desktop is the parts of one run.
type desktop struct {
	set     config.Settings
	log     *slog.Logger
	state   string
	agent   *agent.Agent
	engines *containers.Engines
	show    chan struct{}
	tell    chan notify.Message
	newest  atomic.Pointer[agent.Snapshot] // for a second start's question
	updates struct{ tray, notify, show, endpoint <-chan agent.Snapshot }
}

func newDesktop(set config.Settings, client auth.Client, log *slog.Logger) *desktop {
	d := &desktop{set: set, log: log, state: client.StateDir, show: make(chan struct{}, 1), tell: make(chan notify.Message, 8)}
	d.engines = containers.NewEngines(containers.Options{Mounts: filepath.Join(client.StateDir, "mounts")}, set.Engine.Hosts...)
	w := agent.NewWorld(client, d.engines, containers.Selector{Names: set.Containers.Names, Delivery: set.Containers.Delivery})
	d.agent = agent.New(w, agent.Settings{
		TenantID: set.Azure.TenantID, SubscriptionID: set.Azure.SubscriptionID, Scope: set.Azure.Scope, Scopes: set.Containers.Scopes,
		SignInLifetime: set.Azure.SignInLifetime, LoginTimeout: set.Azure.LoginTimeout, ProbeInterval: set.Azure.ProbeInterval, Stay: !set.Azure.Follow, Logs: set.Containers.Logs, Endpoint: set.Endpoint.Enabled, HealthURLs: set.Health.Watch,
		OpenAI: openai.Settings{Endpoint: set.OpenAI.Endpoint, APIVersion: set.OpenAI.APIVersion, ChatModel: set.OpenAI.ChatModel, EmbeddingModel: set.OpenAI.EmbeddingModel},
		Warn:   slices.Max(append([]time.Duration{0}, set.Notify.Warn...)), StateFile: filepath.Join(client.StateDir, "state.json"), Log: log,
	})
	d.updates.tray, d.updates.notify, d.updates.show, d.updates.endpoint = d.agent.Updates(), d.agent.Updates(), d.agent.Updates(), d.agent.Updates()
	return d
}

// run keeps everything going around the tray, which needs the main goroutine, and ends it all with it.
func (d *desktop) run(ctx context.Context, one *instance.Instance) error {
	ctx, stop := context.WithCancel(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer stop()
	part := func(name string, run func(context.Context) error) {
		parts.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				d.log.Error("a part has ended", "part", name, "err", err)
			}
		})
	}
	part("agent", d.agent.Run)
	part("notify", func(ctx context.Context) error { return notify.Run(ctx, d.notifyOptions()) })
	if d.set.Endpoint.Enabled {
		part("endpoint", d.serveEndpoint)
	}
	part("instance", func(ctx context.Context) error { return one.Serve(ctx, d.shown) })
	parts.Go(func() { d.follow(ctx) })
	ground, err := tray.ParseGround(d.set.Tray.Icon)
	if err != nil {
		return err
	}
	return tray.Run(ctx, tray.Options{Updates: d.updates.tray, Do: d.agent.Do, Ground: ground, Show: d.show, Notice: d.notice, Log: d.log})
}

// follow keeps the newest snapshot at hand for a second start.
func (d *desktop) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-d.updates.show:
			d.newest.Store(&s)
		}
	}
}

// shown makes this instance show itself, and says how things stand.
func (d *desktop) shown() string {
	select {
	case d.show <- struct{}{}:
	default:
	}
	s := d.newest.Load()
	if s == nil {
		return "starting"
	}
	return tray.Menu(*s, time.Now(), tray.SystemClock()).Title
}

// notice passes on what the tray cannot show itself.
func (d *desktop) notice(p *auth.Problem) {
	d.log.Info(p.Message, "code", p.Code)
	select {
	case d.tell <- notify.Message{Summary: p.Message, Body: p.Advice}:
	default:
	}
}

func (d *desktop) notifyOptions() notify.Options {
	file := filepath.Join(d.state, "notify.json")
	return notify.Options{
		Updates: d.updates.notify, Do: d.agent.Do, Tell: d.tell, IconPath: d.icon(), Log: d.log,
		Settings: notify.Settings{Warn: d.set.Notify.Warn, Snooze: d.set.Notify.Snooze},
		Load: func() (notify.Memory, error) {
			var m notify.Memory
			b, err := os.ReadFile(file)
			if errors.Is(err, fs.ErrNotExist) {
				return m, nil
			}
			if err == nil {
				err = json.Unmarshal(b, &m)
			}
			return m, err
		},
		Save: func(m notify.Memory) error {
			b, err := json.Marshal(m)
			if err != nil {
				return err
			}
			return agent.WriteFile(file, b)
		},
	}
}

// icon leaves the program's picture in a file: notifications are given a path. Without it they do
// without.
func (d *desktop) icon() string {
	path := filepath.Join(d.state, "aztray.png")
	if err := agent.WriteFile(path, assets.Icon); err != nil {
		d.log.Warn("notifications go without a picture", "err", err)
		return ""
	}
	return path
}
