//go:build e2e

package agent

import (
	"bufio"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// A bus of the test's own stands in for the system's; logind's signal on it is what it is anywhere.
func TestTheMachineWakes(t *testing.T) {
	daemon := exec.CommandContext(t.Context(), "dbus-daemon", "--session", "--nofork", "--print-address=1")
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	defer daemon.Wait()
	defer daemon.Process.Kill()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", strings.TrimSpace(address))
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	woke := make(chan struct{}, 16)
	ended := make(chan error, 1)
	go func() { ended <- watchWake(ctx, func() { woke <- struct{}{} }) }()
	conn, err := dbus.ConnectSystemBus()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	emit := func(sleeping bool) {
		if err := conn.Emit("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", sleeping); err != nil {
			t.Fatal(err)
		}
	}
	again := time.NewTicker(50 * time.Millisecond) // until the listener has said what it listens to
	defer again.Stop()
	for heard := false; !heard; {
		emit(false)
		select {
		case <-woke:
			heard = true
		case <-again.C:
		case <-ctx.Done():
			t.Fatal("the machine woke and nobody heard")
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("watchWake = %v at the end of its context", err)
	}
}

func TestWithoutASystemBus(t *testing.T) {
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")
	if err := watchWake(t.Context(), func() {}); err == nil {
		t.Error("no error without a bus")
	}
}
