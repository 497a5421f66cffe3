package tray

import (
	"bufio"
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"aztray/internal/auth"
)

// What follows the page's address is a secret: the browser gets it, the log and the notification do not.
func TestTheBrowserAloneIsGivenTheCode(t *testing.T) {
	const plain, code = "http://127.0.0.1:8000/", "?open=ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	dir := t.TempDir()
	browser, given := filepath.Join(dir, "browser"), pipe(t, filepath.Join(dir, "given"))
	if err := os.WriteFile(browser, []byte("#!/bin/sh\necho \"$1\" >'"+given.Name()+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, browser, advice string
	}{
		{"a browser", browser, ""},
		{"one that cannot be started", filepath.Join(dir, "none"), "Open " + plain + " in your browser."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("BROWSER", c.browser)
			var log bytes.Buffer
			advice := ""
			b := &panel{log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
			b.o = Options{Page: func() string { return plain + code }, Notice: func(p *auth.Problem) {
				advice = p.Advice
				b.log.Warn(p.Message, "problem", p)
			}}
			b.showDetails("")
			if advice != c.advice {
				t.Errorf("it advises %q", advice)
			}
			if got := log.String(); strings.Contains(got, code[1:]) || !strings.Contains(got, plain) {
				t.Errorf("the log: %s", got)
			}
		})
	}
	if got, err := bufio.NewReader(given).ReadString('\n'); err != nil || got != plain+code+"\n" {
		t.Errorf("the browser was given %q, %v", got, err)
	}
}

// pipe makes a named pipe, of which reading ends soon whatever happens.
func pipe(t *testing.T, path string) *os.File {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		err = f.SetReadDeadline(time.Now().Add(10 * time.Second))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
