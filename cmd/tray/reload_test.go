package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"

	"aztray/internal/agent"
	"aztray/internal/cli"
	"aztray/internal/config"
)

// A part runs anew when what it uses changes, and only then; one that ended by itself waits for that.
func TestAPartFollowsItsSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said []string
		p := &program{log: slog.New(slog.DiscardHandler)}
		p.set.Endpoint = config.Endpoint{Enabled: true, Port: 1}
		p.follows("endpoint", func(s config.Settings) any {
			if !s.Endpoint.Enabled {
				return nil
			}
			return s.Endpoint
		}, func(ctx context.Context, p *program) error {
			said = append(said, "on "+p.set.Tray.Icon)
			if p.set.Endpoint.Port == 3 {
				return errors.New("the port is taken")
			}
			<-ctx.Done()
			said = append(said, "off")
			return ctx.Err()
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { p.parts[0].run(ctx); close(done) }()
		change := func(enabled bool, port int, icon string) {
			next := *p
			next.set.Endpoint, next.set.Tray.Icon = config.Endpoint{Enabled: enabled, Port: port}, icon
			p.following[0].refresh(&next)
			synctest.Wait()
		}
		synctest.Wait()
		change(true, 1, "a") // not its own
		change(true, 2, "b")
		change(true, 3, "c") // ends by itself
		change(true, 3, "d")
		change(true, 4, "e")
		change(false, 4, "f")
		change(true, 4, "g")
		stop()
		<-done
		want := []string{"on ", "off", "on b", "off", "on c", "on e", "off", "on g", "off"}
		if !slices.Equal(said, want) {
			t.Errorf("it went %q, want %q", said, want)
		}
	})
}

// What the menu and a notification say of settings that can't be used: at a start there are none to go on
// with, later those before hold.
func TestSettingsThatAreNotInUse(t *testing.T) {
	slip := &config.Error{File: "/home/ada/.config/aztray/config.toml", Line: 2, Key: "azure.tennant_id", Nearest: "azure.tenant_id"}
	value := &config.Error{File: "/home/ada/.config/aztray/config.toml", Line: 2, Key: "tray.icon", Value: `"drak"`, Want: "auto, light or dark"}
	variable := &config.Error{Variable: "AZTRAY_AZURE_TENNANT_ID", Key: "azure.tennant_id", Nearest: "AZTRAY_AZURE_TENANT_ID"}
	for _, c := range []struct {
		name            string
		unread, err     error
		message, advice string // both "": all is well
	}{
		{name: "all is well"},
		{"a slip at the start", slip, slip, "The settings file is not in use.",
			"config.toml, line 2: there is no setting azure.tennant_id; did you mean azure.tenant_id? Until you mend it, no container gets the credential."},
		{"a bad value, after a start with a slip", slip, value, "The settings file is not in use.",
			`config.toml, line 2: tray.icon is "drak"; it must be auto, light or dark. Until you mend it, no container gets the credential.`},
		{"a slip in a variable", variable, variable, "The settings are not in use.",
			"environment variable AZTRAY_AZURE_TENNANT_ID: there is no setting azure.tennant_id; did you mean AZTRAY_AZURE_TENANT_ID? Mend it and start aztray again; until then no container gets the credential."},
		{"a file that can't be read", errors.New("no"), errors.New("no"), "The settings file is not in use.", "no. Until you mend it, no container gets the credential."},
		{"mended at a start that had a slip", slip, nil, "", ""},
		{"a slip while it runs", nil, slip, "The changed settings are not in use.",
			"config.toml, line 2: there is no setting azure.tennant_id; did you mean azure.tenant_id?"},
	} {
		p := &program{settled: settled{unread: c.unread}}
		switch got := p.settingsProblem(c.err); {
		case got == nil && c.message == "":
		case got == nil || got.Message != c.message || got.Advice != c.advice:
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// Once the person's settings were taken up, another slip leaves those.
func TestAMendedFileEndsTheCaution(t *testing.T) {
	p := &program{settled: settled{unread: errors.New("line 2"), engines: cli.NewEngines(config.Settings{}, t.TempDir())}, agent: agent.New(nil, agent.Settings{}), log: slog.New(slog.DiscardHandler)}
	if next := p.take(t.Context(), config.Change{Err: errors.New("line 3")}); next.unread == nil {
		t.Error("another slip counts as the person's settings")
	}
	next := p.take(t.Context(), config.Change{Settings: config.Settings{Tray: config.Tray{Icon: "dark"}}})
	if next.unread != nil || next.set.Tray.Icon != "dark" {
		t.Errorf("mended: %v, %+v", next.unread, next.set)
	}
}
