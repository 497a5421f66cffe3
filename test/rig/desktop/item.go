//go:build linux

package desktop

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"strings"

	"github.com/godbus/dbus/v5"
)

const (
	watcherName = "org.kde.StatusNotifierWatcher"
	itemName    = "org.kde.StatusNotifierItem"
)

// Item is a tray icon as its program offers it to the panel.
type Item struct {
	Owner   string // the program's unique name on the bus
	Path    dbus.ObjectPath
	PID     int
	ID      string
	Title   string
	Status  string      // Active, Passive or NeedsAttention
	ToolTip string      // its title; where it has a text too, a line feed and that
	Icon    image.Image // the largest picture; nil where there is none
	Menu    dbus.ObjectPath
}

// Items are the icons that the panel knows of, in the order in which they came. One that could
// not be read is left out, and the error says why.
func (d *Desktop) Items(ctx context.Context) ([]Item, error) {
	watcher := d.conn.Object(watcherName, "/StatusNotifierWatcher")
	var names []string
	if err := property(ctx, watcher, watcherName, "RegisteredStatusNotifierItems", &names); err != nil {
		return nil, err
	}
	var items []Item
	var gone error
	for _, name := range names {
		owner, path, _ := strings.Cut(name, "/")
		item, err := d.readItem(ctx, owner, dbus.ObjectPath("/"+path))
		if err != nil { // most often: its program is just ending
			gone = errors.Join(gone, fmt.Errorf("%s: %w", name, err))
			continue
		}
		items = append(items, item)
	}
	return items, gone
}

// WaitItem waits until the panel knows an icon that is as wanted.
func (d *Desktop) WaitItem(ctx context.Context, want func(Item) bool) (Item, error) {
	var found Item
	var items []Item
	var problem error
	err := until(ctx, "a tray icon", func() bool {
		items, problem = d.Items(ctx)
		for _, item := range items {
			if want(item) {
				found = item
				return true
			}
		}
		return false
	})
	if err != nil {
		return Item{}, fmt.Errorf("%w; there are %s (%v)", err, describe(items), problem)
	}
	return found, nil
}

// Of is a condition for WaitItem: any icon of that process.
func Of(pid int) func(Item) bool { return func(i Item) bool { return i.PID == pid } }

func describe(items []Item) string {
	var s []string
	for _, i := range items {
		s = append(s, fmt.Sprintf("%s %q (%q, pid %d)", i.ID, i.Title, i.ToolTip, i.PID))
	}
	return "[" + strings.Join(s, ", ") + "]"
}

// pixmap is a picture as D-Bus carries it: ARGB32, most significant byte first, alpha straight.
type pixmap struct {
	Width, Height int32
	Bytes         []byte
}

func (d *Desktop) readItem(ctx context.Context, owner string, path dbus.ObjectPath) (Item, error) {
	var all map[string]dbus.Variant
	object := d.conn.Object(owner, path)
	if err := object.CallWithContext(ctx, "org.freedesktop.DBus.Properties.GetAll", 0, itemName).Store(&all); err != nil {
		return Item{}, err
	}
	var pid uint32
	if err := d.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetConnectionUnixProcessID", 0, owner).Store(&pid); err != nil {
		return Item{}, err
	}
	item := Item{Owner: owner, Path: path, PID: int(pid)}
	var tip struct {
		Icon        string
		Pixmaps     []pixmap
		Title, Text string
	}
	var pixmaps []pixmap
	for name, to := range map[string]any{
		"Id": &item.ID, "Title": &item.Title, "Status": &item.Status, "Menu": &item.Menu, "ToolTip": &tip, "IconPixmap": &pixmaps,
	} {
		if v, ok := all[name]; ok {
			if err := v.Store(to); err != nil {
				return Item{}, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	item.ToolTip = strings.TrimSuffix(tip.Title+"\n"+tip.Text, "\n")
	var best pixmap
	for _, p := range pixmaps {
		if p.Width > best.Width && len(p.Bytes) == int(p.Width)*int(p.Height)*4 {
			best = p
		}
	}
	if best.Width > 0 {
		item.Icon = best.image()
	}
	return item, nil
}

func (p pixmap) image() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, int(p.Width), int(p.Height)))
	for i := 0; i < len(p.Bytes); i += 4 {
		n := i / 4
		c := color.NRGBA{A: p.Bytes[i], R: p.Bytes[i+1], G: p.Bytes[i+2], B: p.Bytes[i+3]}
		img.SetNRGBA(n%int(p.Width), n/int(p.Width), c)
	}
	return img
}

// property reads one property of an object.
func property(ctx context.Context, object dbus.BusObject, iface, name string, to any) error {
	var v dbus.Variant
	if err := object.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, iface, name).Store(&v); err != nil {
		return err
	}
	return v.Store(to)
}
