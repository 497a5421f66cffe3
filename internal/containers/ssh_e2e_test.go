//go:build e2e && linux

package containers

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/test/rig/sshd"
)

// farHost is the engine of these tests by SSH, with another name of the server.
func farHost(which string) string {
	socket, _ := strings.CutPrefix(os.Getenv("DOCKER_HOST"), "unix://") // sshd passes no environment on
	return "ssh://" + sshd.Host + which + socket
}

func machine(t *testing.T) *sshd.Server {
	t.Helper()
	s, err := sshd.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Down() })
	t.Setenv("PATH", s.Bin()+":"+os.Getenv("PATH"))
	return s
}

// eventually polls what a real process must come to.
func eventually(t *testing.T, what string, within time.Duration, is func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// TestDeliverThroughSSH: the whole way, by copy, by exec, with an event stream and a log; and the server
// going away and coming back. At its end no ssh is left, here or there.
func TestDeliverThroughSSH(t *testing.T) {
	s := machine(t)
	e, err := Connect(t.Context(), Options{Host: farHost(""), AzDirs: []string{t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(time.Hour)
	for _, how := range []string{"run -d", "run -d --tmpfs /root"} {
		c := made(t, e, how, imgShell, "sleep", "1000000")
		if st := e.Deliver(t.Context(), c, bundle("far", end)); st.State != Fresh {
			t.Fatalf("%s: %s %s", how, st.State, st.Error)
		}
		seesToken(t, c.ID, "/root/.azure", "far", how, imgShell)
		docker(t, "rm", "-f", c.ID)
	}
	c := made(t, e, "run -d", imgShell, "sh", "-c", "echo DefaultAzureCredential failed to retrieve a token from the included credentials; sleep 1000000")
	ctx, stop := context.WithCancel(t.Context())
	found, news, done := make(chan Finding, 10), make(chan Event, 100), make(chan struct{}, 2)
	go func() { e.WatchLogs(ctx, c, func(f Finding) { found <- f }); done <- struct{}{} }()
	go func() {
		e.Watch(ctx, Selector{Names: []string{c.Name}}, func(ev Event) { news <- ev })
		done <- struct{}{}
	}()
	<-found
	wait := func(kind EventKind) {
		t.Helper()
		for ev := range news {
			if ev.Kind == kind {
				return
			}
		}
	}
	wait(Listed)
	docker(t, "restart", "-t", "0", c.ID)
	wait(Started)
	if err := s.Down(); err != nil {
		t.Fatal(err)
	}
	wait(Lost)
	docker(t, "restart", "-t", "0", c.ID)
	if err := s.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait(Listed)
	stop()
	<-done
	<-done
	e.api.(*dockerEngine).client.Close()
	eventually(t, "no connection is left", 5*time.Second, func() bool { return s.Connections() == 0 })
	eventually(t, "no ssh is left", 5*time.Second, func() bool { return s.Clients() == 0 })
}

// TestSSHThatHangs: the end of the context is the end of the call, and of ssh.
func TestSSHThatHangs(t *testing.T) {
	s := machine(t)
	e, err := Connect(t.Context(), Options{Host: farHost("")})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Freeze(); err != nil {
		t.Fatal(err)
	}
	defer s.Thaw()
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	if _, err := e.api.list(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("list = %v", err)
	}
	eventually(t, "no ssh is left", 5*time.Second, func() bool { return s.Clients() == 0 })
}

// TestSSHThatDoesNotGetThrough: what really comes from OpenSSH and docker is understood, at once and
// without a question.
func TestSSHThatDoesNotGetThrough(t *testing.T) {
	s := machine(t)
	says := func(host, want string) {
		t.Helper()
		_, err := Connect(t.Context(), Options{Host: host})
		if p, ok := errors.AsType[*auth.Problem](err); !ok || !strings.Contains(p.Message, want) {
			t.Errorf("%s: %v, want %q", host, err, want)
		}
	}
	says(farHost("-denied"), "can't sign in to rig-build-denied")
	says(farHost("-unknown"), "not known to ssh")
	says("ssh://"+sshd.Host+"/nowhere.sock", "is not running")
	says("ssh://nobody.invalid", "no machine called")
	if err := s.Down(); err != nil {
		t.Fatal(err)
	}
	says(farHost(""), "No SSH server")
}
