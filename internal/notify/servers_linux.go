package notify

import (
	"strconv"
	"strings"
)

// Notification servers differ in what a click on a note's body means. By the specification it invokes the action
// "default"; but some send that when a note is merely dismissed, and some draw it as one more button. So it is
// offered only to servers that were seen to mean it, and a server of an unknown name or version is not believed.
// https://specifications.freedesktop.org/notification-spec/latest/protocol.html

// identity is what a server says of itself.
type identity struct{ name, version string }

// bodyClick is what a click on a note's body does.
type bodyClick int

const (
	bodyNothing bodyClick = iota // "default" is not offered, and not obeyed
	bodyDetails                  // buttons are drawn: it shows the details
	bodyRenews                   // none are drawn, and this click is the only one there is
)

// servers are those that were looked at. A version is the first at which that was; later ones count as it.
var servers = []struct {
	name  string
	since string
	body  bodyClick
	seen  string // the evidence
}{
	{"dunst", "1.9.0", bodyRenews, "1.9.0, 1.12 and 1.13.2 with real clicks: no buttons; the middle click sends default, " +
		"the left one closes (2) and the end of time (1) too, both without an action"},
	{"mako", "0.0.0", bodyRenews, "1.10 and 1.11.0, which both call themselves 0.0.0: no buttons; the left click sends default, " +
		"the right one dismisses without an action"},
	{"SwayNotificationCenter", "0.11", bodyDetails, "0.11 and 0.12.6: the left click sends default, the others and the end of time do not"},
	{"Plasma", "6.7", bodyDetails, "6.7.4 on X11: the left click sends default; the history draws it as a button"},
	{"gnome-shell", "51", bodyDetails, "51.0: the click sends default, the cross and the end of time do not"},
	{"lxqt-notificationd", "2.4", bodyDetails, "2.4.0: the click sends default, and no NotificationClosed comes after it"},
	{"Xfce Notify Daemon", "0", bodyNothing, "0.9.7 never sends default and draws it as a button, blank without a label; " +
		"0.7.3 dismisses (2) by a click on the body"},
	// They send default for a note that was dismissed: awesomeWM/awesome #3863, #3944; elementary/notifications #141.
	{"naughty", "0", bodyNothing, "dismissing sends default"},
	{"io.elementary.notifications", "0", bodyNothing, "the close button sent default"},
}

// bodyClick is what a click on the body is taken for.
func (id identity) bodyClick() bodyClick {
	for _, s := range servers {
		if s.name == id.name && !older(id.version, s.since) {
			return s.body
		}
	}
	return bodyNothing
}

// older reports whether the version a comes before b; one that has no numbers comes before all.
func older(a, b string) bool {
	as, bs := numbers(a), numbers(b)
	for i := range max(len(as), len(bs)) {
		if x, y := at0(as, i), at0(bs, i); x != y {
			return x < y
		}
	}
	return len(as) == 0
}

func at0(all []int, i int) int {
	if i < len(all) {
		return all[i]
	}
	return 0
}

// numbers are the parts of a version such as "v1.9.0-rc1" up to the first that is no number.
func numbers(version string) (all []int) {
	for part := range strings.SplitSeq(strings.TrimPrefix(version, "v"), ".") {
		digits := part[:len(part)-len(strings.TrimLeft(part, "0123456789"))]
		n, err := strconv.Atoi(digits)
		if err != nil {
			break
		}
		if all = append(all, n); digits != part {
			break
		}
	}
	return all
}
