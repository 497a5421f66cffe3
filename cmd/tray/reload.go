package main

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/cli"
	"aztray/internal/cluster"
	"aztray/internal/config"
)

// settled is what each part goes by at one moment: it is replaced as a whole when the settings change.
type settled struct {
	set     config.Settings
	engines *cluster.Engines
	unread  error // why the person's settings could not be used at the start, so that set is not theirs; nil: it is
}

// following is a part that is run anew when what it uses of the settings changes.
type following struct {
	name  string
	uses  func(config.Settings) any // nil: it is off
	run   func(context.Context, *program) error
	fresh chan *program // with the newest settings; holds one
}

// follows adds a part that is run anew whenever what it uses of the settings changes, and not at all
// while uses gives nil. The program that run gets has the settings of that run.
func (p *program) follows(name string, uses func(config.Settings) any, run func(context.Context, *program) error) {
	f := &following{name: name, uses: uses, run: run, fresh: make(chan *program, 1)}
	p.following = append(p.following, f)
	p.part(name, func(ctx context.Context) error { return f.keep(ctx, p) })
}

// keep runs the part until ctx ends.
func (f *following) keep(ctx context.Context, p *program) error {
	for ctx.Err() == nil {
		used := f.uses(p.set)
		part, stop := context.WithCancel(ctx)
		var running sync.WaitGroup
		if now := p; used != nil {
			running.Go(func() {
				if err := f.run(part, now); err != nil && part.Err() == nil {
					now.log.Error("a part has ended", "part", f.name, "err", err)
				}
			})
		}
		for reflect.DeepEqual(f.uses(p.set), used) && ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case p = <-f.fresh:
			}
		}
		stop()
		running.Wait()
	}
	return nil
}

// refresh leaves the newest settings for a part, in place of those it did not take.
func (f *following) refresh(p *program) {
	select {
	case <-f.fresh:
	default:
	}
	f.fresh <- p
}

// reload takes up the settings whenever their file changes, and when it is asked to.
func (p *program) reload(ctx context.Context) error {
	current := p
	return config.Watch(ctx, p.options, config.Change{Settings: p.set, Err: p.unread}, p.ask, func(c config.Change) {
		current = current.take(ctx, c)
		if p.taken != nil {
			p.taken(current.settingsProblem(c.Err))
		}
	})
}

// take has everything go by c's settings, and gives the program that has them.
func (p *program) take(ctx context.Context, c config.Change) *program {
	for _, w := range c.Warnings {
		p.log.Warn(w)
	}
	if c.Err != nil {
		p.log.Error("the settings stay as they were", "err", c.Err)
		p.agent.Configure(ctx, agent.Configured{Problem: p.settingsProblem(c.Err)})
		return p
	}
	p.log.Info("taking up the settings as they are now")
	next := *p
	next.set, next.unread = c.Settings, nil
	if !slices.Equal(p.set.Engine.Hosts, c.Settings.Engine.Hosts) || !slices.Equal(p.set.Engine.Plaintext, c.Settings.Engine.Plaintext) ||
		p.set.Kubernetes != c.Settings.Kubernetes {
		next.engines = cli.NewEngines(c.Settings, p.state)
	}
	do := agent.Configured{Settings: agentSettings(c.Settings, p.state, next.engines.Names(), p.log)}
	if next.engines != p.engines || !reflect.DeepEqual(p.set.Containers, c.Settings.Containers) {
		do.World = newWorld(c.Settings, p.client, next.engines)
	}
	p.agent.Configure(ctx, do)
	for _, f := range p.following {
		f.refresh(&next)
	}
	return &next
}

// settingsProblem says that the settings that were read last are not in use, and why: short enough for
// a line of the menu. It is nil where they are.
func (p *program) settingsProblem(err error) *auth.Problem {
	if err == nil {
		return nil
	}
	problem := &auth.Problem{Code: "SETTINGS_UNUSABLE", Kind: auth.ConfigError, Err: err, Message: "The changed settings are not in use.", Advice: wrong(err)}
	if p.unread == nil { // those before hold
		return problem
	}
	problem.Message, problem.Advice = "The settings file is not in use.", wrong(err)+" Until you mend it, no container gets the credential."
	if e, ok := errors.AsType[*config.Error](err); ok && e.Variable != "" { // which is read at the start alone
		problem.Message, problem.Advice = "The settings are not in use.", wrong(err)+" Mend it and start aztray again; until then no container gets the credential."
	}
	return problem
}

// wrong is what is wrong with the settings, as a sentence, without the directory of their file.
func wrong(err error) string {
	why := err.Error()
	if e, ok := errors.AsType[*config.Error](err); ok && e.File != "" {
		named := *e
		named.File = filepath.Base(e.File)
		why = named.Error()
	}
	if !strings.HasSuffix(why, "?") {
		why += "."
	}
	return why
}
