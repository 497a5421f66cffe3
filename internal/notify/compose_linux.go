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

// actionDefault is the specification's name for the click on a note's body.
const actionDefault = "default"

// compose gives the arguments of Notify: app_name, replaces_id, app_icon, summary, body, actions,
// hints, expire_timeout. bodyKey is what a click on the note itself does; "": it is not offered.
func compose(n Note, can capabilities, bodyKey Key, replaces uint32, icon, tag string) []any {
	body := n.Body
	actions := []string{}
	if can.actions {
		switch bodyKey {
		case KeyDetails:
			actions = append(actions, actionDefault, "Show details")
		case KeyRenew:
			actions = append(actions, actionDefault, "") // dunst and mako draw no labels
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

// bodyKey is what a click on the note itself does on a server; "" where it does nothing.
func (n Note) bodyKey(click bodyClick) Key {
	switch {
	case click == bodyRenews && n.renews():
		return KeyRenew
	case click == bodyDetails && len(n.Buttons) > 0:
		return KeyDetails
	}
	return ""
}

// keys are those of the note's buttons.
func (n Note) keys() (all []Key) {
	for _, b := range n.Buttons {
		all = append(all, b.Key)
	}
	return all
}
