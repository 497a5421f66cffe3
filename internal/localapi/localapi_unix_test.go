//go:build unix

package localapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	gosync "sync"
	"testing"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/config"
	"aztray/internal/containers"
)

// ran is a server with an agent of the test's: what it is asked for is written down, and answered by the test.
type ran struct {
	feed    *agent.Feed
	updates chan agent.Snapshot
	mu      gosync.Mutex
	asked   []agent.Command
	on      func(agent.Command)
	dir     string
}

func start(t *testing.T, first agent.Snapshot, settings string) *ran {
	t.Helper()
	dir, err := os.MkdirTemp("", "az") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	r := &ran{feed: agent.NewFeed(first), updates: make(chan agent.Snapshot), dir: dir, on: func(agent.Command) {}}
	ctx, cancel := context.WithCancel(t.Context())
	l, err := listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all gosync.WaitGroup
	all.Go(func() { r.feed.Follow(ctx, r.updates) })
	all.Go(func() {
		err := serve(ctx, l, Options{Dir: dir, Program: "1.2.3", Feed: r.feed, Settings: func() string { return settings },
			Show: func() string { return "in the tray" }, Log: slog.New(slog.DiscardHandler),
			Look: func(context.Context) (time.Time, error) { return time.Time{}, nil },
			Ask: func(_ context.Context, c agent.Command) (time.Time, error) {
				r.mu.Lock()
				r.asked = append(r.asked, c)
				on := r.on
				r.mu.Unlock()
				at := time.Now().UTC()
				on(c)
				return at, nil
			}})
		if err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); all.Wait(); os.RemoveAll(dir) })
	return r
}

// publish gives a snapshot of now.
func (r *ran) publish(s agent.Snapshot) {
	s.At = time.Now().UTC()
	r.updates <- s
}

func (r *ran) client(settings string) *Client { return NewClient(r.dir, "1.2.4", settings) }

var good = agent.Snapshot{At: time.Now().UTC(), Looked: true, Level: auth.OK, Before: auth.OK, Account: "ada@contoso.example", Refreshable: true,
	TokenExpires: time.Now().Add(time.Hour), Tenant: auth.Tenant{ID: "t", Name: "Contoso"},
	Containers: []containers.Status{{Name: "web", ID: "1", Service: "front", State: containers.Fresh}}}

func TestState(t *testing.T) {
	r := start(t, agent.Snapshot{}, "s")
	go func() { // a tray that has just started has nothing to say yet
		r.publish(agent.Snapshot{Level: auth.Unknown})
		r.publish(good)
	}()
	w, err := r.client("s").State(t.Context())
	if err != nil || w.Report.Level != auth.OK || w.Report.Tenant.Name != "Contoso" || len(w.Report.Containers) != 1 || w.Beside.Services["1"] != "front" {
		t.Errorf("%+v, %v", w, err)
	}
	if line, err := r.client("").Show(t.Context()); line != "in the tray" || err != nil {
		t.Errorf("show: %q, %v", line, err)
	}
}

func TestWhoIsNotAnswered(t *testing.T) {
	r := start(t, good, "s")
	if _, err := r.client("other").State(t.Context()); !errors.Is(err, ErrOtherSettings) {
		t.Errorf("other settings: %v", err)
	}
	if _, err := NewClient(t.TempDir(), "1", "s").State(t.Context()); !errors.Is(err, ErrNone) {
		t.Errorf("nobody runs: %v", err)
	}
	for _, c := range []struct {
		why, header, method, path, body string
		status                          int
	}{
		{"no version", "", "GET", "state", "", http.StatusUpgradeRequired},
		{"another version", "2", "GET", "state", "", http.StatusUpgradeRequired},
		{"no such route", Version, "GET", "tokens", "", http.StatusNotFound},
		{"a GET that would act", Version, "GET", "renew", "", http.StatusMethodNotAllowed},
		{"no JSON", Version, "POST", "sync", "<xml>", http.StatusBadRequest},
		{"a body without end", Version, "POST", "sync", `{"names": ["` + strings.Repeat("a", 2*maxBody), http.StatusBadRequest},
	} {
		req, err := http.NewRequest(c.method, "http://aztray/v1/"+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(versionHeader, c.header)
		resp, err := r.client("").http.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", c.why, err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status || resp.Header.Get(versionHeader) != Version {
			t.Errorf("%s: %s", c.why, resp.Status)
		}
	}
	if len(r.asked) > 0 {
		t.Errorf("the agent was asked for %v", r.asked)
	}
}

// TestAnotherVersionSaysSo: an aztray of another API is named, with what to do.
func TestAnotherVersionSaysSo(t *testing.T) {
	dir, err := os.MkdirTemp("", "az")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	l, err := listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	future := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(versionHeader, "7")
		w.Header().Set(programHeader, "9.0.0")
	})}
	go future.Serve(l)
	defer future.Close()
	_, err = NewClient(dir, "1.2.4", "s").State(t.Context())
	if p, ok := errors.AsType[*auth.Problem](err); !ok || p.Code != "OTHER_VERSION" || !strings.Contains(p.Message, "9.0.0") || !strings.Contains(p.Message, "1.2.4") {
		t.Errorf("%v", err)
	}
}

// TestRenewing: the browser is told of, the outcome is the agent's, and the report is of after the deliveries.
func TestRenewing(t *testing.T) {
	for _, c := range []struct {
		why     string
		problem *auth.Problem
	}{{"it works", nil}, {"it is refused", &auth.Problem{Code: "AADSTS53003", Kind: auth.PolicyBlocked, Message: "No."}}} {
		r := start(t, good, "s")
		told := make(chan struct{}, 8)
		r.on = func(agent.Command) {
			go func() {
				s := good
				s.Renewal, s.Level, s.Busy = &agent.Renewal{Way: "browser"}, auth.Renewing, true
				r.publish(s)
				<-told
				s = good
				s.Past.Last, s.Busy = &agent.Ended{EndedAt: time.Now().UTC(), Problem: c.problem}, true
				r.publish(s) // delivering
				s.Busy, s.Account = false, "bob@contoso.example"
				r.publish(s)
			}()
		}
		browser := 0
		last, err := r.client("s").Do(t.Context(), "renew", Request{}, func(e Event) {
			if e.Browser {
				browser++
				told <- struct{}{}
			}
		})
		if p, _ := errors.AsType[*auth.Problem](err); c.problem != nil && (p == nil || p.Code != c.problem.Code) || c.problem == nil && (err != nil || last.Done.Report.Account != "bob@contoso.example") || browser != 1 {
			t.Errorf("%s: %+v, %v, the browser %d times", c.why, last.Done, err, browser)
		}
	}
}

// TestWhoGoesEndsWhatTheyBegan, but not what somebody else did.
func TestWhoGoesEndsWhatTheyBegan(t *testing.T) {
	for _, shared := range []bool{false, true} {
		first := good
		if shared {
			first.Renewal = &agent.Renewal{Way: "browser"}
		}
		r := start(t, first, "s")
		ended := make(chan struct{}, 8)
		begun := make(chan struct{}, 8)
		r.on = func(c agent.Command) {
			if _, ok := c.(agent.CancelSignIn); ok {
				ended <- struct{}{}
				return
			}
			begun <- struct{}{}
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := r.client("s").Do(ctx, "renew", Request{}, func(e Event) {
				if e.Browser && shared {
					begun <- struct{}{}
				}
			})
			done <- err
		}()
		<-begun
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("shared %v: %v", shared, err)
		}
		if shared {
			r.publish(good) // lets the handler look once more
			r.mu.Lock()
			if len(r.asked) > 0 {
				t.Errorf("what another began was touched: %v", r.asked)
			}
			r.mu.Unlock()
			continue
		}
		<-ended
	}
}

func TestNamesAreCheckedFirst(t *testing.T) {
	r := start(t, good, "s")
	for _, what := range []string{"sync", "restart", "renew"} {
		_, err := r.client("s").Do(t.Context(), what, Request{Names: []string{"nobody"}}, func(Event) {})
		if u, ok := errors.AsType[ErrUsage](err); !ok || !strings.Contains(string(u), "nobody") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if len(r.asked) > 0 {
		t.Errorf("the agent was asked for %v", r.asked)
	}
}

// TestFingerprint: other settings, another az or another engine is another fingerprint.
func TestFingerprint(t *testing.T) {
	var s, other config.Settings
	other.Azure.TenantID = "t"
	is := Fingerprint(s, "/home/ada/.azure")
	if is != Fingerprint(s, "/home/ada/.azure") || is == Fingerprint(other, "/home/ada/.azure") || is == Fingerprint(s, "/home/bob/.azure") {
		t.Error("the fingerprint does not tell settings apart")
	}
	t.Setenv("DOCKER_HOST", "unix:///elsewhere")
	if is == Fingerprint(s, "/home/ada/.azure") {
		t.Error("the fingerprint does not tell engines apart")
	}
}

// TestOnlyThisPersonIsServed: the socket is closed to others, whatever its directory is.
func TestOnlyThisPersonIsServed(t *testing.T) {
	r := start(t, good, "s")
	info, err := os.Stat(socketPath(r.dir))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info.Mode(), err)
	}
	conn, err := net.Dial("unix", socketPath(r.dir))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if uid, err := peer(conn.(*net.UnixConn)); uid != os.Getuid() || err != nil {
		t.Errorf("the other end is %d, %v", uid, err)
	}
	if me := os.Getuid(); !ours(me) || !ours(0) || ours(me+1) {
		t.Error("others would be served")
	}
}
