// Package notify tells a person, by desktop notifications, that a sign-in ends or has ended, and
// takes the answer from their buttons. What to show is decided by Decide, a pure function; Run is
// the edge to the desktop. It knows Snapshots and Commands of the agent; it knows nothing of the
// tray, of az or of containers' insides, and never sees a token.
package notify

import (
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
)

// Settings is when a person is told.
type Settings struct {
	Warn   []time.Duration // before the deadline, longest first; empty means 30, 10 and 2 minutes
	Snooze time.Duration   // 0 means 15 minutes
}

func (o Settings) warn() []time.Duration {
	if len(o.Warn) == 0 {
		return []time.Duration{30 * time.Minute, 10 * time.Minute, 2 * time.Minute}
	}
	return o.Warn
}

func (o Settings) snooze() time.Duration {
	if o.Snooze <= 0 {
		return 15 * time.Minute
	}
	return o.Snooze
}

// rungs counts the steps of the ladder that are due. An unknown deadline has one step: now.
func (o Settings) rungs(deadline, now time.Time) int {
	if deadline.IsZero() {
		return 1
	}
	due := 0
	for _, before := range o.warn() {
		if deadline.Sub(now) <= before {
			due++
		}
	}
	return due
}

// Stage is what a person has been told, the words being those of auth.Level; "" is that all is well.
type Stage string

const (
	allWell   Stage = ""
	expiring  Stage = "expiring"
	expired   Stage = "expired"
	signedOut Stage = "signed-out"
)

// rank orders the stages: a snooze ends when the rank rises.
func (s Stage) rank() int {
	switch s {
	case expiring:
		return 1
	case expired:
		return 2
	case signedOut:
		return 3
	}
	return 0
}

// Memory is what must be remembered so that nobody is told the same thing twice, not even after a
// restart. It is kept as JSON; the fields without a name there hold for one run only.
type Memory struct {
	Stage        Stage     `json:"stage"`         // what was last told
	Deadline     time.Time `json:"deadline"`      // the one it was told for, UTC
	Rung         int       `json:"rung"`          // how many steps of the ladder were used up for Deadline
	SnoozedUntil time.Time `json:"snoozed_until"` // silence until then, UTC; zero without a snooze
	Warned       bool      `json:"warned"`        // a warning was shown, so the end of it is worth a word
	Failure      string    `json:"failure"`       // the failed sign-in that is already known to the person

	Seen    bool `json:"-"` // a level was judged in this run: what changes now, changes while we look
	Trying  bool `json:"-"` // the person's own sign-in was under way at the last look
	Visible bool `json:"-"` // a warning is on the screen
}

// Action is what to do on the screen. The zero Action is nothing.
type Action struct {
	Show     *Note // put it there, in place of the one before
	Withdraw bool  // take away what is there
}

// Decide says what to show, replace or withdraw at now. It speaks on a change of level, on the steps
// of the ladder before a deadline and when a snooze ends; never because a token that is renewed
// silently runs down, and never because the network is away. Clock times in the texts are in now's
// location.
func Decide(m Memory, s agent.Snapshot, now time.Time, o Settings) (Memory, Action) {
	level, theirs := judged(s)
	switch {
	case theirs:
		act := Action{Withdraw: m.Visible}
		m.Trying, m.Failure, m.Visible = true, "", false
		return m, act
	case level == auth.OK:
		return recovered(m, s, now)
	case stageOf(level) == allWell:
		return m, Action{} // unknown: what was said stays said
	}
	return warned(m, s, stageOf(level), now, o)
}

// Next says when to decide again although nothing changed; zero is never.
func Next(m Memory, s agent.Snapshot, now time.Time, o Settings) time.Time {
	level, theirs := judged(s)
	stage := stageOf(level)
	if theirs || stage == allWell || !s.OfflineSince.IsZero() {
		return time.Time{}
	}
	if !m.SnoozedUntil.IsZero() {
		return m.SnoozedUntil
	}
	var next time.Time
	if stage != expiring || s.Deadline.IsZero() {
		return next
	}
	for _, before := range o.warn() {
		at := s.Deadline.Add(-before)
		if at.After(now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// Snooze silences the ladder for a while, for a person pressed the button.
func Snooze(m Memory, now time.Time, o Settings) Memory {
	m.SnoozedUntil = now.Add(o.snooze()).UTC().Round(0)
	m.Visible = false
	return m
}

// judged gives the level that counts, and whether a sign-in that the person started is under way.
func judged(s agent.Snapshot) (level auth.Level, theirs bool) {
	if s.Level != auth.Renewing {
		return s.Level, false
	}
	return s.Before, s.Renewal == nil || s.Renewal.Way != "silent"
}

func stageOf(l auth.Level) Stage {
	switch l {
	case auth.Expiring:
		return expiring
	case auth.Expired:
		return expired
	case auth.SignedOut:
		return signedOut
	}
	return allWell
}

// recovered decides while all is well.
func recovered(m Memory, s agent.Snapshot, now time.Time) (Memory, Action) {
	act := Action{Withdraw: m.Visible}
	if m.Warned && m.Seen {
		act = Action{Show: signedInNote(s, m.Stage, now)}
	}
	return Memory{Seen: true, Failure: failureKey(s.Failure)}, act
}

// warned decides while the sign-in is at stage, which is not all well.
func warned(m Memory, s agent.Snapshot, stage Stage, now time.Time, o Settings) (Memory, Action) {
	ended := m.Trying || s.Failure != nil && failureKey(s.Failure) != m.Failure
	failed := ended && s.Failure != nil && s.Failure.Kind != auth.Cancelled
	running := m.Seen
	if !s.OfflineSince.IsZero() && !failed {
		return m, Action{} // nobody can sign in now: tell when the network is back
	}
	m.Seen, m.Trying, m.Failure = true, false, failureKey(s.Failure)
	if ended && s.Failure == nil && m.SnoozedUntil.IsZero() {
		// The sign-in went well and the level has not followed yet: it gets a minute.
		m.SnoozedUntil = now.Add(time.Minute).UTC().Round(0)
	}

	worse := stage.rank() > m.Stage.rank()
	silent := now.Before(m.SnoozedUntil) && !worse
	woken := !m.SnoozedUntil.IsZero() && !now.Before(m.SnoozedUntil)
	show := failed || !silent && (woken || fresh(m, s, stage, running, now, o))
	stale := m.Visible && m.Stage != stage
	if !show {
		if stale {
			m.Visible = false
		}
		if !silent && stage != m.Stage { // milder than what was told, and not yet worth a word
			m.Stage, m.Deadline, m.Rung = stage, time.Time{}, 0
		}
		return m, Action{Withdraw: stale}
	}

	lowKey := stage == signedOut && m.Stage != signedOut && running && !failed
	n := warning(s, stage, now, failed, lowKey)
	m.Stage, m.Deadline, m.Rung = stage, s.Deadline, o.rungs(s.Deadline, now)
	m.SnoozedUntil, m.Visible = time.Time{}, true
	m.Warned = m.Warned || !lowKey
	return m, Action{Show: n}
}

// fresh reports whether there is something to say that was not said yet.
func fresh(m Memory, s agent.Snapshot, stage Stage, running bool, now time.Time, o Settings) bool {
	other := s.Deadline.Sub(m.Deadline).Abs() >= time.Minute
	switch {
	case stage == expiring && (stage != m.Stage || other):
		return o.rungs(s.Deadline, now) > 0
	case stage == expiring:
		return o.rungs(s.Deadline, now) > m.Rung
	case stage != m.Stage:
		return true
	}
	// Another sign-in came and went while we were not running.
	return !running && stage == expired && other && s.Deadline.After(m.Deadline)
}

// failureKey tells one failed attempt from another by value, for snapshots may copy their parts.
func failureKey(p *auth.Problem) string {
	if p == nil {
		return ""
	}
	return p.Code + ": " + p.Message
}
