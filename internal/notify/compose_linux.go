package notify

import (
	"net/url"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

// capabilities is what a server says it can do.
type capabilities struct{ actions, markup, persistence bool }

func newCapabilities(names []string) capabilities {
	return capabilities{
		actions:     slices.Contains(names, "actions"),
		markup:      slices.Contains(names, "body-markup"),
		persistence: slices.Contains(names, "persistence"),
	}
}

// The values of expire_timeout.
const (
	serverDecides int32 = -1
	never         int32 = 0
)

var escapeMarkup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// compose gives the arguments of Notify: app_name, replaces_id, app_icon, summary, body, actions,
// hints, expire_timeout.
func compose(n Note, can capabilities, replaces uint32, icon, tag string) []any {
	body := n.Body
	actions := []string{}
	if can.actions {
		if n.renews() {
			// A click on the note itself; mako and dunst reach only this one by mouse. It has no label,
			// for xfce4-notifyd 0.7 would draw it as one more button.
			actions = append(actions, "default", "")
		}
		for _, b := range n.Buttons {
			actions = append(actions, string(b.Key), b.Label)
		}
	} else {
		body = sentences(body, n.NoButtons)
	}
	if can.markup {
		body = escapeMarkup.Replace(body)
	}
	hints := map[string]dbus.Variant{
		"urgency":       dbus.MakeVariant(byte(n.Urgency)),
		"desktop-entry": dbus.MakeVariant("aztray"),
		"category":      dbus.MakeVariant("network"),
		// Replace in place also where the server forgot the id (dunst, mako, notify-osd).
		"x-canonical-private-synchronous": dbus.MakeVariant(tag),
		"x-dunst-stack-tag":               dbus.MakeVariant(tag),
	}
	if icon != "" {
		hints["image-path"] = dbus.MakeVariant((&url.URL{Scheme: "file", Path: icon}).String())
	}
	if n.Transient {
		hints["transient"] = dbus.MakeVariant(true)
	}
	return []any{"aztray", replaces, "", n.Summary, body, actions, hints, timeout(n, can)}
}

// timeout keeps a warning on the screen until it is answered, unless the server keeps a list where
// it can be found later. What is merely news goes when the server likes.
func timeout(n Note, can capabilities) int32 {
	switch {
	case n.Urgency == Critical:
		return never
	case n.Urgency == Normal && !n.Transient && !can.persistence:
		return never
	}
	return serverDecides
}

// renews reports whether the note offers a sign-in.
func (n Note) renews() bool { return len(n.Buttons) > 0 && n.Buttons[0].Key == KeyRenew }
