package tray

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
)

// Details is the text that "Copy details" puts on the clipboard: everything a colleague or a bug
// report needs, and no token.
func Details(s agent.Snapshot, now time.Time) string {
	var b strings.Builder
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-14s %s\n", name+":", value)
		}
	}
	row("aztray", stamp(now))
	row("Level", s.Level.String())
	row("Account", s.Account)
	row("Tenant", named(s.Tenant.Label(), s.Tenant.Domain, s.Tenant.ID))
	row("Subscription", named(s.Subscription.Name, "", s.Subscription.ID))
	row("Credential", s.Credential)
	row("Scope", s.Scope)
	row("Signed in", stamp(s.SignedInAt))
	row("Deadline", deadlineStamp(s))
	row("Token ends", stamp(s.TokenExpires))
	row("Offline since", stamp(s.OfflineSince))
	if r := s.Renewal; r != nil {
		row("Renewing", fmt.Sprintf("%s, since %s", r.Way, stamp(r.Since)))
	}
	problem(row, "Problem", s.Problem)
	problem(row, "Last sign-in", s.Failure)
	for _, p := range s.Missing {
		problem(row, "Missing", p)
	}
	for _, c := range s.Containers {
		value := fmt.Sprintf("%s, %s, %s", c.Name, c.Delivery, c.State)
		if !c.ExpiresOn.IsZero() {
			value += ", until " + stamp(c.ExpiresOn)
		}
		if c.Engine != "" {
			value += ", on " + c.Engine
		}
		if c.Error != "" {
			value += ": " + c.Error
		}
		row("Container", value)
	}
	return masked(b.String())
}

// problem writes a problem, what to do, and every cause below it.
func problem(row func(name, value string), name string, p *auth.Problem) {
	if p == nil {
		return
	}
	row(name, p.Error())
	row("  kind", string(p.Kind))
	row("  advice", p.Advice)
	for err := p.Err; err != nil; err = errors.Unwrap(err) {
		row("  cause", strings.Join(strings.Fields(err.Error()), " "))
	}
}

func deadlineStamp(s agent.Snapshot) string {
	if s.Deadline.IsZero() {
		return "none"
	}
	return fmt.Sprintf("%s (%s)", stamp(s.Deadline), s.DeadlineSource)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// named joins the different names of one thing.
func named(label, domain, id string) string {
	s := label
	for _, also := range []string{domain, id} {
		if also != "" && also != label {
			s = strings.TrimSpace(s + " " + also)
		}
	}
	return s
}

// tokenLike is what a token looks like: causes are redacted where they arise, but this text goes
// to other people, so it is looked through once more.
var tokenLike = regexp.MustCompile(`eyJ[\w-]{8,}(\.[\w-]+)*|[\w\-.]{100,}`)

func masked(s string) string { return tokenLike.ReplaceAllString(s, "[redacted]") }
