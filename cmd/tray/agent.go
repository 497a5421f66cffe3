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

// newAgent is the agent in the real world, as the settings want it.
func newAgent(set config.Settings, client auth.Client, engines *cluster.Engines, log *slog.Logger) *agent.Agent {
	return agent.New(newWorld(set, client, engines), agentSettings(set, client.StateDir, engines.Names(), log))
}

func newWorld(set config.Settings, client auth.Client, engines *cluster.Engines) agent.World {
	return agent.NewWorld(client, engines, containers.Selector{Names: set.Containers.Names, Delivery: set.Containers.Delivery, Credential: set.Containers.Credential})
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
		Engines:        engines,
		HealthURLs:     set.Health.Watch,
		OpenAI: openai.Settings{Endpoint: set.OpenAI.Endpoint, APIVersion: set.OpenAI.APIVersion,
			ChatModel: set.OpenAI.ChatModel, EmbeddingModel: set.OpenAI.EmbeddingModel},
		Warn:      slices.Max(append([]time.Duration{0}, set.Notify.Warn...)),
		StateFile: filepath.Join(stateDir, "state.json"),
		Log:       log,
	}
}
