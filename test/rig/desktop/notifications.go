//go:build linux

package desktop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/godbus/dbus/v5"
)

const (
	notifyName = "org.freedesktop.Notifications"
	notifyPath = "/org/freedesktop/Notifications"
)

// Notification is one call of Notify as the daemon got it, and what became of it.
type Notification struct {
	ID       uint32 // the daemon's answer; 0 until it came
	App      string
	Replaces uint32
	Icon     string
	Summary  string
	Body     string
	Actions  []Action
	Hints    map[string]dbus.Variant
	Timeout  int32 // milliseconds; 0 never, -1 as the daemon likes

	Error     string // the daemon's refusal
	Withdrawn bool   // its program asked for it to be closed
	Replaced  bool   // a later one took its place
	Closed    uint32 // reason: 1 expired, 2 dismissed, 3 withdrawn, 4 other; 0 while it is shown
	Invoked   string // key of the action that was chosen
}

// Action is one button.
type Action struct{ Key, Label string }

// Shown says whether it is on the screen.
func (n Notification) Shown() bool { return n.ID != 0 && n.Closed == 0 && !n.Replaced }

// monitor records everyone's notifications from a connection that only listens.
type monitor struct {
	conn *dbus.Conn
	done chan struct{}

	mu    sync.Mutex
	calls []*call
}

type call struct {
	sender string
	serial uint32
	Notification
}

func startMonitor(address string) (*monitor, error) {
	conn, err := dbus.Connect(address)
	if err != nil {
		return nil, err
	}
	rules := []string{
		"type='method_call',interface='" + notifyName + "'",
		"type='signal',interface='" + notifyName + "'",
		"type='method_return'", "type='error'", // answers carry no interface: known by their serial
	}
	messages := make(chan *dbus.Message, 4096)
	if err := conn.BusObject().Call("org.freedesktop.DBus.Monitoring.BecomeMonitor", 0, rules, uint32(0)).Err; err != nil {
		return nil, errors.Join(fmt.Errorf("watching notifications: %w", err), conn.Close())
	}
	conn.Eavesdrop(messages)
	m := &monitor{conn: conn, done: make(chan struct{})}
	go func() {
		defer close(m.done)
		for {
			select {
			case <-conn.Context().Done():
				return
			case msg, ok := <-messages:
				if !ok { // the bus ended
					return
				}
				m.record(msg)
			}
		}
	}()
	return m, nil
}

func (m *monitor) close() {
	m.conn.Eavesdrop(nil) // else a message that arrives during Close is sent on a closed channel
	m.conn.Close()
	<-m.done
}

func (m *monitor) record(msg *dbus.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	member, _ := msg.Headers[dbus.FieldMember].Value().(string)
	switch {
	case msg.Type == dbus.TypeMethodCall && member == "Notify":
		m.notify(msg)
	case msg.Type == dbus.TypeMethodReply || msg.Type == dbus.TypeError:
		m.answer(msg)
	case msg.Type == dbus.TypeMethodCall && member == "CloseNotification" && len(msg.Body) == 1:
		m.mark(msg.Body[0], func(n *Notification) { n.Withdrawn = true })
	case msg.Type == dbus.TypeSignal && member == "NotificationClosed" && len(msg.Body) == 2:
		m.mark(msg.Body[0], func(n *Notification) { n.Closed, _ = msg.Body[1].(uint32) })
	case msg.Type == dbus.TypeSignal && member == "ActionInvoked" && len(msg.Body) == 2:
		m.mark(msg.Body[0], func(n *Notification) { n.Invoked, _ = msg.Body[1].(string) })
	}
}

func (m *monitor) notify(msg *dbus.Message) {
	c := &call{serial: msg.Serial()}
	c.sender, _ = msg.Headers[dbus.FieldSender].Value().(string)
	var actions []string
	err := dbus.Store(msg.Body, &c.App, &c.Replaces, &c.Icon, &c.Summary, &c.Body, &actions, &c.Hints, &c.Timeout)
	if err != nil {
		c.Error = err.Error()
	}
	for pair := range slices.Chunk(actions, 2) {
		if len(pair) == 2 {
			c.Actions = append(c.Actions, Action{pair[0], pair[1]})
		}
	}
	m.calls = append(m.calls, c)
}

// answer gives a call its id. The daemon may give a new one an id that a dead daemon had given,
// so only the newest with an id counts as shown.
func (m *monitor) answer(msg *dbus.Message) {
	to, _ := msg.Headers[dbus.FieldDestination].Value().(string)
	serial, _ := msg.Headers[dbus.FieldReplySerial].Value().(uint32)
	i := slices.IndexFunc(m.calls, func(c *call) bool { return c.sender == to && c.serial == serial })
	if i < 0 || len(msg.Body) == 0 {
		return
	}
	if msg.Type == dbus.TypeError {
		m.calls[i].Error = fmt.Sprint(msg.Body[0])
		return
	}
	id, _ := msg.Body[0].(uint32)
	m.mark(id, func(n *Notification) { n.Replaced = n.Closed == 0 })
	m.calls[i].ID = id
}

// mark changes the newest notification with an id.
func (m *monitor) mark(id any, change func(*Notification)) {
	for _, c := range slices.Backward(m.calls) {
		if c.ID != 0 && c.ID == id {
			change(&c.Notification)
			return
		}
	}
}

// Notifications are all that were sent since the desktop started, oldest first.
func (d *Desktop) Notifications() []Notification {
	d.monitor.mu.Lock()
	defer d.monitor.mu.Unlock()
	var all []Notification
	for _, c := range d.monitor.calls {
		all = append(all, c.Notification)
	}
	return all
}

// WaitNotification waits until a notification is as wanted, the newest first. The daemon has
// answered for those that it is asked about.
func (d *Desktop) WaitNotification(ctx context.Context, want func(Notification) bool) (Notification, error) {
	var found Notification
	err := until(ctx, "a notification", func() bool {
		for _, n := range slices.Backward(d.Notifications()) {
			if (n.ID != 0 || n.Error != "") && want(n) {
				found = n
				return true
			}
		}
		return false
	})
	if err != nil {
		var sent []string
		for _, n := range d.Notifications() {
			sent = append(sent, fmt.Sprintf("%d %q (closed %d, invoked %q)", n.ID, n.Summary, n.Closed, n.Invoked))
		}
		return Notification{}, fmt.Errorf("%w; sent were [%s]", err, strings.Join(sent, ", "))
	}
	return found, nil
}

// InvokeAction sends the signal that the daemon would send for a pressed button. It is for
// desktops whose daemon draws none: PressButton does it for real.
func (d *Desktop) InvokeAction(n Notification, key string) error {
	return d.conn.Emit(notifyPath, notifyName+".ActionInvoked", n.ID, key)
}
