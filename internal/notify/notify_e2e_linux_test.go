//go:build e2e

package notify

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"

	"github.com/godbus/dbus/v5"
)

// privateBus starts a bus of the test's own and makes it the session's. Nothing is started by its
// services: there are none.
func privateBus(t *testing.T) *exec.Cmd {
	t.Helper()
	dir, err := os.MkdirTemp("", "az") // a short path, for it becomes a socket's address
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	address := "unix:path=" + filepath.Join(dir, "bus")
	config := filepath.Join(dir, "bus.conf")
	err = os.WriteFile(config, []byte(`<busconfig><type>session</type><listen>`+address+`</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	t.Setenv("XDG_RUNTIME_DIR", dir)
	return startBus(t, config)
}

func startBus(t *testing.T, config string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("dbus-daemon", "--nofork", "--print-address=1", "--config-file="+config)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the bus did not start: %v", err)
	}
	return cmd
}

// server is a notification server that writes down what it is asked.
type server struct {
	conn *dbus.Conn
	mu   sync.Mutex
	caps []string
	next uint32
	log  []call
}

// call is one Notify, or one CloseNotification if summary is empty.
type call struct {
	id, replaces uint32
	summary      string
	body         string
	actions      []string
}

func (c call) closes(id uint32) bool { return c.id == id && c.summary == "" }

func startServer(t *testing.T, firstID uint32, caps ...string) *server {
	t.Helper()
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s := &server{conn: conn, caps: caps, next: firstID}
	if err := conn.Export(s, busPath, busIface); err != nil {
		t.Fatal(err)
	}
	if reply, err := conn.RequestName(busName, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("the name of notification servers: %v, %v", reply, err)
	}
	return s
}

func (s *server) GetCapabilities() ([]string, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.caps, nil
}

func (s *server) Notify(_ string, replaces uint32, _, summary, body string, actions []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := replaces
	if id == 0 {
		id, s.next = s.next, s.next+1
	}
	s.log = append(s.log, call{id, replaces, summary, body, actions})
	return id, nil
}

func (s *server) CloseNotification(id uint32) *dbus.Error {
	s.mu.Lock()
	s.log = append(s.log, call{id: id})
	s.mu.Unlock()
	s.say("NotificationClosed", id, uint32(3))
	return nil
}

func (s *server) say(signal string, args ...any) {
	s.conn.Emit(busPath, busIface+"."+signal, args...)
}

func (s *server) setCaps(caps ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caps = caps
}

// calls waits until there are n calls, and returns all.
func (s *server) calls(t *testing.T, n int) []call {
	t.Helper()
	var got []call
	eventually(t, fmt.Sprintf("%d calls of the server", n), func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		got = slices.Clone(s.log)
		return len(got) >= n
	})
	if len(got) > n {
		t.Fatalf("the server was asked %d times, want %d: %+v", len(got), n, got)
	}
	return got
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came: %s", what)
		}
	}
}

// live is a Run on the session's bus.
type live struct {
	updates chan agent.Snapshot
	tell    chan Message
	done    chan agent.Command
	stop    func() // and wait until Run has ended
}

func startRun(t *testing.T, o Options) live {
	t.Helper()
	l := live{updates: make(chan agent.Snapshot), tell: make(chan Message), done: make(chan agent.Command, 8)}
	o.Updates, o.Tell, o.Do = l.updates, l.tell, func(c agent.Command) { l.done <- c }
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { Run(ctx, o); close(ended) }()
	l.stop = func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Error("Run does not end")
		}
	}
	t.Cleanup(l.stop)
	return l
}

func (l live) command(t *testing.T) agent.Command {
	t.Helper()
	select {
	case c := <-l.done:
		return c
	case <-time.After(15 * time.Second):
		t.Fatal("no command came")
		return nil
	}
}

var (
	inTen   = func() time.Time { return time.Now().Add(9 * time.Minute).UTC() }
	ended   = func() time.Time { return time.Now().Add(-time.Minute).UTC() }
	allCaps = []string{"actions", "body", "body-markup"}
	buttons = []string{"default", "", "renew", "Renew now", "snooze", "Snooze"}
)

func TestOneNoteIsReplacedThenTakenAway(t *testing.T) {
	privateBus(t)
	s := startServer(t, 7, allCaps...)
	l := startRun(t, Options{})
	l.updates <- snap(auth.Expiring, inTen())
	l.updates <- snap(auth.Expired, ended())
	l.updates <- snap(auth.Expired, ended(), signingIn("browser"))
	got := s.calls(t, 3)
	if got[0].replaces != 0 || !reflect.DeepEqual(got[0].actions, buttons) || !strings.HasPrefix(got[0].summary, "Azure sign-in ends") {
		t.Errorf("first: %+v", got[0])
	}
	if got[1].replaces != 7 || got[1].summary != "Containers have lost Azure access" {
		t.Errorf("second: %+v", got[1])
	}
	if !got[2].closes(7) {
		t.Errorf("third: %+v, want number 7 closed", got[2])
	}
	l.updates <- snap(auth.OK, time.Time{})
	if got := s.calls(t, 4); got[3].summary != "Signed in again" || got[3].replaces != 0 {
		t.Errorf("fourth: %+v", got[3])
	}
}

func TestButtons(t *testing.T) {
	tests := []struct{ name, key, token string }{
		{"the button", "renew", ""},
		{"the note itself", "default", ""},
		{"with the compositor's leave", "renew", "leave-42"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			privateBus(t)
			s := startServer(t, 7, allCaps...)
			l := startRun(t, Options{})
			l.updates <- snap(auth.Expiring, inTen())
			s.calls(t, 1)
			s.say("ActionInvoked", uint32(3), "renew") // another program's note
			if tt.token != "" {
				s.say("ActivationToken", uint32(3), "another's")
				s.say("ActivationToken", uint32(7), tt.token)
			}
			s.say("ActionInvoked", uint32(7), tt.key)
			if got := l.command(t); got != (agent.Renew{ActivationToken: tt.token}) {
				t.Errorf("asked for %+v", got)
			}
			s.calls(t, 2) // closed
			select {
			case c := <-l.done:
				t.Errorf("and for %+v", c)
			default:
			}
		})
	}
}

func TestSnoozeComesBack(t *testing.T) {
	privateBus(t)
	s := startServer(t, 7, allCaps...)
	l := startRun(t, Options{Settings: Settings{Snooze: time.Second}})
	l.updates <- snap(auth.Expired, ended())
	s.calls(t, 1)
	pressed := time.Now()
	s.say("ActionInvoked", uint32(7), "snooze")
	got := s.calls(t, 3) // shown, closed, shown
	if took := time.Since(pressed); took < time.Second || got[2].summary != got[0].summary {
		t.Errorf("after %v: %+v", took, got[2])
	}
}

func TestANoteClosedByHandIsNotReplaced(t *testing.T) {
	privateBus(t)
	s := startServer(t, 7, allCaps...)
	l := startRun(t, Options{})
	l.updates <- snap(auth.Expiring, inTen())
	s.calls(t, 1)
	s.say("NotificationClosed", uint32(7), uint32(2))
	deadline := time.Now().Add(29 * time.Minute).UTC()
	eventually(t, "a note with a new number", func() bool {
		deadline = deadline.Add(-time.Minute) // news each time
		l.updates <- snap(auth.Expiring, deadline)
		s.mu.Lock()
		defer s.mu.Unlock()
		last := s.log[len(s.log)-1]
		return last.id == 8 && last.replaces == 0
	})
}

func TestOnlyTheServersSignalsCount(t *testing.T) {
	privateBus(t)
	s := startServer(t, 7, allCaps...)
	l := startRun(t, Options{})
	l.updates <- snap(auth.Expiring, inTen())
	s.calls(t, 1)
	stranger, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	stranger.Emit(busPath, busIface+".ActionInvoked", uint32(7), "renew")
	s.say("ActionInvoked", uint32(7), "snooze")
	s.calls(t, 2)
	if len(l.done) > 0 {
		t.Errorf("a stranger's signal asked for %+v", <-l.done)
	}
}

func TestAServerThatDropsItsButtons(t *testing.T) {
	privateBus(t)
	s := startServer(t, 7, allCaps...)
	l := startRun(t, Options{})
	l.updates <- snap(auth.Expiring, inTen())
	s.calls(t, 1)
	s.setCaps("body")
	l.updates <- snap(auth.Expired, ended())
	got := s.calls(t, 2)[1]
	if len(got.actions) != 0 || !strings.HasSuffix(got.body, "Open the tray menu to renew.") {
		t.Errorf("without buttons: %+v", got)
	}
}

func TestAnotherServerGetsTheNoteAnew(t *testing.T) {
	privateBus(t)
	first := startServer(t, 7, allCaps...)
	l := startRun(t, Options{})
	l.updates <- snap(auth.Expired, ended())
	first.calls(t, 1)
	first.conn.Close()
	second := startServer(t, 7, allCaps...) // the numbers begin anew: 7 is another's here
	if got := second.calls(t, 1)[0]; got.replaces != 0 || got.summary != "Containers have lost Azure access" {
		t.Errorf("the new server is asked for %+v", got)
	}
	second.say("ActionInvoked", uint32(7), "renew")
	l.command(t)
}

func TestAServerThatStartsLater(t *testing.T) {
	privateBus(t)
	l := startRun(t, Options{})
	l.updates <- snap(auth.SignedOut, time.Time{})
	l.updates <- snap(auth.SignedOut, time.Time{})
	s := startServer(t, 1, allCaps...)
	if got := s.calls(t, 1)[0]; got.summary != "Not signed in to Azure" {
		t.Errorf("asked for %+v", got)
	}
}

func TestTheBusRestarts(t *testing.T) {
	bus := privateBus(t)
	first := startServer(t, 7, allCaps...)
	l := startRun(t, Options{})
	l.updates <- snap(auth.Expired, ended())
	first.calls(t, 1)
	bus.Process.Kill()
	bus.Wait()
	startBus(t, strings.TrimPrefix(bus.Args[3], "--config-file="))
	second := startServer(t, 7, allCaps...)
	if got := second.calls(t, 1)[0]; got.replaces != 0 {
		t.Errorf("on the new bus: %+v", got)
	}
	second.say("ActionInvoked", uint32(7), "default")
	l.command(t)
}

func TestTheNoteGoesWithUs(t *testing.T) {
	privateBus(t)
	s := startServer(t, 7, allCaps...)
	l := startRun(t, Options{})
	l.updates <- snap(auth.Expired, ended())
	s.calls(t, 1)
	l.stop()
	if got := s.calls(t, 2)[1]; !got.closes(7) {
		t.Errorf("at the end: %+v", got)
	}
}

func TestWithoutABusItSaysSoOnce(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	var out lines
	l := startRun(t, Options{Log: slog.New(slog.NewTextHandler(&out, nil))})
	for range 3 {
		l.updates <- snap(auth.Expired, ended())
	}
	l.stop()
	if got := out.all(); len(got) != 1 || !strings.Contains(got[0], "no session bus") {
		t.Errorf("the log has %q", got)
	}
}

// lines is a writer that keeps lines.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.text.String()), "\n")
}
