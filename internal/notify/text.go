package notify

import (
	"strings"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
)

// Urgency is how loudly a note speaks; the numbers are those of org.freedesktop.Notifications.
type Urgency byte

const (
	Low      Urgency = 0
	Normal   Urgency = 1
	Critical Urgency = 2
)

// Key names what a button does; it is what the desktop sends back.
type Key string

const (
	KeyRenew   Key = "renew"
	KeySnooze  Key = "snooze"
	KeyRestart Key = "restart"
	KeyDetails Key = "details" // no button has it: a click on the note itself, where buttons are drawn
)

// Button is one answer that a note offers.
type Button struct {
	Key   Key
	Label string
}

// Note is one notification. The fact is in the summary, for some desktops show nothing else.
type Note struct {
	Summary   string
	Body      string
	Buttons   []Button
	Urgency   Urgency
	Transient bool   // passing news: not kept in the desktop's list, gone by itself
	NoButtons string // the sentence to add where the desktop draws no buttons
}

// warning is the note for a stage. Failed says that the person's own sign-in just ended without
// success; lowKey that the person signed out while we looked.
func warning(s agent.Snapshot, stage Stage, now time.Time, failed, lowKey bool) *Note {
	if lowKey {
		return &Note{
			Summary:   "Signed out of Azure",
			Body:      "Containers get no new token until you sign in again.",
			Buttons:   []Button{{KeyRenew, "Sign in"}},
			Urgency:   Low,
			NoButtons: "Open the tray menu to sign in.",
		}
	}
	n := &Note{Urgency: Normal, NoButtons: "Open the tray menu to renew."}
	label := "Renew now"
	var why, next string
	switch stage {
	case expiring:
		n.Summary, why, next = expiringTexts(s, now)
	case expired:
		n.Urgency = Critical
		n.Summary, why, next = expiredTexts(s, now)
	case signedOut:
		n.Summary = "Not signed in to Azure"
		n.NoButtons = "Open the tray menu to sign in."
		label = "Sign in"
		why = "Containers that use the Azure CLI's sign-in have no access."
		next = "Sign in with the browser and they get the new token."
	}

	problem := s.Problem
	if failed {
		problem = s.Failure
	}
	if problem != nil && (failed || stage != signedOut || blocks(problem)) {
		why = problem.Message
		if s.Concerns.ID != "" && s.Concerns.ID != s.Tenant.ID { // not the one that the person has in mind
			why = tenant(s) + ": " + why
		}
	}
	n.Buttons = []Button{{KeyRenew, label}, {KeySnooze, "Snooze"}}
	if blocks(problem) {
		next = problem.Advice
		n.Buttons = n.Buttons[1:]
		n.NoButtons = ""
	}
	n.Body = sentences(why, next)
	return n
}

// blocks reports whether a sign-in would not help. A network or a server that is away says nothing
// about that.
func blocks(p *auth.Problem) bool {
	return p != nil && !p.SignInCures() && p.Kind != auth.Transient && p.Kind != auth.Offline
}

func expiringTexts(s agent.Snapshot, now time.Time) (summary, why, next string) {
	summary = "Azure sign-in ends soon"
	if !s.Deadline.IsZero() {
		summary = "Azure sign-in ends " + clock(s.Deadline, now)
	}
	switch s.DeadlineSource {
	case auth.DeadlineConfigured, auth.DeadlineLearned:
		why = tenant(s) + " asks for a new sign-in then."
	default:
		why = tenant(s) + " no longer renews it without you."
	}
	return summary, why, "Renew now and no container loses access."
}

func expiredTexts(s agent.Snapshot, now time.Time) (summary, why, next string) {
	why = "The sign-in to " + tenant(s) + " has ended."
	if !s.Deadline.IsZero() && s.Deadline.Before(now) {
		why = "The sign-in to " + tenant(s) + " ended " + clock(s.Deadline, now) + "."
	}
	switch {
	case len(s.Containers) == 0:
		return "Azure sign-in has ended", why, "Renew it in the browser."
	case s.TokenExpires.After(now):
		return "Azure sign-in has ended", why, "Containers keep their access until " + at(s.TokenExpires, now) + ". Renew it in the browser and they keep it longer."
	}
	return "Containers have lost Azure access", why, "Renew it in the browser and every container gets the new token."
}

// signedInNote is the word after a warning that no longer holds.
func signedInNote(s agent.Snapshot, was Stage, now time.Time) *Note {
	var who []string
	if name := tenant(s); name != "Azure" {
		who = append(who, name)
	}
	if s.Account != "" {
		who = append(who, "as "+s.Account)
	}
	body := strings.Join(who, ", ")
	if body != "" {
		body = strings.ToUpper(body[:1]) + body[1:] + "."
	}
	if !s.Deadline.IsZero() {
		body = sentences(body, "Good until "+at(s.Deadline, now)+".")
	}
	summary := "Signed in again"
	if was == signedOut {
		summary = "Signed in to Azure"
	}
	return &Note{Summary: summary, Body: body, Urgency: Low, Transient: true}
}

// tenant names the tenant; a bare id says nothing to a person.
func tenant(s agent.Snapshot) string {
	t := s.Concerns
	if t.ID == "" {
		t = s.Tenant
	}
	if label := t.Label(); label != "" && label != t.ID {
		return label
	}
	return "Azure"
}

// clock says when t is with the preposition: "at 17:40", or "on Tue at 09:10" for another day. A
// notification is read later than it is written, so it never says "in ten minutes".
func clock(t, now time.Time) string {
	t = t.In(now.Location())
	if sameDay(t, now) {
		return "at " + t.Format("15:04")
	}
	return "on " + t.Format("Mon") + " at " + t.Format("15:04")
}

// at says the same without a preposition: "17:40", "Tue 09:10".
func at(t, now time.Time) string {
	t = t.In(now.Location())
	if sameDay(t, now) {
		return t.Format("15:04")
	}
	return t.Format("Mon 15:04")
}

func sameDay(a, b time.Time) bool {
	return a.YearDay() == b.YearDay() && a.Year() == b.Year()
}

// sentences joins sentences, each closed by a full stop if it has no end of its own.
func sentences(parts ...string) string {
	var out []string
	for _, p := range parts {
		p = strings.TrimSpace(p)
		if p == "" {
			continue
		}
		if !strings.ContainsAny(p[len(p)-1:], ".!?") {
			p += "."
		}
		out = append(out, p)
	}
	return strings.Join(out, " ")
}
