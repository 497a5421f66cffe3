package tray

import (
	"fmt"
	"strings"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// Every sentence that a person reads in the tray is in this file, whole: nothing is put together
// from fragments elsewhere.

const (
	sayRenewNow     = "Renew now"
	saySignIn       = "Sign in"
	sayCancel       = "Cancel sign-in"
	saySyncNow      = "Sync now"
	sayShow         = "Show details"
	sayCopy         = "Copy details"
	sayQuit         = "Quit aztray"
	sayNoTenant     = "your directory" // where neither name, domain nor id is known
	sayRenewsItself = "Renews by itself; no end is known"
	sayNotYetKnown  = "The sign-in is not known yet"
	saySignedOut    = "Nobody is signed in to Azure"
	sayNoToken      = "Containers get no token until you sign in"
	sayNoContainers = "Containers: none found"
	sayNoneMatches  = "No container matches your settings"
	sayStarting     = "aztray is starting"
)

func saySignedIn(tenant, account string) string {
	if account == "" {
		return fmt.Sprintf("Signed in to %s", tenant)
	}
	return fmt.Sprintf("Signed in to %s as %s", tenant, account)
}

// saySignedInUntil is the tooltip of a sign-in whose end is known.
func saySignedInUntil(tenant, when string) string {
	return fmt.Sprintf("Signed in to %s until %s", tenant, when)
}

// sayActBy is the first line of an amber state: what to do, and by when.
func sayActBy(tenant, when string) string {
	return fmt.Sprintf("Sign in to %s again by %s", tenant, when)
}

// sayBarredFrom is the first line of an amber state that no sign-in cures.
func sayBarredFrom(tenant, when string) string {
	return fmt.Sprintf("Access to %s ends at %s", tenant, when)
}

func sayBarred(tenant string) string { return fmt.Sprintf("Access to %s is refused", tenant) }

func sayEnded(tenant string) string { return fmt.Sprintf("The sign-in to %s has ended", tenant) }

func sayFailingSince(when string) string { return fmt.Sprintf("Containers are failing since %s", when) }

func sayRefused(when string) string {
	return fmt.Sprintf("Renewal is refused: containers work until %s", when)
}

func saySignInEnds(when string, source auth.DeadlineSource, lasts time.Duration, idle bool) string {
	if idle {
		return fmt.Sprintf("Sign-in ends %s if unused (learned: %s)", when, auth.PeriodWords(lasts))
	}
	switch source {
	case auth.DeadlineConfigured:
		return fmt.Sprintf("Sign-in ends %s (your setting)", when)
	case auth.DeadlineLearned:
		if lasts > 0 {
			return fmt.Sprintf("Sign-in ends %s (learned: %s)", when, auth.PeriodWords(lasts))
		}
		return fmt.Sprintf("Sign-in ends %s (learned)", when)
	}
	return fmt.Sprintf("Sign-in ends %s", when)
}

// sayKind is for an az that no browser can renew.
func sayKind(k auth.AccountKind) string {
	return fmt.Sprintf("az is signed in as %s; no browser renews that", k.Words())
}

// sayOther is how another tenant in use stands.
func sayOther(tenant string, level auth.Level, until string) string {
	switch level {
	case auth.OK:
		return fmt.Sprintf("Also in use: %s, signed in", tenant)
	case auth.Expiring:
		return fmt.Sprintf("Also in use: %s, you are needed by %s", tenant, until)
	case auth.Expired:
		return fmt.Sprintf("Also in use: %s, its containers have lost access", tenant)
	}
	return fmt.Sprintf("Also in use: %s, not known yet", tenant)
}

func sayTokenLasts(when string) string { return fmt.Sprintf("The token lasts until %s", when) }

func sayPageAt(address, why string) string {
	return fmt.Sprintf("Status page: %s (%s)", address, why)
}

func sayOffline(since string) string {
	return fmt.Sprintf("Microsoft Entra can't be reached since %s", since)
}

func sayOfflineToken(since, until string) string {
	return fmt.Sprintf("Microsoft Entra can't be reached since %s; the token lasts until %s", since, until)
}

func sayOfflineEnded(since, ended string) string {
	return fmt.Sprintf("Microsoft Entra can't be reached since %s; the token ended %s", since, ended)
}

// sayRenewing is the first line while work is under way.
func sayRenewing(way, tenant string) string {
	switch way {
	case "browser":
		return fmt.Sprintf("Signing in to %s: your browser is asking you", tenant)
	case "device-code":
		return fmt.Sprintf("Signing in to %s with a device code", tenant)
	}
	return fmt.Sprintf("Renewing the token for %s", tenant)
}

func saySince(when string) string { return fmt.Sprintf("Started at %s", when) }

func sayLastAttempt(message string) string { return fmt.Sprintf("The last sign-in: %s", message) }

func sayTenantMenu(current string) string {
	if current == "" {
		return "Tenant"
	}
	return fmt.Sprintf("Tenant: %s", current)
}

func sayMoreTenants(n int) string { return fmt.Sprintf("%d more: aztray tenant list", n) }

func sayContainersMenu(fresh, all int) string {
	switch {
	case fresh == all && all == 1:
		return "Containers: 1, it has the token"
	case fresh == all:
		return fmt.Sprintf("Containers: all %d have the token", all)
	case fresh == 0 && all == 1:
		return "Containers: 1, without the token"
	case fresh == 0:
		return fmt.Sprintf("Containers: none of %d has the token", all)
	}
	return fmt.Sprintf("Containers: %d of %d have the token", fresh, all)
}

func sayMoreContainers(n int) string { return fmt.Sprintf("%d more: aztray service status", n) }

func sayOnEngine(container, engine string) string { return fmt.Sprintf("%s on %s", container, engine) }

func sayUncovered(name, why string) string { return fmt.Sprintf("Not covered: %s. %s", name, why) }

func sayMoreUncovered(n int) string { return fmt.Sprintf("%d more that are not covered", n) }

// sayAllow and sayNever are the answers to a question about a container, below its line.
func sayAllow(c containers.Status) string {
	switch c.Consent.Question {
	case containers.AskScopes, containers.AskTenant:
		return "    " + c.AskWords().Allow
	case containers.AskRefresh:
		return fmt.Sprintf("    Give your refresh token to %s", c.Name)
	}
	return fmt.Sprintf("    Give the token to %s, which controls the engine", c.Name)
}

// sayAllowThat and sayNeverThat answer what stands in the lines above them.
const (
	sayAllowThat = "    Let it do that"
	sayNeverThat = "    Never let it do that"
)

func sayNever(c containers.Status) string {
	switch c.Consent.Question {
	case containers.AskScopes, containers.AskTenant:
		return "    " + c.AskWords().Never
	case containers.AskRefresh:
		return fmt.Sprintf("    Never give your refresh token to %s", c.Name)
	}
	return fmt.Sprintf("    Never give the token to %s", c.Name)
}

// sayRestartOne stands below the line of a container whose log tells of a failure.
func sayRestartOne(name string) string { return fmt.Sprintf("    Restart %s", name) }

func sayRestart(running int) string { return fmt.Sprintf("Restart containers (%d running)", running) }

// sayContainer is a container's line in the submenu.
func sayContainer(c containers.Status, until string) string {
	if c.Restarting {
		return fmt.Sprintf("%s: is being restarted", c.Name)
	}
	if c.Broken {
		return fmt.Sprintf("%s: did not come back: %s", c.Name, c.Error)
	}
	if c.State == containers.Failed && c.Error != "" {
		return fmt.Sprintf("%s: %s", c.Name, c.Error)
	}
	if c.Handicapped {
		return fmt.Sprintf("%s: has the token, but its az can't answer", c.Name)
	}
	if c.State == containers.Fresh && c.Refresh {
		return fmt.Sprintf("%s: holds your refresh token", c.Name)
	}
	if c.State == containers.Fresh && c.Consent.Question == containers.AskRefresh && !c.Consent.Never {
		return fmt.Sprintf("%s: has the token, asks for your refresh token", c.Name)
	}
	if words := c.AskWords(); c.State == containers.Fresh && words.State != "" && !c.Consent.Never {
		return fmt.Sprintf("%s: %s", c.Name, words.State)
	}
	if c.State == containers.Fresh && c.RestartHelps {
		return fmt.Sprintf("%s: has the token, its log tells of a failure", c.Name)
	}
	if c.State == containers.Fresh && until != "" {
		return fmt.Sprintf("%s: has the token until %s", c.Name, until)
	}
	if c.Consent.Question == containers.AskEngine {
		if c.Consent.Never {
			return fmt.Sprintf("%s: never gets the token, as you said", c.Name)
		}
		return fmt.Sprintf("%s: is to get the token only if you say so", c.Name)
	}
	return fmt.Sprintf("%s: %s", c.Name, stateWords(c.State))
}

func stateWords(s containers.State) string {
	switch s {
	case containers.Fresh:
		return "has the token"
	case containers.Stale:
		return "needs the new token"
	case containers.Missing:
		return "has no token yet"
	case containers.Shared:
		return "uses your own az directory, never written"
	case containers.OwnSignIn:
		return "has a sign-in of its own, left alone"
	case containers.Unwritable:
		return "its az directory is read-only"
	case containers.Unreachable:
		return "nothing in its image can use the token"
	}
	return "the token could not be delivered"
}

// The problems that the tray itself can have.

func problemBusLost(err error) *auth.Problem {
	return &auth.Problem{Code: "TRAY_BUS_LOST", Kind: TrayMissing,
		Message: "The desktop session (its D-Bus session bus) went away, and the tray icon with it.",
		Advice:  "Start aztray again in your desktop session.", Err: err}
}

func problemNotReady() *auth.Problem {
	return &auth.Problem{Code: "TRAY_NOT_READY", Kind: TrayMissing,
		Message: "The desktop did not take the tray icon in time.",
		Advice:  "Start aztray again once the desktop is up."}
}

func problemNoHost() *auth.Problem {
	return &auth.Problem{Code: "TRAY_NO_HOST", Kind: TrayMissing,
		Message: "Your desktop has no place for tray icons; aztray goes on without one.",
		Advice:  "On GNOME install the AppIndicator extension; elsewhere add a status tray to the panel. The icon then appears by itself."}
}

func problemShown(status string) *auth.Problem {
	return &auth.Problem{Code: "TRAY_RUNNING", Kind: Shown,
		Message: fmt.Sprintf("aztray is running already, in the tray. %s.", strings.TrimSuffix(status, ".")),
		Advice:  "Click its icon for the menu."}
}

func problemNoPage() *auth.Problem {
	return &auth.Problem{Code: "TRAY_NO_PAGE", Kind: PageMissing,
		Message: "The status page is not served, so the details are on the clipboard instead.",
		Advice:  "Paste them where you like. Set health.listen to a free address of this machine to have the page."}
}

func problemNotOpened(url string, err error) *auth.Problem {
	return &auth.Problem{Code: "TRAY_PAGE_NOT_OPENED", Kind: PageMissing, Err: err,
		Message: "The status page could not be opened.", Advice: "Open " + url + " in your browser."}
}

func problemClipboard(pkg string, err error) *auth.Problem {
	p := &auth.Problem{Code: "TRAY_NO_CLIPBOARD", Kind: ClipboardMissing,
		Message: "The details could not be copied to the clipboard.",
		Advice:  "Run \"aztray service status --verbose\" for the same details.", Err: err}
	if pkg != "" {
		p.Advice = fmt.Sprintf("Install the package %s and try again, or run \"aztray service status --verbose\".", pkg)
	}
	return p
}

// Clock is how a person writes times: where they are, and with how many hours to a face.
type Clock struct {
	Loc    *time.Location // nil means time.Local
	Hour12 bool
}

// at is the time of day.
func (c Clock) at(t time.Time) string {
	if c.Hour12 {
		return c.in(t).Format("3:04 PM")
	}
	return c.in(t).Format("15:04")
}

// in is t where the person is.
func (c Clock) in(t time.Time) time.Time {
	if c.Loc == nil {
		return t.Local()
	}
	return t.In(c.Loc)
}

// moment is a time as it stands after "until", "since" or "by": the clock alone today, else with the
// day; and how far it is when that is less than an hour.
func (c Clock) moment(t, now time.Time) string {
	s := c.at(t)
	if day := c.day(t, now); day != "" {
		s = day + " " + s
	}
	if near(t, now) {
		return fmt.Sprintf("%s (in %s)", s, minutes(t.Sub(now)))
	}
	return s
}

// on is a time as it stands after a verb: "today at 17:40", "on Tuesday at 09:00".
func (c Clock) on(t, now time.Time) string {
	s := "today at " + c.at(t)
	if day := c.day(t, now); day != "" {
		s = "on " + day + " at " + c.at(t)
	}
	if near(t, now) {
		return fmt.Sprintf("%s, in %s", s, minutes(t.Sub(now)))
	}
	return s
}

func near(t, now time.Time) bool {
	left := t.Sub(now)
	return left > 0 && left < time.Hour
}

// day names t's day as seen from now: nothing for today, the weekday within six days, else the date.
func (c Clock) day(t, now time.Time) string {
	local := c.in(t)
	days := int(date(local).Sub(date(c.in(now))).Hours() / 24)
	switch {
	case days == 0:
		return ""
	case days > -6 && days < 6:
		return local.Format("Monday")
	}
	return local.Format("2 January")
}

// date is t's calendar day, as a time that can be subtracted without a summer-time hour in it.
func date(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// minutes rounds down and never says 0.
func minutes(d time.Duration) string {
	if d < time.Minute {
		return "less than a minute"
	}
	return fmt.Sprintf("%d min", int(d/time.Minute))
}
