package health

import (
	"fmt"
	"slices"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
)

// chart is the timeline as it is drawn. Places are percent of its width, so that text keeps its size on
// a narrow window.
type chart struct {
	Title    string // what a screen reader says of it
	Now      pct
	Ends     *tip // the predicted end, where it lies within
	Crowded  bool // that leaves no room to name the present
	SignIns  []bar
	SignOuts []tip
	Tokens   []bar
	Renewals []tip
	Delivers []tip
	Ticks    []tip
	List     []entry // the same in words, newest first
	Days     []span  // what may be looked at
}

// pct is a place or a width, in percent.
type pct float64

func (p pct) String() string { return fmt.Sprintf("%.2f%%", float64(p)) }

// bar is something that lasts.
type bar struct {
	X, W  pct
	Class string
	Title string
}

// tip is something at one moment; its Class is its shape.
type tip struct {
	X     pct
	Class string
	Title string
}

// entry is a line of the list.
type entry struct{ At, ISO, Text string }

// span is a choice of how much of the past is shown.
type span struct {
	Days    int
	Text    string
	Current bool
}

const (
	maxAhead = 24 * time.Hour
	minAhead = 3 * time.Hour
	maxList  = 40
	crowded  = 30 // percent: what two words take on a narrow window
)

// days are what may be shown of the past.
var days = []span{{Days: 1, Text: "Last day"}, {Days: 4, Text: "Last 4 days"}}

// sheet is the paper that a chart is drawn on.
type sheet struct {
	from, to, now time.Time
	c             clock
	s             agent.Snapshot
}

// timeline draws what happened in the last days and what is expected in the hours ahead.
func timeline(s agent.Snapshot, past int, c clock, now time.Time) chart {
	p := sheet{from: now.Add(-time.Duration(past) * 24 * time.Hour), to: now.Add(minAhead * time.Duration(1+past/2)), now: now, c: c, s: s}
	if ahead := s.Deadline.Sub(now); !s.Deadline.IsZero() && ahead > 0 && ahead < maxAhead {
		if to := s.Deadline.Add(p.to.Sub(p.from) / 16); to.After(p.to) {
			p.to = to
		}
	}
	ch := chart{Now: p.x(now), SignIns: p.signIns(), Tokens: p.tokens(), Ticks: p.ticks(), List: p.list()}
	for _, m := range s.Past.Moments {
		if m.At.Before(p.from) {
			continue
		}
		t := tip{X: p.x(m.At), Title: p.words(m)}
		switch m.Kind {
		case agent.SignedOut:
			t.Class = "out"
			ch.SignOuts = append(ch.SignOuts, t)
		case agent.Renewed:
			t.Class = renewalShape(m)
			ch.Renewals = append(ch.Renewals, t)
		case agent.Delivered:
			t.Class = "done"
			if m.Outcome != string(containers.Fresh) {
				t.Class = "bad"
			}
			ch.Delivers = append(ch.Delivers, t)
		}
	}
	if s.Deadline.After(now) && s.Deadline.Before(p.to) {
		ch.Ends = &tip{X: p.x(s.Deadline), Title: c.in(s.Deadline).Format("15:04")}
		ch.Crowded = ch.Ends.X-ch.Now < crowded
	}
	for _, d := range days {
		d.Current = d.Days == past
		ch.Days = append(ch.Days, d)
	}
	ch.Title = fmt.Sprintf("Timeline from %s to %s. The list below says the same in words.", c.moment(p.from, now), c.moment(p.to, now))
	return ch
}

// renewalShape is the mark of a renewal: the ways differ in shape, not in colour alone.
func renewalShape(m agent.Moment) string {
	switch {
	case m.Outcome != agent.OutcomeOK:
		return "bad"
	case m.Way == "silent":
		return "done"
	case m.Way == "az":
		return "az"
	}
	return "person"
}

// x is where a time is, within the paper.
func (p sheet) x(t time.Time) pct {
	part := float64(t.Sub(p.from)) / float64(p.to.Sub(p.from))
	return pct(100 * min(max(part, 0), 1))
}

func (p sheet) bar(from, to time.Time, class, title string) bar {
	return bar{X: p.x(from), W: p.x(to) - p.x(from), Class: class, Title: title}
}

// signIns are the sign-ins: each from its begin to its end, as far as they are known, and the one that
// lasts to its predicted end.
func (p sheet) signIns() (all []bar) {
	var open time.Time
	end := func(at time.Time) {
		if !open.IsZero() && at.After(p.from) {
			all = append(all, p.bar(open, at, "was", "Signed in from "+p.c.moment(open, p.now)+" to "+p.c.moment(at, p.now)))
		}
		open = time.Time{}
	}
	for _, m := range p.s.Past.Moments {
		switch {
		case m.Kind == agent.SignedIn:
			end(m.At)
			open = m.At
		case m.Kind == agent.SignedOut, m.Kind == agent.Renewed && m.Outcome == agent.OutcomeRefused:
			end(m.At)
		case m.Kind == agent.Renewed && m.Outcome == agent.OutcomeOK && open.IsZero():
			open = m.At
		}
	}
	if open.IsZero() || p.s.Level == auth.SignedOut {
		end(p.now)
		return all
	}
	all = append(all, p.bar(open, p.now, "is", "Signed in since "+p.c.moment(open, p.now)))
	switch {
	case p.s.Deadline.After(p.now):
		all = append(all, p.bar(p.now, p.s.Deadline, "will", "Expected to end "+p.c.moment(p.s.Deadline, p.now)))
	case p.s.Deadline.IsZero() && p.s.Level == auth.OK:
		all = append(all, p.bar(p.now, p.to, "open", "No end is known"))
	}
	return all
}

// tokens are the times in which there was a live access token, those that overlap as one, and what is
// left of the last. A sign-out takes it away.
func (p sheet) tokens() (all []bar) {
	type life struct{ from, to time.Time }
	var lives []life
	for _, m := range p.s.Past.Moments {
		if n := len(lives); n > 0 && m.Kind == agent.SignedOut {
			lives[n-1].to = earlier(lives[n-1].to, m.At)
		}
		if m.Kind != agent.Renewed || m.Until.IsZero() || !m.Until.After(p.from) || p.s.Tenant.ID != "" && m.Tenant != p.s.Tenant.ID {
			continue
		}
		if n := len(lives); n > 0 && !m.At.After(lives[n-1].to) {
			lives[n-1].to = later(lives[n-1].to, m.Until)
			continue
		}
		lives = append(lives, life{m.At, m.Until})
	}
	for _, l := range lives {
		title := "A live token from " + p.c.moment(l.from, p.now) + " to " + p.c.moment(l.to, p.now)
		if !l.to.After(p.now) || p.s.Level == auth.SignedOut {
			all = append(all, p.bar(l.from, earlier(l.to, p.now), "was", title))
			continue
		}
		all = append(all, p.bar(l.from, p.now, "is", title), p.bar(p.now, l.to, "will", "The token in hand lasts until "+p.c.moment(l.to, p.now)))
	}
	return all
}

// steps are the distances that ticks may have.
var steps = []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

const maxTicks = 6

func (p sheet) ticks() (all []tip) {
	step := steps[len(steps)-1]
	for _, s := range slices.Backward(steps) {
		if p.to.Sub(p.from) <= maxTicks*s {
			step = s
		}
	}
	y, m, d := p.c.in(p.from).Date()
	loc := p.c.in(p.from).Location()
	for hour := 0; ; hour += int(step.Hours()) {
		t := time.Date(y, m, d, hour, 0, 0, 0, loc) // by the calendar: a day may have 23 hours
		if t.After(p.to) {
			return all
		}
		if t.Before(p.from) {
			continue
		}
		text := t.Format("15:04")
		if t.Hour() == 0 {
			text = t.Format("Mon 2")
		}
		all = append(all, tip{X: p.x(t), Title: text})
	}
}

// list is what happened in words, newest first.
func (p sheet) list() (all []entry) {
	for _, m := range slices.Backward(p.s.Past.Moments) {
		if m.At.Before(p.from) || len(all) == maxList {
			break
		}
		all = append(all, entry{At: p.c.moment(m.At, p.now), ISO: m.At.UTC().Format(time.RFC3339), Text: momentWords(m, p.tenant(m), p.c, p.now)})
	}
	return all
}

func (p sheet) words(m agent.Moment) string {
	return p.c.moment(m.At, p.now) + ": " + momentWords(m, p.tenant(m), p.c, p.now)
}

// tenant names the tenant of a moment.
func (p sheet) tenant(m agent.Moment) string {
	for _, t := range p.s.Tenants {
		if t.ID == m.Tenant {
			return t.Label()
		}
	}
	return m.Tenant
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
