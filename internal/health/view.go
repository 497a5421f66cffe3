package health

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
)

// view is all that the page shows of one snapshot at one moment. The template draws it and does not
// think about it.
type view struct {
	Title      string
	Level      string // picks shape and colour
	LevelWords string
	Headline   string
	Lines      []string
	Renew      string // what the button says; "" where there is none
	RenewOff   bool
	Cancel     bool
	Problems   []trouble
	Chart      chart
	Boxes      []box
	BoxesWords string
	Tenants    []tenant
	Rows       []row
	At         string // when this was
}

// trouble is what is wrong, and what to do.
type trouble struct {
	Title, Message, Advice, Code string
	Button                       string // the one of the page that cures it; "" where none does
	Raw                          string // the text that it was told from, redacted
	Bad                          bool   // red, not amber
}

type box struct {
	ID                              string
	Name, Note, State, Until, Class string
	Error                           string
	Ask                             *ask // the question about it, open or answered with never; nil without one
}

// ask is a question about a container, with its answers.
type ask struct {
	Question containers.Question
	Allow    string // what the button says
	Never    string // what follows "Never"; "" where that was the answer
}

type tenant struct {
	ID, Text string
	Current  bool
}

type row struct{ Name, Value string }

func newView(s agent.Snapshot, past int, c clock, now time.Time) view {
	v := view{Level: s.Level.String(), LevelWords: levelWords[s.Level], Headline: headline(s, c, now), Lines: lines(s, c, now),
		Cancel: s.Renewal != nil && s.Renewal.Way != "silent", Problems: troubles(s), Chart: timeline(s, past, c, now), Rows: rows(s, c, now),
		At: c.in(s.At).Format("15:04:05")}
	v.Title = v.Headline + " · aztray"
	if !v.Cancel {
		v.Renew, v.RenewOff = renewButton(s)
	}
	fresh := 0
	for _, b := range s.Containers {
		if b.State == containers.Fresh {
			fresh++
		}
		v.Boxes = append(v.Boxes, newBox(b, c, now))
	}
	v.BoxesWords = containersWords(fresh, len(s.Containers), s.Held)
	for _, t := range s.Tenants {
		text := t.Label()
		if t.Domain != "" && t.Domain != text {
			text += " (" + t.Domain + ")"
		}
		v.Tenants = append(v.Tenants, tenant{t.ID, text, t.ID == s.Tenant.ID})
	}
	return v
}

// renewButton is what the tray's line says, and it is off when that is: never as the cure of what a
// sign-in cannot cure.
func renewButton(s agent.Snapshot) (text string, off bool) {
	text = "Renew now"
	if s.Level == auth.SignedOut || s.Account == "" {
		text = "Sign in"
	}
	useless := s.Problem != nil && !s.Problem.SignInCures() && s.Level != auth.OK
	noAZ := slices.ContainsFunc(s.Missing, func(p *auth.Problem) bool { return p.Kind == auth.AZMissing || p.Kind == auth.AZBroken })
	cannot := s.Kind != "" && s.Kind != auth.AccountNone && !s.Kind.Renewable()
	return text, useless || noAZ || cannot || s.Renewal != nil
}

// troubles is what is wrong: with the sign-in, with the last attempt, with the endpoint, with what is
// not there.
func troubles(s agent.Snapshot) (all []trouble) {
	add := func(title string, p *auth.Problem, bad bool) {
		if p != nil {
			t := trouble{Title: title, Message: p.Message, Advice: p.Advice, Code: p.Code, Raw: raw(p), Bad: bad}
			if text, off := renewButton(s); p.SignInCures() && !off {
				t.Button = text
			}
			all = append(all, t)
		}
	}
	if s.Level != auth.SignedOut { // the headline says that
		add("The sign-in", s.Problem, s.Level == auth.Expired)
	}
	if s.Level != auth.Renewing {
		add("The last sign-in", s.Failure, false)
	}
	if s.OpenAI != nil {
		add("Azure OpenAI", s.OpenAI.Problem, false)
	}
	for _, p := range s.Missing {
		add("Not there", p, false)
	}
	return all
}

// raw is what a problem was told from, as a log would have it: redacted.
func raw(p *auth.Problem) string {
	var parts []string
	for _, a := range p.LogValue().Group() {
		if a.Key == "cause" && a.Value.Kind() == slog.KindString {
			parts = append(parts, a.Value.String())
		}
	}
	return strings.Join(parts, "\n")
}

func newBox(b containers.Status, c clock, now time.Time) box {
	v := box{ID: b.ID, Name: b.Name, Note: strings.Join(slices.DeleteFunc([]string{b.Project, b.Engine}, func(s string) bool { return s == "" }), ", "),
		State: boxWords(b), Class: "wait", Error: cmp.Or(b.Error, consentWords(b)), Ask: newAsk(b)}
	switch b.State {
	case containers.Fresh:
		v.Class = "good"
	case containers.Failed, containers.Unwritable, containers.Unreachable, containers.Stale:
		v.Class = "bad"
	}
	if !b.Running {
		v.State += ", stopped"
	}
	if b.Away {
		v.State += ", when its engine last answered"
	}
	if !b.ExpiresOn.IsZero() {
		v.Until = "until " + c.moment(b.ExpiresOn, now)
		if !b.ExpiresOn.After(now) {
			v.Until = "ended " + c.moment(b.ExpiresOn, now)
		}
	}
	return v
}

// newAsk gives the answers that the tray's menu gives.
func newAsk(b containers.Status) *ask {
	q := b.Consent.Question
	if q == containers.NoQuestion {
		return nil
	}
	a := &ask{Question: q, Allow: allowWords(b)}
	if !b.Consent.Never {
		a.Never = neverWords(b)
	}
	return a
}

// rows are the facts for who wants them all.
func rows(s agent.Snapshot, c clock, now time.Time) (all []row) {
	add := func(name, value string) {
		if value != "" {
			all = append(all, row{name, value})
		}
	}
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return c.moment(t, now)
	}
	add("Account", s.Account)
	add("Tenant", joined(s.Tenant.Label(), s.Tenant.Domain, s.Tenant.ID))
	add("Subscription", cmp.Or(s.Subscription.Name, s.Subscription.ID))
	add("Credential", s.Credential)
	add("Scope", s.Scope)
	add("Signed in", at(s.SignedInAt))
	add("Access token until", at(s.TokenExpires))
	if s.OpenAI != nil {
		add("Azure OpenAI", s.OpenAI.Endpoint+", "+string(s.OpenAI.Status))
	}
	return all
}

// joined are the different names of one thing.
func joined(names ...string) string {
	var all []string
	for _, n := range names {
		if n != "" && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return strings.Join(all, ", ")
}
