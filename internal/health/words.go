package health

import (
	"cmp"
	"fmt"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
)

// Every sentence of the page and of the report is in this file.

// headline says in one sentence how things stand.
func headline(s agent.Snapshot, c clock, now time.Time) string {
	tenant := cmp.Or(s.Concerns.Label(), s.Tenant.Label(), "your directory")
	switch s.Level {
	case auth.OK:
		if s.Deadline.IsZero() {
			return "Signed in to " + tenant
		}
		return "Signed in to " + tenant + " until " + c.moment(s.Deadline, now)
	case auth.Expiring:
		return "You are needed by " + c.moment(s.Deadline, now)
	case auth.Expired:
		if s.Problem != nil && !s.Problem.SignInCures() {
			return "Access to " + tenant + " is refused"
		}
		return "The sign-in to " + tenant + " has ended"
	case auth.SignedOut:
		return "Nobody is signed in to Azure"
	case auth.Renewing:
		if s.Renewal != nil && s.Renewal.Way == "silent" {
			return "Renewing the token for " + tenant
		}
		return "Signing in to " + tenant
	}
	return "The sign-in is not known yet"
}

// levelWords name the level beside its shape.
var levelWords = map[auth.Level]string{auth.OK: "Good", auth.Expiring: "Ends soon", auth.Expired: "Expired",
	auth.SignedOut: "Signed out", auth.Renewing: "Renewing", auth.Unknown: "Not known"}

// lines say below the headline what it rests on.
func lines(s agent.Snapshot, c clock, now time.Time) (all []string) {
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	switch {
	case s.Level == auth.SignedOut:
		add("Containers get no token until you sign in.")
	case s.Level == auth.Renewing && s.Renewal != nil && s.Renewal.Way == "browser":
		add("Your browser is asking you, since %s.", c.moment(s.Renewal.Since, now))
	case s.Level == auth.Expired && !s.Deadline.IsZero():
		add("Containers are failing since %s.", c.moment(s.Deadline, now))
	case s.Level == auth.Expiring && s.DeadlineSource == auth.DeadlineAccessToken:
		add("Renewal is refused. Containers work until the token ends.")
	case s.Level == auth.Expiring:
		add("The sign-in ends then%s. Signing in takes a minute.", source(s))
	case s.Level == auth.OK && !s.Deadline.IsZero():
		add("Tokens are renewed without you until then%s.", source(s))
	case s.Level == auth.OK && s.Refreshable:
		add("Tokens are renewed without you; no end is known.")
	}
	if !s.OfflineSince.IsZero() {
		add("Microsoft Entra can't be reached since %s.", c.moment(s.OfflineSince, now))
	}
	for _, t := range s.InUse {
		if t.Tenant.ID != s.Concerns.ID && s.Level != auth.SignedOut {
			add("Also in use: %s, %s.", t.Tenant.Label(), otherWords(t, c, now))
		}
	}
	return all
}

func source(s agent.Snapshot) string {
	switch {
	case s.DeadlineSource == auth.DeadlineConfigured:
		return " (your setting)"
	case s.DeadlineSource == auth.DeadlineLearned && s.Lifetime > 0:
		return " (learned: your organisation lets a sign-in last " + auth.PeriodWords(s.Lifetime) + ")"
	case s.DeadlineSource == auth.DeadlineLearned:
		return " (learned)"
	}
	return ""
}

func otherWords(t agent.TenantState, c clock, now time.Time) string {
	switch t.Level {
	case auth.OK:
		return "signed in"
	case auth.Expiring:
		return "you are needed by " + c.moment(t.Deadline, now)
	case auth.Expired:
		return "its containers have lost access"
	}
	return "not known yet"
}

var stateWords = map[containers.State]string{
	containers.Fresh: "has the token", containers.Stale: "needs the new token", containers.Missing: "has no token yet",
	containers.Shared: "uses your own az directory, which is never written", containers.OwnSignIn: "has a sign-in of its own, left alone",
	containers.Unwritable: "its az directory is read-only", containers.Unreachable: "nothing in its image can use the token",
	containers.Failed: "the token could not be delivered",
}

// boxWords is a container's state; what it waits for and what it holds besides tokens come before it.
func boxWords(b containers.Status) string {
	switch {
	case b.State == containers.Fresh && b.Refresh:
		return "holds your refresh token"
	case b.State == containers.Fresh || b.Consent.Question != containers.AskEngine:
		return stateWords[b.State]
	case b.Consent.Never:
		return "never gets the token, as you said"
	}
	return "gets the token only if you say so"
}

// sayWhereTheKeyIs is said to who has none: the page may be anybody's who reaches loopback.
const sayWhereTheKeyIs = "You can look here, and not act. For buttons, choose “Show details” in the tray's menu, or run aztray page."

// consentWords say how never is taken back, where no error does.
func consentWords(b containers.Status) string {
	switch {
	case !b.Consent.Never:
		return ""
	case b.AskWords().Refused != "":
		return b.AskWords().Refused
	case b.Consent.Question == containers.AskRefresh:
		return "Its label asks for your refresh token, which you said that it never gets; aztray service sync --allow-refresh-token " + b.Name + " takes that back."
	}
	return "The command aztray service sync --allow " + b.Name + " takes that back."
}

// allowWords are the button that says yes, in the container's row. A refresh token is called by its name
// wherever it is given.
func allowWords(b containers.Status) string {
	if words := b.AskWords(); words.Allow != "" {
		return words.Allow
	}
	if b.Consent.Question == containers.AskRefresh {
		return "Give it your refresh token"
	}
	return "Give it the token, though it controls the engine"
}

// neverWords say to a screen reader what "Never" means there.
func neverWords(b containers.Status) string {
	if words := b.AskWords(); words.Aloud != "" {
		return words.Aloud
	}
	if b.Consent.Question == containers.AskRefresh {
		return "give your refresh token to " + b.Name
	}
	return "give the token to " + b.Name
}

// answeredWords say what an answer does.
func answeredWords(b containers.Status, allow bool) string {
	name := b.Name
	if words := b.AskWords(); words.Allowed != "" && allow {
		return "Your answer is kept: " + words.Allowed
	} else if words.Denied != "" {
		return "Your answer is kept: " + words.Denied
	}
	what := "the token"
	if b.Consent.Question == containers.AskRefresh {
		what = "your refresh token"
	}
	if allow {
		return "Your answer is kept: " + name + " gets " + what + "."
	}
	return "Your answer is kept: " + name + " never gets " + what + "."
}

func containersWords(fresh, all int, held bool) string {
	switch {
	case held:
		return "None is looked after until your settings can be used."
	case all == 0:
		return "No running container matches your settings."
	case fresh == all && all == 1:
		return "It has the token."
	case fresh == 0 && all == 1:
		return "It lacks the token."
	case fresh == 0:
		return fmt.Sprintf("None of %d has the token.", all)
	case fresh == all:
		return fmt.Sprintf("All %d have the token.", all)
	}
	return fmt.Sprintf("%d of %d have the token.", fresh, all)
}

// momentWords says what happened, for a list and for the marks of the timeline.
func momentWords(m agent.Moment, tenant string, c clock, now time.Time) string {
	switch m.Kind {
	case agent.SignedIn:
		return "You signed in to " + tenant
	case agent.SignedOut:
		if m.Outcome == agent.OutcomeUnseen {
			return "Nobody was signed in to Azure any more"
		}
		return "You signed out of Azure"
	case agent.Delivered:
		return deliveryWords(m)
	}
	if m.Outcome == agent.OutcomeOK {
		done := map[string]string{"silent": "Renewed silently", "az": "Renewed by az", "browser": "Signed in with the browser",
			"device-code": "Signed in with a device code"}[m.Way]
		if !m.Until.IsZero() {
			done += "; the token lasts until " + c.moment(m.Until, now)
		}
		return done
	}
	tried := map[string]string{"silent": "Silent renewal", "az": "Renewal by az", "browser": "Sign-in with the browser",
		"device-code": "Sign-in with a device code"}[m.Way]
	return tried + " " + map[string]string{agent.OutcomeRefused: "was refused", agent.OutcomeOffline: "found no network",
		agent.OutcomeCancelled: "was cancelled", agent.OutcomeTimedOut: "was not finished in time"}[m.Outcome] +
		map[bool]string{true: "failed"}[m.Outcome == agent.OutcomeFailed] + times(m, c, now)
}

func deliveryWords(m agent.Moment) string {
	who := "a container"
	switch {
	case len(m.Names) == 1 && m.Times == 1:
		who = m.Names[0]
	case m.Times > 1:
		who = fmt.Sprintf("%d containers", m.Times)
	}
	if m.Outcome == string(containers.Fresh) {
		return "Delivered to " + who
	}
	return "Not delivered to " + who + ": " + stateWords[containers.State(m.Outcome)]
}

// times says that something happened again and again.
func times(m agent.Moment, c clock, now time.Time) string {
	if m.Times < 2 {
		return ""
	}
	return fmt.Sprintf(", %d times until %s", m.Times, c.moment(m.Last, now))
}

// clock is how times are written: where the person is.
type clock struct{ loc *time.Location }

func (c clock) in(t time.Time) time.Time {
	if c.loc == nil {
		return t.Local()
	}
	return t.In(c.loc)
}

// day is what stands before the time of a day that is not today.
func day(at, today time.Time) string {
	date := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) // without the summer-time hour
	}
	switch days := int(date(at).Sub(date(today)).Hours() / 24); {
	case days == 0:
		return ""
	case days == 1:
		return "tomorrow "
	case days == -1:
		return "yesterday "
	case days > -6 && days < 6:
		return at.Format("Monday ")
	}
	return at.Format("Mon 2 Jan ")
}

// moment is a time as it stands after "until" or "since": the clock alone today, else with the day; and
// how far it is where that is less than an hour.
func (c clock) moment(t, now time.Time) string {
	at, today := c.in(t), c.in(now)
	words := day(at, today) + at.Format("15:04")
	switch left := t.Sub(now); {
	case left > 0 && left < time.Minute:
		words += " (in less than a minute)"
	case left > 0 && left < time.Hour:
		words += fmt.Sprintf(" (in %d min)", int(left.Minutes()))
	}
	return words
}
