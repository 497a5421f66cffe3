package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
	"aztray/internal/report"
)

// headline is the one sentence that says how things stand.
func headline(w report.Whole, now time.Time) string {
	r := w.Report
	switch r.Level {
	case auth.OK:
		switch {
		case r.Problem != nil && r.AccessToken != nil:
			return "Signed in; Microsoft's sign-in service cannot be asked at the moment, and the token lasts until " + clock(r.AccessToken.ExpiresOn, now) + "."
		case r.Deadline != nil && !w.Beside.Idle:
			return "Signed in, until " + clock(*r.Deadline, now) + "."
		}
		return "Signed in; tokens are renewed without you."
	case auth.Expiring:
		if r.DeadlineSource == auth.DeadlineAccessToken {
			return "You are needed: containers work until " + clock(*r.Deadline, now) + "."
		}
		return "You are needed: the sign-in ends at " + clock(*r.Deadline, now) + "."
	case auth.Expired:
		return ended(r.Problem.Full(""), w.Beside.Concerns) + failing(r)
	case auth.SignedOut:
		return "Nobody is signed in."
	}
	return "How the sign-in stands cannot be told at the moment."
}

// ended says what became of the sign-in: where a policy or a proof is in the way, it may well be good.
func ended(p *auth.Problem, t auth.Tenant) string {
	switch {
	case p != nil && p.Kind == auth.ClaimsRequired:
		return "This sign-in is not enough"
	case p != nil && !p.SignInCures():
		return "Access to " + cmp.Or(t.Label(), "the tenant") + " is refused"
	}
	return "The sign-in has ended"
}

func failing(r Report) string {
	if len(r.Containers) == 0 {
		return ", and there is no token that works."
	}
	return ", and containers are failing now."
}

// whatToDo is what is wrong, and the next step.
func (c *command) whatToDo(w io.Writer, all report.Whole) {
	r := all.Report
	p := r.Problem.Full(all.Beside.Raw)
	switch {
	case p == nil && r.Level == auth.Expiring:
		fmt.Fprintf(w, "\nSign in again before that: aztray service auth-renew\n")
	case p == nil && slices.ContainsFunc(r.Containers, lacks):
		fmt.Fprintf(w, "\nGive the containers the new credential: aztray service sync\n")
	case p == nil, r.Level == auth.SignedOut && all.Beside.NoAZ: // that comes first, and is said below
	case r.Level == auth.SignedOut: // the headline says what is wrong
		fmt.Fprintf(w, "\n%s\n", p.Advice)
	default:
		fmt.Fprintf(w, "\n%s\n%s\n", p.Message, p.Advice)
	}
	if c.verbose && p != nil && p.Err != nil {
		fmt.Fprintf(w, "%s: %v\n", p.Code, p.Err)
	}
}

// lacks reports a container that a delivery would help.
func lacks(b ContainerReport) bool {
	return b.Consent == nil && (b.State == containers.Stale || b.State == containers.Missing)
}

// kindWords is what az is signed in as, where that is not simply a person.
func kindWords(k auth.AccountKind) string {
	switch {
	case k == auth.AccountPerson, k == auth.AccountNone, k == "":
		return ""
	case k.Renewable():
		return k.Words()
	}
	return k.Words() + "; no browser renews that"
}

// deadlineWords says when the sign-in ends and from what that is known.
func (c *command) deadlineWords(w report.Whole) string {
	r := w.Report
	if r.Deadline == nil || r.DeadlineSource == auth.DeadlineAccessToken {
		return ""
	}
	how := "learned"
	if w.Beside.LastsBy == auth.DeadlineConfigured {
		how = "your setting"
	}
	unless := ""
	if w.Beside.Idle {
		unless = " if it stays unused"
	}
	return fmt.Sprintf("ends %s%s (%s: %s)", strings.NewReplacer(" (", ", ", ")", "").Replace(clock(*r.Deadline, c.Now())), unless, how, auth.PeriodWords(w.Beside.Lasts))
}

func tenantWords(t auth.Tenant) string {
	if t.Label() == t.ID {
		return t.ID
	}
	return t.Label() + " (" + t.ID + ")"
}

func tokenWords(t *TokenReport, now time.Time) string {
	if t == nil {
		return ""
	}
	if !t.ExpiresOn.After(now) {
		return "ended " + clock(t.ExpiresOn, now)
	}
	return "lasts until " + clock(t.ExpiresOn, now)
}

// clock is a time of today as a clock shows it, else with its day.
func clock(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		if left := t.Sub(now); left > 0 && left < time.Hour {
			return fmt.Sprintf("%s (in %s)", t.Format("15:04"), minutes(left))
		}
		return t.Format("15:04")
	}
	return t.Format("Mon 2 Jan 15:04")
}

func minutes(d time.Duration) string {
	if d < time.Minute {
		return "less than a minute"
	}
	return fmt.Sprintf("%d min", int(d.Minutes()))
}

var openAIWords = map[openai.Status]string{
	openai.Healthy: "takes the token", openai.Degraded: "takes the token, but not every call",
	openai.Unhealthy: "refuses your calls", openai.Unknown: "could not be asked",
}

var stateWords = map[containers.State]string{
	containers.Fresh: "has the credential", containers.Stale: "has an old one", containers.Missing: "has none yet",
	containers.Shared: "shares your own az directory", containers.OwnSignIn: "has a sign-in of its own, left alone",
	containers.Unwritable: "its az directory is read-only", containers.Unreachable: "nothing in its image can use one", containers.Failed: "failed, see below",
}
