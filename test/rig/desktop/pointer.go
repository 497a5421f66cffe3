//go:build linux

package desktop

import (
	"context"
	"fmt"
	"image"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// Point moves the pointer.
func (d *Desktop) Point(ctx context.Context, at image.Point) error {
	_, err := d.tool(ctx, "xdotool", "mousemove", "--sync", strconv.Itoa(at.X), strconv.Itoa(at.Y))
	return err
}

// Click moves the pointer and presses its left button.
func (d *Desktop) Click(ctx context.Context, at image.Point) error {
	_, err := d.tool(ctx, "xdotool", "mousemove", strconv.Itoa(at.X), strconv.Itoa(at.Y), "click", "1")
	return err
}

// Key presses a key by its X name, as Escape or Return.
func (d *Desktop) Key(ctx context.Context, name string) error {
	_, err := d.tool(ctx, "xdotool", "key", name)
	return err
}

// window is one on the screen.
type window struct {
	id    string
	frame image.Rectangle
}

// windows are the visible ones that xdotool's search finds with these options.
func (d *Desktop) windows(ctx context.Context, search ...string) []window {
	out, err := d.tool(ctx, "xdotool", append([]string{"search", "--onlyvisible"}, search...)...)
	if err != nil {
		return nil // none: that is how xdotool says so
	}
	var all []window
	for id := range strings.FieldsSeq(out) {
		text, err := d.tool(ctx, "xdotool", "getwindowgeometry", "--shell", id)
		if err != nil {
			continue // it just closed
		}
		g := map[string]int{}
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			g[name], _ = strconv.Atoi(value)
		}
		at := image.Pt(g["X"], g["Y"])
		all = append(all, window{id, image.Rectangle{at, at.Add(image.Pt(g["WIDTH"], g["HEIGHT"]))}})
	}
	return all
}

func centre(r image.Rectangle) image.Point { return r.Min.Add(r.Size().Div(2)) }

// widget is a node of a program's accessibility tree.
type widget struct {
	Name string
	Path dbus.ObjectPath
}

// accessibility connects to the bus on which programs describe their windows.
func (d *Desktop) accessibility(ctx context.Context) (*dbus.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.a11y != nil {
		return d.a11y, nil
	}
	var address string
	if err := d.conn.Object("org.a11y.Bus", "/org/a11y/bus").CallWithContext(ctx, "org.a11y.Bus.GetAddress", 0).Store(&address); err != nil {
		return nil, fmt.Errorf("accessibility bus: %w", err)
	}
	conn, err := dbus.Connect(address)
	if err != nil {
		return nil, fmt.Errorf("accessibility bus: %w", err)
	}
	d.a11y = conn
	return conn, nil
}

// control is what a person sees of a widget.
type control struct {
	role, label string
	frame       image.Rectangle // on the screen
}

// shownBy lists a program's windows, each as its controls from the top left on.
func (d *Desktop) shownBy(ctx context.Context, program string) ([][]control, error) {
	conn, err := d.accessibility(ctx)
	if err != nil {
		return nil, err
	}
	children := func(w widget) []widget {
		var all []widget
		_ = conn.Object(w.Name, w.Path).CallWithContext(ctx, "org.a11y.atspi.Accessible.GetChildren", 0).Store(&all)
		return all // none from a window that just closed
	}
	var windows [][]control
	for _, app := range children(widget{"org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root"}) {
		if read(ctx, conn, app).label != program {
			continue
		}
		for _, top := range children(app) {
			var controls []control
			for queue := []widget{top}; len(queue) > 0 && len(controls) < 200; queue = queue[1:] {
				controls = append(controls, read(ctx, conn, queue[0]))
				queue = append(queue, children(queue[0])...)
			}
			windows = append(windows, controls)
		}
	}
	return windows, nil
}

// button is the accessibility role of a button: at-spi2-core calls it so since Debian 13, and "push button" before.
const button = "button"

func read(ctx context.Context, conn *dbus.Conn, w widget) control {
	var c control
	object := conn.Object(w.Name, w.Path)
	_ = property(ctx, object, "org.a11y.atspi.Accessible", "Name", &c.label)
	_ = object.CallWithContext(ctx, "org.a11y.atspi.Accessible.GetRoleName", 0).Store(&c.role)
	if c.role == "push button" {
		c.role = button
	}
	var e struct{ X, Y, W, H int32 }
	const onScreen = uint32(0)
	if object.CallWithContext(ctx, "org.a11y.atspi.Component.GetExtents", 0, onScreen).Store(&e) == nil {
		c.frame = image.Rect(int(e.X), int(e.Y), int(e.X+e.W), int(e.Y+e.H))
	}
	return c
}

// PressButton presses a button of a shown notification with the mouse. It returns once the
// daemon has said which action that was, and presses again where a press was lost because the
// notification had just moved.
func (d *Desktop) PressButton(ctx context.Context, n Notification, label string) error {
	var err error
	for range 5 {
		var found control
		found, err = d.waitControl(ctx, n, button, label)
		if err != nil {
			return err
		}
		if err := d.Click(ctx, centre(found.frame)); err != nil {
			return err
		}
		// Out of the way: a notification under the pointer is see-through and never expires.
		if err := d.Point(ctx, centre(d.Screen())); err != nil {
			return err
		}
		heard, cancel := context.WithTimeout(ctx, 2*time.Second)
		err = until(heard, "the action", func() bool { return d.current(n).Invoked != "" })
		cancel()
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

// ClickBody clicks on a shown notification's text.
func (d *Desktop) ClickBody(ctx context.Context, n Notification) error {
	text, err := d.waitControl(ctx, n, "label", n.Summary)
	if err != nil {
		return err
	}
	if err := d.Click(ctx, centre(text.frame)); err != nil {
		return err
	}
	return d.Point(ctx, centre(d.Screen()))
}

// current is what is known of a notification now.
func (d *Desktop) current(n Notification) Notification {
	all := d.Notifications()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].ID == n.ID {
			return all[i]
		}
	}
	return n
}

// waitControl waits until the daemon's window with the notification's summary has a control at
// a settled place.
func (d *Desktop) waitControl(ctx context.Context, n Notification, role, label string) (control, error) {
	var last control
	err := until(ctx, fmt.Sprintf("%s %q in the notification %q", role, label, n.Summary), func() bool {
		found, ok := d.findControl(ctx, n, role, label)
		settled := ok && found == last
		last = found
		return settled
	})
	return last, err
}

func (d *Desktop) findControl(ctx context.Context, n Notification, role, label string) (control, bool) {
	windows, err := d.shownBy(ctx, "xfce4-notifyd")
	if err != nil {
		return control{}, false
	}
	for _, controls := range windows {
		var found control
		ours := false
		for _, c := range controls {
			ours = ours || c.role == "label" && c.label == n.Summary
			if c.role == role && c.label == label && c.frame.In(d.Screen()) && !c.frame.Empty() {
				found = c
			}
		}
		if ours && found.role != "" {
			return found, true
		}
	}
	return control{}, false
}
