package notify

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
)

var (
	now      = time.Date(2026, 3, 10, 17, 10, 0, 0, time.UTC)
	half     = now.Add(30 * time.Minute) // a deadline: 17:40
	usual    = Settings{}
	refused  = &auth.Problem{Code: "AADSTS70043", Kind: auth.SignInRequired, Message: "Contoso wants you to sign in again every 12 hours", Advice: "Sign in"}
	policy   = &auth.Problem{Code: "AADSTS53000", Kind: auth.PolicyBlocked, Message: "Contoso lets in managed devices only.", Advice: "Ask your administrator to enrol this device."}
	timedOut = &auth.Problem{Code: "SIGN_IN_TIMED_OUT", Kind: auth.TimedOut, Message: "The browser never answered."}
	gaveUp   = &auth.Problem{Code: "SIGN_IN_CANCELLED", Kind: auth.Cancelled, Message: "You cancelled it."}
	offline  = &auth.Problem{Code: "OFFLINE", Kind: auth.Offline, Message: "Entra cannot be reached."}
)

// snap is a Snapshot of a sign-in at Contoso, with a container.
func snap(l auth.Level, deadline time.Time, change ...func(*agent.Snapshot)) agent.Snapshot {
	s := agent.Snapshot{
		Level: l, Deadline: deadline, DeadlineSource: auth.DeadlineLearned, Account: "ada@contoso.example",
		Tenant:     auth.Tenant{ID: "0", Name: "Contoso"},
		Containers: []containers.Status{{Name: "api"}},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func problem(p *auth.Problem) func(*agent.Snapshot) { return func(s *agent.Snapshot) { s.Problem = p } }
func failure(p *auth.Problem) func(*agent.Snapshot) { return func(s *agent.Snapshot) { s.Failure = p } }
func away(s *agent.Snapshot)                        { s.OfflineSince = now }
func signingIn(way string) func(*agent.Snapshot) {
	return func(s *agent.Snapshot) {
		s.Before, s.Level = s.Level, auth.Renewing
		s.Renewal = &agent.Renewal{Way: way}
	}
}

// What was on a person's mind before: shown in this run, and on the screen.
var (
	seen        = Memory{Seen: true}
	toldHalf    = Memory{Stage: expiring, Deadline: half, Rung: 1, Warned: true, Seen: true, Visible: true}
	toldExpired = Memory{Stage: expired, Deadline: now, Rung: 3, Warned: true, Seen: true, Visible: true}
	toldOut     = Memory{Stage: signedOut, Rung: 1, Warned: true, Seen: true, Visible: true}
)

func restarted(m Memory) Memory {
	data, _ := json.Marshal(m)
	var back Memory
	json.Unmarshal(data, &back)
	return back
}

func closedByHand(m Memory) Memory { m.Visible = false; return m }
func snoozed(m Memory, left time.Duration) Memory {
	m.SnoozedUntil, m.Visible = now.Add(left), false
	return m
}
func trying(m Memory) Memory { m.Trying, m.Visible = true, false; return m }

const withdraw = "(withdraw)"

func TestDecideSpeaksOnlyWhenThereIsNews(t *testing.T) {
	tests := []struct {
		name string
		mem  Memory
		snap agent.Snapshot
		want string // the summary that is shown, withdraw, or nothing
	}{
		{"nothing is known yet", Memory{}, snap(auth.Unknown, time.Time{}), ""},
		{"all is well", Memory{}, snap(auth.OK, time.Time{}), ""},
		{"all is well and the end is known", seen, snap(auth.OK, half), ""},
		{"well, and the token runs down while it is renewed silently", seen,
			snap(auth.OK, time.Time{}, func(s *agent.Snapshot) { s.TokenExpires, s.Refreshable = now.Add(time.Minute), true }), ""},
		{"the end comes near", seen, snap(auth.Expiring, half), "Azure sign-in ends at 17:40"},
		{"at start, near its end", Memory{}, snap(auth.Expiring, half), "Azure sign-in ends at 17:40"},
		{"amber, but earlier than the person wants to hear", seen, snap(auth.Expiring, now.Add(time.Hour)), ""},
		{"near an end that nobody knows", seen, snap(auth.Expiring, time.Time{}), "Azure sign-in ends soon"},
		{"told already", toldHalf, snap(auth.Expiring, half), ""},
		{"told already, then restarted", restarted(toldHalf), snap(auth.Expiring, half), ""},
		{"told already, and closed by hand", closedByHand(toldHalf), snap(auth.Expiring, half), ""},
		{"told, and the deadline moves by seconds", toldHalf, snap(auth.Expiring, half.Add(-20*time.Second)), ""},
		{"told, and the deadline comes nearer", toldHalf, snap(auth.Expiring, half.Add(-5*time.Minute)), "Azure sign-in ends at 17:35"},
		{"told, and the level is lost for a moment", toldHalf, snap(auth.Unknown, time.Time{}), ""},

		{"the end has come", toldHalf, snap(auth.Expired, now), "Containers have lost Azure access"},
		{"the end has come, no containers", toldHalf, snap(auth.Expired, now, func(s *agent.Snapshot) { s.Containers = nil }), "Azure sign-in has ended"},
		{"the end has come, containers' tokens live on", toldHalf, snap(auth.Expired, now, func(s *agent.Snapshot) { s.TokenExpires = half }), "Azure sign-in has ended"},
		{"ended, told already", toldExpired, snap(auth.Expired, now), ""},
		{"ended, told, restarted", restarted(toldExpired), snap(auth.Expired, now), ""},
		{"ended, told, restarted after another sign-in ended", restarted(toldExpired), snap(auth.Expired, now.Add(5*time.Minute)), "Containers have lost Azure access"},
		{"ended, but az gives a bit more", toldExpired, snap(auth.Expiring, half), "Azure sign-in ends at 17:40"},
		{"ended, but az gives much more", toldExpired, snap(auth.Expiring, now.Add(time.Hour)), withdraw},

		{"nobody is signed in at start", Memory{}, snap(auth.SignedOut, time.Time{}), "Not signed in to Azure"},
		{"nobody is signed in, told before the restart", restarted(toldOut), snap(auth.SignedOut, time.Time{}), ""},
		{"signed out while we look", seen, snap(auth.SignedOut, time.Time{}), "Signed out of Azure"},
		{"signed out while a warning is shown", toldExpired, snap(auth.SignedOut, time.Time{}), "Signed out of Azure"},

		{"signed in again", toldHalf, snap(auth.OK, time.Time{}), "Signed in again"},
		{"signed in again, the warning was closed by hand", closedByHand(toldExpired), snap(auth.OK, time.Time{}), "Signed in again"},
		{"signed in while we were not running", restarted(toldExpired), snap(auth.OK, time.Time{}), ""},
		{"signed in after a sign-out on purpose", Memory{Stage: signedOut, Seen: true, Visible: true}, snap(auth.OK, time.Time{}), withdraw},

		{"a sign-in starts", toldHalf, snap(auth.Expiring, half, signingIn("browser")), withdraw},
		{"a sign-in starts, nothing on the screen", closedByHand(toldHalf), snap(auth.Expiring, half, signingIn("browser")), ""},
		{"a sign-in runs while the end comes", trying(toldHalf), snap(auth.Expired, now, signingIn("browser")), ""},
		{"the tenant is switched silently", toldHalf, snap(auth.Expiring, half, signingIn("silent")), ""},
		{"the sign-in fails", trying(toldHalf), snap(auth.Expiring, half, failure(timedOut)), "Azure sign-in ends at 17:40"},
		{"the sign-in fails too fast to be seen", toldHalf, snap(auth.Expiring, half, failure(timedOut)), "Azure sign-in ends at 17:40"},
		{"the failure was told", Memory{Stage: expiring, Deadline: half, Rung: 1, Failure: failureKey(timedOut), Seen: true, Visible: true},
			snap(auth.Expiring, half, failure(timedOut)), ""},
		{"the person cancels it", trying(toldHalf), snap(auth.Expiring, half, failure(gaveUp)), ""},
		{"the sign-in from signed-out fails", trying(toldOut), snap(auth.SignedOut, time.Time{}, failure(timedOut)), "Not signed in to Azure"},
		{"the sign-in goes well and the level lags", trying(toldExpired), snap(auth.Expired, now), ""},
		{"a sign-in failed while all was well", seen, snap(auth.OK, time.Time{}, failure(timedOut)), ""},

		{"snoozed", snoozed(toldHalf, time.Minute), snap(auth.Expiring, now.Add(2*time.Minute)), ""},
		{"the snooze is over", snoozed(toldHalf, 0), snap(auth.Expiring, half), "Azure sign-in ends at 17:40"},
		{"the snooze is over, of the red one", snoozed(toldExpired, 0), snap(auth.Expired, now), "Containers have lost Azure access"},
		{"snoozed, restarted", restarted(snoozed(toldHalf, time.Minute)), snap(auth.Expiring, now.Add(2*time.Minute)), ""},
		{"snoozed, and it gets worse", snoozed(toldHalf, time.Minute), snap(auth.Expired, now), "Containers have lost Azure access"},
		{"snoozed, and a sign-in fails", snoozed(trying(toldHalf), time.Minute), snap(auth.Expiring, half, failure(timedOut)), "Azure sign-in ends at 17:40"},

		{"offline", seen, snap(auth.OK, time.Time{}, away, problem(offline)), ""},
		{"offline near the end", seen, snap(auth.Expiring, half, away), ""},
		{"offline at the end", toldHalf, snap(auth.Expired, now, away), ""},
		{"offline, and the person tried", trying(toldHalf), snap(auth.Expiring, half, away, failure(offline)), "Azure sign-in ends at 17:40"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mem, act := Decide(tt.mem, tt.snap, now, usual)
			if got := said(act); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if again, act := Decide(mem, tt.snap, now, usual); act != (Action{}) || !reflect.DeepEqual(again, mem) {
				t.Errorf("decided twice, it says %q and remembers %+v after %+v", said(act), again, mem)
			}
		})
	}
}

// said names an action: its summary, withdraw, or nothing.
func said(a Action) string {
	switch {
	case a.Show != nil && a.Show.Summary == "":
		return "(an empty note)"
	case a.Show != nil:
		return a.Show.Summary
	case a.Withdraw:
		return withdraw
	}
	return ""
}

// TestLadder walks through time as Run does: from one wake-up to the next, with a snapshot that does
// not change but for its level at the deadline.
func TestLadder(t *testing.T) {
	type line struct{ at, said string }
	one := Settings{Warn: []time.Duration{30 * time.Minute}}
	tests := []struct {
		name    string
		o       Settings
		snoozes []string // at these times the person presses Snooze
		closes  []string // and at these closes the note
		want    []line
	}{
		{"nobody acts", usual, nil, nil, []line{
			{"17:10", "Azure sign-in ends at 17:40"},
			{"17:30", "Azure sign-in ends at 17:40"},
			{"17:38", "Azure sign-in ends at 17:40"},
			{"17:40", "Containers have lost Azure access"},
		}},
		{"one step", one, nil, nil, []line{
			{"17:10", "Azure sign-in ends at 17:40"},
			{"17:40", "Containers have lost Azure access"},
		}},
		{"closed by hand", usual, nil, []string{"17:10", "17:40"}, []line{
			{"17:10", "Azure sign-in ends at 17:40"},
			{"17:30", "Azure sign-in ends at 17:40"},
			{"17:38", "Azure sign-in ends at 17:40"},
			{"17:40", "Containers have lost Azure access"},
		}},
		{"snoozed over a step", Settings{Snooze: 25 * time.Minute}, []string{"17:10"}, nil, []line{
			{"17:10", "Azure sign-in ends at 17:40"},
			{"17:35", "Azure sign-in ends at 17:40"},
			{"17:38", "Azure sign-in ends at 17:40"},
			{"17:40", "Containers have lost Azure access"},
		}},
		{"snoozed at once and at the end", one, []string{"17:10", "17:40"}, nil, []line{
			{"17:10", "Azure sign-in ends at 17:40"},
			{"17:25", "Azure sign-in ends at 17:40"},
			{"17:40", "Containers have lost Azure access"},
			{"17:55", "Containers have lost Azure access"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []line
			mem, at := seen, now.Add(-time.Hour)
			for {
				s := snap(auth.OK, half)
				switch {
				case !at.Before(half):
					s.Level = auth.Expired
				case half.Sub(at) <= 30*time.Minute:
					s.Level = auth.Expiring
				}
				var act Action
				mem, act = Decide(mem, s, at, tt.o)
				if what := said(act); what != "" {
					stamp := at.Format("15:04")
					got = append(got, line{stamp, what})
					mem = personActs(mem, at, tt.o, stamp, tt.snoozes, tt.closes)
				}
				next := Next(mem, s, at, tt.o)
				if change := levelChange(at); !change.IsZero() && (next.IsZero() || change.Before(next)) {
					next = change
				}
				if next.IsZero() {
					break
				}
				if !next.After(at) {
					t.Fatalf("at %v the next wake-up is %v: it would spin", at, next)
				}
				at = next
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %v\nwant %v", got, tt.want)
			}
		})
	}
}

func personActs(m Memory, at time.Time, o Settings, stamp string, snoozes, closes []string) Memory {
	for _, s := range snoozes {
		if s == stamp {
			return Snooze(m, at, o)
		}
	}
	for _, c := range closes {
		if c == stamp {
			return closedByHand(m)
		}
	}
	return m
}

// levelChange is when the agent's next snapshot comes.
func levelChange(at time.Time) time.Time {
	for _, c := range []time.Time{half.Add(-30 * time.Minute), half} {
		if c.After(at) {
			return c
		}
	}
	return time.Time{}
}

func TestASnoozeOfTheLevelThatLagsIsAMinute(t *testing.T) {
	s := snap(auth.Expired, now)
	mem, _ := Decide(trying(toldExpired), s, now, usual)
	if next := Next(mem, s, now, usual); !next.Equal(now.Add(time.Minute)) {
		t.Fatalf("looks again at %v, want in a minute", next)
	}
	if _, act := Decide(mem, s, now.Add(time.Minute), usual); said(act) != "Containers have lost Azure access" {
		t.Errorf("a minute later it says %q", said(act))
	}
}

func TestASignOutOnPurposeEndsWithoutAWord(t *testing.T) {
	mem, _ := Decide(seen, snap(auth.SignedOut, time.Time{}), now, usual)
	if _, act := Decide(mem, snap(auth.OK, time.Time{}), now, usual); said(act) != withdraw {
		t.Errorf("it says %q", said(act))
	}
}

func TestWhatWasHeldOfflineIsSaidWhenTheNetworkIsBack(t *testing.T) {
	mem, _ := Decide(seen, snap(auth.Expiring, half, away), now, usual)
	if next := Next(mem, snap(auth.Expiring, half, away), now, usual); !next.IsZero() {
		t.Errorf("offline, it wants to wake at %v", next)
	}
	if _, act := Decide(mem, snap(auth.Expiring, half), now, usual); said(act) != "Azure sign-in ends at 17:40" {
		t.Errorf("back online it says %q", said(act))
	}
}
