package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"

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
