package tray

import "testing"

func TestEscape(t *testing.T) {
	for _, c := range []struct{ desktop, in, want string }{
		{"XFCE", "code_story_web", "code__story__web"},
		{"KDE", "no line below", "no line below"},
		{"ubuntu:GNOME", "code_story_web", "code__story_web"}, // it undoes the first pair only
	} {
		t.Setenv("XDG_CURRENT_DESKTOP", c.desktop)
		if got := escape(c.in); got != c.want {
			t.Errorf("%s: %q, want %q", c.desktop, got, c.want)
		}
	}
}

func TestHour12(t *testing.T) {
	for locale, want := range map[string]bool{"en_US.UTF-8": true, "en_GB.UTF-8": false, "de_DE@euro": false, "C": false, "": false, "es_MX": true} {
		if got := hour12(locale); got != want {
			t.Errorf("%q: %v", locale, got)
		}
	}
}
