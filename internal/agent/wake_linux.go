package agent

import (
	"context"
	"fmt"

	"github.com/godbus/dbus/v5"
)

// watchWake listens to logind: PrepareForSleep(false) comes when the machine has woken. It returns an
// error where there is no system bus.
// https://www.freedesktop.org/software/systemd/man/org.freedesktop.login1.html
func watchWake(ctx context.Context, woke func()) error {
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("listening for the machine to wake: %w", err)
	}
	defer conn.Close()
	const login1 = "org.freedesktop.login1"
	err = conn.AddMatchSignal(dbus.WithMatchInterface(login1+".Manager"), dbus.WithMatchMember("PrepareForSleep"), dbus.WithMatchObjectPath("/org/freedesktop/login1"))
	if err != nil {
		return fmt.Errorf("listening for the machine to wake: %w", err)
	}
	signals := make(chan *dbus.Signal, 8)
	conn.Signal(signals)
	for {
		select {
		case <-ctx.Done():
			return nil
		case s, open := <-signals:
			if !open {
				return fmt.Errorf("listening for the machine to wake: %w", dbus.ErrClosed)
			}
			if s.Name != login1+".Manager.PrepareForSleep" || len(s.Body) != 1 {
				continue
			}
			if sleeping, ok := s.Body[0].(bool); ok && !sleeping {
				woke()
			}
		}
	}
}
