package notify

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"

	"aztray/internal/session"
)

// https://specifications.freedesktop.org/notification-spec/latest/protocol.html
const (
	busName   = "org.freedesktop.Notifications"
	busPath   = dbus.ObjectPath("/org/freedesktop/Notifications")
	busIface  = "org.freedesktop.Notifications"
	nameOwner = "org.freedesktop.DBus.NameOwnerChanged"
)

// callTimeout covers a desktop that starts its notification server for us.
const callTimeout = 10 * time.Second

// Reconnecting waits reconnectFirst, then twice that and so on up to reconnectMost.
const (
	reconnectFirst = time.Second
	reconnectMost  = time.Minute
)

var errNoBus = errors.New("there is no session bus")

// event is a signal of the bus, the end of a connection, or the time to look for a bus again.
type event struct {
	signal *dbus.Signal
	lost   bool
	retry  bool
}

// desk shows notes by a notification server, over a connection of its own: the tray's must not see
// the server's signals, and some servers drop all notes of a connection that closes. Its fields
// belong to Run's goroutine; its own goroutines only wait and send events.
type desk struct {
	ctx  context.Context // ends the waiting goroutines
	stop context.CancelFunc
	wg   sync.WaitGroup
	icon string
	log  *slog.Logger
	ch   chan event

	conn    *dbus.Conn // nil without a bus
	pause   time.Duration
	told    bool   // the log knows that there is no bus
	owner   string // the server's connection: the ids below are its ids
	warning slot
	news    slot
}

// slot is one place on the screen.
type slot struct {
	id   uint32 // of the note that is there; 0: none
	last offer
}

// offer is what the last note in a slot offers. It outlives the note on the screen: some servers say that a note
// is closed and then that its button was pressed, and others have it pressed later, in their history. It ends
// when it is taken, or withdrawn, or when another note is shown.
type offer struct {
	id    uint32 // 0: nothing
	keys  []Key  // of the buttons
	body  Key    // what a click on the note itself does while it is on the screen; "": nothing
	token string // came with the last ActivationToken
}

func newSurface(ctx context.Context, icon string, log *slog.Logger) surface {
	d := &desk{icon: icon, log: log, ch: make(chan event)}
	d.ctx, d.stop = context.WithCancel(ctx)
	d.connect()
	return d
}

func (d *desk) events() <-chan event { return d.ch }

// send hands an event to Run, and reports whether Run still listens.
func (d *desk) send(e event) bool {
	select {
	case d.ch <- e:
		return true
	case <-d.ctx.Done():
		return false
	}
}

// connect looks for a bus; without one it looks again later.
func (d *desk) connect() {
	conn, err := openBus()
	if err != nil {
		if !d.told {
			d.log.Warn("no notifications: the session bus cannot be reached; the tray menu and the command line say the same", "error", err)
			d.told = true
		}
		d.pause = min(max(2*d.pause, reconnectFirst), reconnectMost)
		d.after(d.pause)
		return
	}
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	d.conn, d.pause, d.told = conn, 0, false
	d.owner = d.serverOwner(d.ctx)
	d.wg.Go(func() {
		for d.forward(signals, conn.Context().Done()) {
		}
	})
}

// forward hands one signal to Run, or the end of the connection, and reports whether to go on.
func (d *desk) forward(signals <-chan *dbus.Signal, over <-chan struct{}) bool {
	select {
	case s, ok := <-signals:
		if ok {
			return d.send(event{signal: s})
		}
	case <-over:
	case <-d.ctx.Done():
		return false
	}
	d.send(event{lost: true})
	return false
}

func (d *desk) after(pause time.Duration) {
	d.wg.Go(func() {
		select {
		case <-time.After(pause):
			d.send(event{retry: true})
		case <-d.ctx.Done():
		}
	})
}

// openBus connects to the session bus and subscribes. It never starts a bus: godbus would run
// dbus-launch and leave a daemon behind.
func openBus() (*dbus.Conn, error) {
	addr := session.Bus()
	if addr == "" {
		return nil, errNoBus
	}
	// A bus that takes the connection and never answers must not keep Run: the end of ctx closes the
	// connection, and that of its life ends ctx.
	ctx, cancel := context.WithCancel(context.Background())
	impatient := time.AfterFunc(callTimeout, cancel)
	// One channel in order: ActivationToken comes before the ActionInvoked that it belongs to.
	conn, err := dbus.Connect(addr, dbus.WithContext(ctx), dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
	if err != nil {
		cancel()
		return nil, err
	}
	context.AfterFunc(conn.Context(), cancel)
	err = errors.Join(
		conn.AddMatchSignalContext(ctx, dbus.WithMatchSender(busName), dbus.WithMatchInterface(busIface), dbus.WithMatchObjectPath(busPath)),
		conn.AddMatchSignalContext(ctx, dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, busName)),
	)
	if !impatient.Stop() {
		err = errors.Join(err, ctx.Err())
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// serverOwner is the server's connection name, "" without a server. It starts none.
func (d *desk) serverOwner(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var owner string
	err := d.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetNameOwner", 0, busName).Store(&owner)
	if err != nil {
		return ""
	}
	return owner
}

func (d *desk) show(ctx context.Context, n Note) error {
	return d.notify(ctx, &d.warning, n, "aztray")
}

func (d *desk) tell(ctx context.Context, n Note) error {
	return d.notify(ctx, &d.news, n, "aztray-notice")
}

// notify fills a slot. What the server can do is asked each time: some can draw no buttons while
// "do not disturb" is on.
func (d *desk) notify(ctx context.Context, at *slot, n Note, tag string) error {
	if d.conn == nil {
		return errNoBus
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	server := d.conn.Object(busName, busPath)
	var names []string
	if err := server.CallWithContext(ctx, busIface+".GetCapabilities", 0).Store(&names); err != nil {
		return err
	}
	if owner := d.serverOwner(ctx); owner != d.owner {
		d.forget(owner)
	}
	var who identity
	var vendor, specification string // a server that does not say who it is is unknown
	server.CallWithContext(ctx, busIface+".GetServerInformation", 0).Store(&who.name, &vendor, &who.version, &specification)
	var id uint32
	can, body := newCapabilities(names), n.bodyKey(who.bodyClick())
	args := compose(n, can, body, at.id, d.icon, tag)
	if err := server.CallWithContext(ctx, busIface+".Notify", 0, args...).Store(&id); err != nil {
		return err
	}
	*at = slot{id: id}
	if can.actions {
		at.last = offer{id: id, keys: n.keys(), body: body}
	}
	return nil
}

func (d *desk) withdraw(ctx context.Context) {
	id := d.warning.id
	d.warning = slot{}
	if d.conn == nil || id == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	// An error means that it is gone already, or its server is.
	d.conn.Object(busName, busPath).CallWithContext(ctx, busIface+".CloseNotification", dbus.FlagNoAutoStart, id)
}

// forget drops ids that belong to a server that is gone.
func (d *desk) forget(owner string) {
	d.owner, d.warning, d.news = owner, slot{}, slot{}
}

func (d *desk) take(ctx context.Context, e event) answer {
	switch {
	case e.lost:
		d.conn.Close()
		d.conn = nil
		d.forget("")
		d.log.Info("the session bus went away; notifications come back with it")
		d.pause = reconnectFirst
		d.after(d.pause)
		return answer{gone: true}
	case e.retry:
		d.connect()
		return answer{ready: d.conn != nil}
	case e.signal.Name == nameOwner:
		return d.serverChanged(ctx)
	case e.signal.Sender != d.owner || e.signal.Path != busPath:
		return answer{} // anybody on the bus can send us a signal; only the server's count
	}
	return d.serverSaid(e.signal)
}

// serverChanged asks who the server is now, for the signal may be older than the last note.
func (d *desk) serverChanged(ctx context.Context) answer {
	if d.conn == nil {
		return answer{}
	}
	owner := d.serverOwner(ctx)
	if owner == d.owner {
		return answer{}
	}
	d.forget(owner)
	return answer{ready: owner != "", gone: owner == ""}
}

// serverSaid reads a signal of the server. Servers send everybody's, so ids that are not ours are
// passed over.
func (d *desk) serverSaid(s *dbus.Signal) answer {
	if len(s.Body) < 2 {
		return answer{}
	}
	id, _ := s.Body[0].(uint32)
	text, _ := s.Body[1].(string)
	for _, at := range []*slot{&d.warning, &d.news} {
		if id == 0 || id != at.id && id != at.last.id {
			continue
		}
		switch s.Name {
		case busIface + ".ActivationToken":
			at.last.token = text
		case busIface + ".NotificationClosed":
			was := at.id
			at.id = 0
			return answer{closed: at == &d.warning && was == id}
		case busIface + ".ActionInvoked":
			return at.invoked(text)
		}
		return answer{}
	}
	return answer{}
}

// invoked is what an action of the slot's last note asks for. What the note did not offer is not obeyed, nor is
// its body once it is closed: that may be how it was dismissed.
func (at *slot) invoked(text string) answer {
	key := Key(text)
	switch {
	case text == actionDefault && at.id != 0:
		key = at.last.body
	case !slices.Contains(at.last.keys, key):
		key = ""
	}
	if key == "" {
		return answer{}
	}
	a := answer{key: key, token: at.last.token}
	if key != KeyDetails { // that answers nothing: the note stays good
		at.last = offer{}
	}
	return a
}

func (d *desk) close() {
	d.stop()
	if d.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		d.withdraw(ctx)
		cancel()
		d.conn.Close()
		d.conn = nil
	}
	d.wg.Wait()
}
