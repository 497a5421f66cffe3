//go:build e2e

package notify

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

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
	is   identity
	mu   sync.Mutex
	caps []string
	anew bool // gives each note a new number, also in the place of another
	next uint32
	log  []call
	asks string // the connection that asked last
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
	return startServerAs(t, identity{"dunst", "1.9.0"}, firstID, caps...)
}

// startServerAs is one that says of itself who it is.
func startServerAs(t *testing.T, is identity, firstID uint32, caps ...string) *server {
	t.Helper()
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s := &server{conn: conn, is: is, caps: caps, next: firstID}
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

func (s *server) GetServerInformation() (name, vendor, version, specification string, err *dbus.Error) {
	return s.is.name, "", s.is.version, "1.2", nil
}

func (s *server) Notify(from dbus.Sender, _ string, replaces uint32, _, summary, body string, actions []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := replaces
	if id == 0 || s.anew {
		id, s.next = s.next, s.next+1
	}
	s.asks = string(from)
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
