//go:build linux

package main

import (
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSystemdIsTold(t *testing.T) {
	for name, socket := range map[string]string{"a file": filepath.Join(t.TempDir(), "notify"), "an abstract name": "@aztray-" + t.Name()} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			t.Setenv("NOTIFY_SOCKET", socket)
			s := newSystemd(slog.New(slog.DiscardHandler))
			s.tell("READY=1\nSTATUS=Signed in")
			if got := received(t, conn); got != "READY=1\nSTATUS=Signed in" {
				t.Errorf("told %q", got)
			}
			before := monotonic().Microseconds()
			s.reloading()
			state, at, _ := strings.Cut(received(t, conn), "\n")
			usec, err := time.ParseDuration(strings.TrimPrefix(at, "MONOTONIC_USEC=") + "us")
			if state != "RELOADING=1" || err != nil || usec.Microseconds() < before || usec > monotonic() {
				t.Errorf("told %q, %q (before %d): %v", state, at, before, err)
			}
		})
	}
}

func TestNobodyListensOrNobodyIsThere(t *testing.T) {
	for name, socket := range map[string]string{"not started by systemd": "", "gone": filepath.Join(t.TempDir(), "gone")} {
		t.Setenv("NOTIFY_SOCKET", socket)
		t.Log(name)
		newSystemd(slog.New(slog.DiscardHandler)).tell("READY=1") // does not block and does not end us
	}
}

func received(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	b := make([]byte, 4096)
	n, err := conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}
