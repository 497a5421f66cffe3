//go:build e2e

package notify

import (
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
)

// orders are the signals of a server about one note, one letter each: r, s and d press Renew now, Snooze and the
// note itself, x presses what was not offered, c closes it, t brings the compositor's leave, and o is all of that
// of another program's note. What should come of it: renew, renew with the leave, snooze, or what the server is
// known for ("body").
var orders = []struct{ signals, want string }{
	{"c", ""}, {"cc", ""}, {"x", ""}, {"xc", ""}, {"cx", ""}, {"o", ""}, {"oc", ""},
	{"r", "renew"}, {"rc", "renew"}, {"cr", "renew"}, {"rr", "renew"}, {"rcr", "renew"}, {"crr", "renew"}, {"crc", "renew"}, {"or", "renew"}, {"ocor", "renew"},
	{"tr", "renew+"}, {"trc", "renew+"}, {"tcr", "renew+"}, {"ctr", "renew+"}, {"otr", "renew+"},
	{"s", "snooze"}, {"sc", "snooze"}, {"cs", "snooze"}, {"css", "snooze"}, {"tsc", "snooze"}, {"sr", "snooze"}, {"csr", "snooze"},
	{"d", "body"}, {"dc", "body"}, {"cd", ""}, {"cdd", ""}, {"td", "body+"}, {"tdc", "body+"}, {"tcd", ""}, {"od", "body"},
	{"cdr", "renew"}, {"cdc", ""}, {"rd", "renew"}, {"rcd", "renew"}, {"sd", "snooze"}, {"xr", "renew"},
}

// identities are those of the table, each at a version that was looked at, and some that nobody knows.
var identities = []struct {
	is   identity
	body string // what a click on the note is: renew, details or nothing
}{
	{identity{"dunst", "1.13.2"}, "renew"}, {identity{"mako", "0.0.0"}, "renew"},
	{identity{"SwayNotificationCenter", "0.12.6"}, "details"}, {identity{"Plasma", "6.7.4"}, "details"},
	{identity{"gnome-shell", "51.0"}, "details"}, {identity{"lxqt-notificationd", "2.4.0"}, "details"},
	{identity{"Xfce Notify Daemon", "0.9.7"}, ""}, {identity{"naughty", "4.3"}, ""}, {identity{"io.elementary.notifications", "7.1"}, ""},
	{identity{"dunst", "1.2.0"}, ""}, {identity{"nobody knows", "1"}, ""}, {identity{}, ""},
}

func TestTheSignalsOfAServerInEveryOrder(t *testing.T) {
	for _, who := range identities {
		t.Run(strings.TrimSpace(who.is.name+" "+who.is.version), func(t *testing.T) {
			privateBus(t)
			s := startServerAs(t, who.is, 100, allCaps...)
			for _, o := range orders {
				t.Run(o.signals, func(t *testing.T) {
					body := map[string]string{"body": who.body, "body+": who.body + "+"}
					want, isBody := body[o.want]
					if !isBody {
						want = o.want
					}
					if want == "+" {
						want = ""
					}
					if got := s.play(t, o.signals); got != want {
						t.Errorf("%s: %q, want %q", o.signals, got, want)
					}
				})
			}
		})
	}
}

// play shows a warning and an offer, says the signals about the warning, and gives what came of it before the
// offer was taken, whose button is pressed last: signals come in their order.
func (s *server) play(t *testing.T, signals string) string {
	t.Helper()
	s.mu.Lock()
	before := len(s.log)
	s.mu.Unlock()
	details := make(chan string, 8)
	var snoozed atomic.Bool
	l := startRun(t, Options{Details: func(token string) { details <- token }, Settings: Settings{Snooze: time.Hour},
		Save: func(m Memory) error { snoozed.Store(!m.SnoozedUntil.IsZero()); return nil }})
	defer l.stop()
	l.updates <- snap(auth.Expired, ended(), func(s *agent.Snapshot) {
		s.Containers = []containers.Status{{ID: "w", Name: "web", Stuck: true, RestartHelps: true}}
	})
	shown := s.calls(t, before+2)[before:]
	warning, offer := shown[0], shown[1]
	for _, letter := range signals {
		switch letter {
		case 'r':
			s.say("ActionInvoked", warning.id, "renew")
		case 's':
			s.say("ActionInvoked", warning.id, "snooze")
		case 'd':
			s.say("ActionInvoked", warning.id, "default")
		case 'x':
			s.say("ActionInvoked", warning.id, "restart")
			s.say("ActionInvoked", warning.id, "details")
		case 'c':
			s.say("NotificationClosed", warning.id, uint32(2))
		case 't':
			s.say("ActivationToken", warning.id, "leave")
		case 'o':
			s.say("ActivationToken", uint32(3), "another's")
			s.say("ActionInvoked", uint32(3), "renew")
			s.say("NotificationClosed", uint32(3), uint32(2))
		}
	}
	s.say("ActionInvoked", offer.id, "restart")
	var got []string
	for {
		switch c := l.command(t).(type) {
		case agent.Restart:
			select {
			case token := <-details:
				got = append(got, "details"+plus(token))
			default:
			}
			if snoozed.Load() {
				got = append(got, "snooze")
			}
			if !reflect.DeepEqual(c, agent.Restart{Names: []string{"web"}}) {
				t.Errorf("the offer was taken as %+v", c)
			}
			return strings.Join(got, " ")
		case agent.Renew:
			got = append(got, "renew"+plus(c.ActivationToken))
		default:
			t.Errorf("asked for %+v", c)
		}
	}
}

func plus(token string) string {
	return map[string]string{"": "", "leave": "+"}[token] + strings.Repeat("?", max(0, len(token)-len("leave")))
}

// A button of a note that we took back, or put another in the place of, is dead, and so is one whose cure has come.
func TestAnOfferEnds(t *testing.T) {
	stuck := func(l auth.Level, deadline time.Time, change ...func(*agent.Snapshot)) agent.Snapshot {
		return snap(l, deadline, append(change, func(s *agent.Snapshot) {
			s.Containers = []containers.Status{{ID: "w", Name: "web", Stuck: true, RestartHelps: true}}
		})...)
	}
	for name, next := range map[string]agent.Snapshot{
		"signed in elsewhere": stuck(auth.OK, time.Time{}),
		"a sign-in runs":      stuck(auth.Expired, ended(), signingIn("browser")),
		"another note":        stuck(auth.SignedOut, time.Time{}),
	} {
		for _, closed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, closed %v", name, closed), func(t *testing.T) {
				privateBus(t)
				s := startServerAs(t, identity{"mako", "0.0.0"}, 7, allCaps...)
				s.anew = true
				l := startRun(t, Options{})
				l.updates <- stuck(auth.Expiring, inTen())
				shown := s.calls(t, 2)
				if closed {
					s.say("NotificationClosed", shown[0].id, uint32(1))
				}
				l.updates <- next
				s.say("ActionInvoked", shown[0].id, "renew")
				s.say("ActionInvoked", shown[0].id, "default")
				s.say("ActionInvoked", shown[1].id, "restart")
				if c, ok := l.command(t).(agent.Restart); !ok {
					t.Errorf("asked for %+v", c)
				}
			})
		}
	}
}

// What is asked for in a list of old notes, long after the note is gone, is done while it is of use.
func TestAButtonInTheServersList(t *testing.T) {
	privateBus(t)
	s := startServerAs(t, identity{"gnome-shell", "51.0"}, 7, append([]string{"persistence"}, allCaps...)...)
	l := startRun(t, Options{})
	l.updates <- snap(auth.Expired, ended())
	id := s.calls(t, 1)[0].id
	s.say("NotificationClosed", id, uint32(1))
	for range 3 {
		l.updates <- snap(auth.Expired, ended())
	}
	s.say("ActionInvoked", id, "renew")
	if got := l.command(t); got != (agent.Renew{}) {
		t.Errorf("asked for %+v", got)
	}
}
