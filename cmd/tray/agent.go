package main

import (
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/cluster"
	"aztray/internal/config"
	"aztray/internal/containers"
	"aztray/internal/openai"
)

// newAgent is the agent in the real world, as the settings want it. With those of a start that could not
// use the person's it leaves the containers alone.
func (p *program) newAgent() *agent.Agent {
	set := agentSettings(p.set, p.state, p.engines.Names(), p.log)
	set.Held = p.settingsProblem(p.unread)
	if p.unread != nil {
		p.log.Error("no container gets anything before the settings can be used", "err", p.unread)
	}
	return agent.New(newWorld(p.set, p.client, p.engines), set)
}

func newWorld(set config.Settings, client auth.Client, engines *cluster.Engines) agent.World {
	return agent.NewWorld(client, engines, containers.Selector{Names: set.Containers.Names, Delivery: set.Containers.Delivery, Credential: set.Containers.Credential,
		ScopesAllowed: set.Containers.ScopesAllowed, TenantsAllowed: set.Containers.TenantsAllowed})
}

func agentSettings(set config.Settings, stateDir string, engines []string, log *slog.Logger) agent.Settings {
	return agent.Settings{
		TenantID:       set.Azure.TenantID,
		SubscriptionID: set.Azure.SubscriptionID,
		Scope:          set.Azure.Scope,
		Scopes:         set.Containers.Scopes,
		SignInLifetime: set.Azure.SignInLifetime,
		LoginTimeout:   set.Azure.LoginTimeout,
		ProbeInterval:  set.Azure.ProbeInterval,
		Stay:           !set.Azure.Follow,
		Logs:           set.Containers.Logs,
		Endpoint:       set.Endpoint.Enabled,
		Socket:         set.Engine.Socket,
		Engines:        engines,
		HealthURLs:     set.Health.Watch,
		OpenAI: openai.Settings{Endpoint: set.OpenAI.Endpoint, APIVersion: set.OpenAI.APIVersion,
			ChatModel: set.OpenAI.ChatModel, EmbeddingModel: set.OpenAI.EmbeddingModel},
		Warn:      slices.Max(append([]time.Duration{0}, set.Notify.Warn...)),
		StateFile: filepath.Join(stateDir, "state.json"),
		Log:       log,
	}
}
