//go:build e2e

package notify

import (
	"context"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"

	"github.com/godbus/dbus/v5"
)

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
	s.mu.Lock()
	to := s.asks
	s.mu.Unlock()
	stranger.Send(&dbus.Message{Type: dbus.TypeSignal, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldDestination: dbus.MakeVariant(to),
		dbus.FieldPath:        dbus.MakeVariant(busPath),
		dbus.FieldInterface:   dbus.MakeVariant(busIface),
		dbus.FieldMember:      dbus.MakeVariant("ActionInvoked"),
		dbus.FieldSignature:   dbus.MakeVariant(dbus.SignatureOf(uint32(7), "renew")),
	}, Body: []any{uint32(7), "renew"}}, nil)
	var id string // an answer of the bus to the stranger: its signal is on its way before all that follows
	if err := stranger.BusObject().Call("org.freedesktop.DBus.GetId", 0).Store(&id); err != nil {
		t.Fatal(err)
	}
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
	socket := filepath.Join(t.TempDir(), "bus")
	broken, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer broken.Close()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+socket)
	tried := make(chan struct{})
	go func() {
		defer close(tried)
		for range 3 { // it tries again
			if conn, err := broken.Accept(); err == nil {
				conn.Close()
			}
		}
	}()
	var out lines
	l := startRun(t, Options{Log: slog.New(slog.NewTextHandler(&out, nil))})
	l.updates <- snap(auth.Expired, ended())
	<-tried
	l.stop()
	if got := out.all(); len(got) != 1 || !strings.Contains(got[0], "the session bus cannot be reached") {
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
