//go:build e2e

package containers

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestPublishedPorts: a container's port is known from its creation, whether it ever runs, to its end.
func TestPublishedPorts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	name := prefix + "-port"
	t.Cleanup(func() { docker(t, "rm", "-f", name) })
	watch := func() (news chan Ports, stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		news = make(chan Ports, 100)
		done := make(chan struct{})
		go func() {
			defer close(done)
			NewEngines(Options{AzDirs: []string{t.TempDir()}}).WatchPorts(ctx, func() func() { return func() {} }, func(p Ports) { news <- p })
		}()
		return news, func() { cancel(); <-done }
	}
	until := func(news chan Ports, what string, want bool) {
		t.Helper()
		late := time.After(20 * time.Second)
		for {
			select {
			case p := <-news:
				if _, has := p[port]; has == want {
					if want && p[port] != name {
						t.Errorf("%s: it is %q", what, p[port])
					}
					return
				}
			case <-late:
				t.Fatalf("never told: %s", what)
			}
		}
	}
	news, stop := watch()
	until(news, "nothing publishes it", false)
	docker(t, "create", "--name", name, "-p", strconv.Itoa(int(port))+":80", imgShell, "sleep", "600")
	until(news, "it was created", true)
	stop()
	news, stop = watch()
	until(news, "it never ran", true)
	if running := docker(t, "ps", "-q", "--filter", "name="+name); strings.TrimSpace(running) != "" {
		t.Errorf("it runs: %s", running)
	}
	docker(t, "rm", "-f", name)
	until(news, "it is gone", false)
	stop()
	docker(t, "create", "--name", name, imgShell, "true") // for the clean-up
}
