package health

import (
	"testing"
	"time"
)

// While the person's settings are not known the page does not say that no container matches them.
func TestThePageWithoutThePersonsSettings(t *testing.T) {
	s := signedIn()
	s.Held, s.Containers = true, nil
	if got, want := newView(s, 0, clock{}, time.Now()).BoxesWords, "None is looked after until your settings can be used."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
