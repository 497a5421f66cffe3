//go:build linux

package desktop

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

const menuName = "com.canonical.dbusmenu"

// MenuNode is one line of a menu, or a whole menu (the root, without a label).
type MenuNode struct {
	ID       int32
	Label    string // as a person reads it: no mnemonic underscore
	Enabled  bool
	Visible  bool
	Checked  bool
	Type     string // standard or separator
	Toggle   string // checkmark or radio where it can be ticked, else ""
	Children []MenuNode
}

// Find follows labels from menu to submenu. Lines that are not visible are not found.
func (n MenuNode) Find(labels ...string) (MenuNode, bool) {
	if len(labels) == 0 {
		return n, true
	}
	for _, child := range n.Children {
		if child.Visible && child.Label == labels[0] {
			return child.Find(labels[1:]...)
		}
	}
	return MenuNode{}, false
}

// Lines are the labels of the visible lines, "---" for a separator: a menu at a glance.
func (n MenuNode) Lines() []string {
	var lines []string
	for _, child := range n.Children {
		switch {
		case !child.Visible:
		case child.Type == "separator":
			lines = append(lines, "---")
		default:
			lines = append(lines, child.Label)
		}
	}
	return lines
}

// layout is a node as the menu protocol sends it.
type layout struct {
	ID         int32
	Properties map[string]dbus.Variant
	Children   []dbus.Variant
}

// Menu reads an icon's whole menu.
func (d *Desktop) Menu(ctx context.Context, item Item) (MenuNode, error) {
	var revision uint32
	var root layout
	object := d.conn.Object(item.Owner, item.Menu)
	if err := object.CallWithContext(ctx, menuName+".GetLayout", 0, int32(0), int32(-1), []string{}).Store(&revision, &root); err != nil {
		return MenuNode{}, fmt.Errorf("menu of %s: %w", item.ID, err)
	}
	return root.node()
}

func (l layout) node() (MenuNode, error) {
	n := MenuNode{ID: l.ID, Enabled: true, Visible: true, Type: "standard"}
	var state int32
	for name, to := range map[string]any{
		"label": &n.Label, "enabled": &n.Enabled, "visible": &n.Visible, "type": &n.Type,
		"toggle-type": &n.Toggle, "toggle-state": &state,
	} {
		if v, ok := l.Properties[name]; ok {
			if err := v.Store(to); err != nil {
				return MenuNode{}, fmt.Errorf("menu property %s: %w", name, err)
			}
		}
	}
	n.Label, n.Checked = unmnemonic(n.Label), state == 1
	for _, v := range l.Children {
		var child layout
		if err := v.Store(&child); err != nil {
			return MenuNode{}, fmt.Errorf("menu: %w", err)
		}
		node, err := child.node()
		if err != nil {
			return MenuNode{}, err
		}
		n.Children = append(n.Children, node)
	}
	return n, nil
}

// unmnemonic shows a label as a panel does: "__" is an underscore, a single one is dropped.
func unmnemonic(label string) string {
	const kept = "\x00"
	label = strings.ReplaceAll(label, "__", kept)
	return strings.ReplaceAll(strings.ReplaceAll(label, "_", ""), kept, "_")
}

// WaitMenu waits until an icon's menu is as wanted.
func (d *Desktop) WaitMenu(ctx context.Context, item Item, want func(MenuNode) bool) (MenuNode, error) {
	var last MenuNode
	var problem error
	err := until(ctx, "the menu", func() bool {
		last, problem = d.Menu(ctx, item)
		return problem == nil && want(last)
	})
	if err != nil {
		return last, fmt.Errorf("%w; it reads %q (%v)", err, last.Lines(), problem)
	}
	return last, nil
}

// ClickMenu chooses a line by its labels, as the panel does when a person clicks it. It waits
// until the line is there and enabled.
func (d *Desktop) ClickMenu(ctx context.Context, item Item, labels ...string) error {
	root, err := d.WaitMenu(ctx, item, func(n MenuNode) bool {
		line, ok := n.Find(labels...)
		return ok && line.Enabled
	})
	if err != nil {
		return fmt.Errorf("menu line %q: %w", labels, err)
	}
	line, _ := root.Find(labels...)
	return d.menuEvent(ctx, item, line.ID, "clicked")
}

func (d *Desktop) menuEvent(ctx context.Context, item Item, id int32, event string) error {
	return d.conn.Object(item.Owner, item.Menu).CallWithContext(ctx, menuName+".Event", 0,
		id, event, dbus.MakeVariant(int32(0)), uint32(time.Now().Unix())).Err
}
