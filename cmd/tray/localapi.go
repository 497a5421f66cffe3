package main

import (
	"context"
	"sync/atomic"

	"aztray/internal/agent"
	"aztray/internal/config"
	"aztray/internal/instance"
	"aztray/internal/localapi"
)

// localAPI answers the person's commands, which do nothing beside this process then. show has it show itself, and says
// how things stand.
func (p *program) localAPI(show func() string) {
	feed, updates := agent.NewFeed(agent.Snapshot{}), p.agent.Updates()
	p.part("state for commands", func(ctx context.Context) error {
		feed.Follow(ctx, updates)
		return nil
	})
	var settings atomic.Value
	settings.Store(localapi.Fingerprint(p.set, p.client.Dir))
	p.follows("settings for commands", func(s config.Settings) any { return s }, func(_ context.Context, p *program) error {
		settings.Store(localapi.Fingerprint(p.set, p.client.Dir))
		return nil
	})
	p.part("commands", func(ctx context.Context) error {
		dir, err := instance.Dir()
		if err != nil {
			return err
		}
		return localapi.Serve(ctx, localapi.Options{Dir: dir, Program: version, Feed: feed, Ask: p.agent.Ask, Look: p.agent.Look, Show: show, Log: p.log,
			Settings: func() string { return settings.Load().(string) }})
	})
}
