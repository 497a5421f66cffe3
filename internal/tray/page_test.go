//go:build linux || windows || (darwin && cgo)

package tray

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"aztray/internal/auth"
)

// What follows the page's address is a secret: the browser gets it, the log and the notification do not.
func TestTheBrowserAloneIsGivenTheKey(t *testing.T) {
	const plain, key = "http://127.0.0.1:8000/", "#key=ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, c := range []struct {
		name   string
		err    error
		advice string
	}{
		{"a browser", nil, ""},
		{"one that cannot be started", errors.New("not there"), "Open " + plain + " in your browser."},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			advice, given := "", ""
			b := &panel{log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
			b.o = Options{Page: func() string { return plain + key }, Open: func(address, leave string) error { given = address + " " + leave; return c.err },
				Notice: func(p *auth.Problem) {
					advice = p.Advice
					b.log.Warn(p.Message, "problem", p)
				}}
			b.showDetails("leave")
			if advice != c.advice || given != plain+key+" leave" {
				t.Errorf("it advises %q, the browser is given %q", advice, given)
			}
			if got := log.String(); strings.Contains(got, key[1:]) || !strings.Contains(got, plain) {
				t.Errorf("the log: %s", got)
			}
		})
	}
}
