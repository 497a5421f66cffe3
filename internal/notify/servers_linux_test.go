package notify

import "testing"

// What is not known is not believed.
func TestBodyClick(t *testing.T) {
	for _, c := range []struct {
		name, version string
		want          bodyClick
	}{
		{"dunst", "1.9.0", bodyRenews},
		{"dunst", "1.13.2", bodyRenews},
		{"dunst", "v1.12.0-rc1", bodyRenews},
		{"dunst", "1.10", bodyRenews},
		{"dunst", "1.8.1", bodyNothing},
		{"dunst", "", bodyNothing},
		{"dunst", "latest", bodyNothing},
		{"Dunst", "1.9.0", bodyNothing},
		{"mako", "0.0.0", bodyRenews},
		{"SwayNotificationCenter", "0.12.6", bodyDetails},
		{"Plasma", "6.7.4", bodyDetails},
		{"Plasma", "5.27.5", bodyNothing},
		{"gnome-shell", "51.0", bodyDetails},
		{"gnome-shell", "51.alpha", bodyDetails},
		{"gnome-shell", "43.9", bodyNothing},
		{"lxqt-notificationd", "2.4.0", bodyDetails},
		{"Xfce Notify Daemon", "0.9.7", bodyNothing},
		{"Xfce Notify Daemon", "0.7.3", bodyNothing},
		{"naughty", "4.3", bodyNothing},
		{"", "", bodyNothing},
		{"Budgie Notification Server", "10.9", bodyNothing},
	} {
		if got := (identity{c.name, c.version}).bodyClick(); got != c.want {
			t.Errorf("%s %s: %d, want %d", c.name, c.version, got, c.want)
		}
	}
	for _, s := range servers {
		if s.seen == "" || s.since == "" {
			t.Errorf("%s has no evidence", s.name)
		}
	}
}
