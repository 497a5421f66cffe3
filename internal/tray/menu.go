package tray

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
)

// Model is all that the tray shows of one Snapshot at one moment. The binding draws it and does not
// think about it.
type Model struct {
	Title      string // tooltip, and the name that screen readers and panels get; at most 120 runes
	Level      auth.Level
	Life       float64  // for Icon
	Lines      []string // to be read, not clicked, the state first; each at most lineRunes long
	Renew      Item     // "Renew now" or "Sign in"
	Cancel     Item
	Tenants    Submenu
	Containers Submenu
}

// Item is a line to click. The zero Item is not shown.
type Item struct {
	Text     string
	Disabled bool
	Ticked   bool
	Command  agent.Command // nil: only to be read
}

// Submenu is a line that opens others. Without Text it is not shown.
type Submenu struct {
	Text  string
	Items []Item
}

const (
	titleRunes = 120 // Windows keeps 127 UTF-16 units and cuts the rest without an end
	lineRunes  = 62  // GNOME and KDE cut nothing and make the menu as wide as the screen
	maxLines   = 24  // more lines to read would be higher than a small screen
	subItems   = 40  // lines of a submenu; what is more is counted in the last
)

// Menu words a snapshot as of now.
func Menu(s agent.Snapshot, now time.Time, c Clock) Model {
	lines := state(s, now, c)
	m := Model{
		Title:  cut(title(s, lines[0], now, c), titleRunes),
		Level:  s.Level,
		Life:   lifeLeft(s, now),
		Renew:  renewItem(s),
		Cancel: cancelItem(s),
	}
	for _, l := range append(lines, troubles(s)...) {
		m.Lines = append(m.Lines, wrap(l)...)
	}
	m.Lines = m.Lines[:min(len(m.Lines), maxLines)]
	m.Tenants = tenantMenu(s)
	m.Containers = containerMenu(s, now, c)
	return m
}

// state is what is known and until when: one sentence on how things stand, then the details.
func state(s agent.Snapshot, now time.Time, c Clock) []string {
	var lines []string
	tenant := cmp.Or(s.Concerns.Label(), s.Tenant.Label(), sayNoTenant)
	switch s.Level {
	case auth.OK:
		lines = []string{saySignedIn(tenant, s.Account), okUntil(s, now, c)}
	case auth.Expiring:
		first := sayActBy(tenant, c.moment(s.Deadline, now))
		if s.Problem != nil && !s.Problem.SignInCures() {
			first = sayBarredFrom(tenant, c.moment(s.Deadline, now))
		}
		lines = []string{first, saySignedIn(tenant, s.Account), deadlineWords(s, now, c)}
	case auth.Expired:
		lines = []string{sayEnded(tenant)}
		if s.Problem != nil && !s.Problem.SignInCures() { // it may well be good, and does not help
			lines = []string{sayBarred(tenant)}
		}
		if !s.Deadline.IsZero() {
			lines = append(lines, sayFailingSince(c.moment(s.Deadline, now)))
		}
	case auth.SignedOut:
		lines = []string{saySignedOut, sayNoToken}
	case auth.Renewing:
		lines = renewing(s, now, c)
	default:
		lines = []string{sayNotYetKnown}
	}
	if s.Kind != "" && !s.Kind.Renewable() && s.Level != auth.SignedOut {
		lines = append(lines, sayKind(s.Kind))
	}
	if !s.OfflineSince.IsZero() {
		lines = append(lines, offline(s, now, c))
	}
	return append(lines, others(s, now, c)...)
}

// others is a line for each other tenant in use.
func others(s agent.Snapshot, now time.Time, c Clock) []string {
	var lines []string
	for _, t := range s.InUse {
		if t.Tenant.ID == s.Concerns.ID || s.Level == auth.SignedOut || s.Level == auth.Renewing {
			continue
		}
		until := ""
		if !t.Deadline.IsZero() {
			until = c.moment(t.Deadline, now)
		}
		lines = append(lines, sayOther(t.Tenant.Label(), t.Level, until))
	}
	return lines
}

// title is the first line; with the deadline where that line does not hold one.
func title(s agent.Snapshot, first string, now time.Time, c Clock) string {
	if s.Level == auth.OK && !s.Deadline.IsZero() {
		return saySignedInUntil(cmp.Or(s.Concerns.Label(), s.Tenant.Label(), sayNoTenant), c.moment(s.Deadline, now))
	}
	return first
}

// okUntil says until when a good sign-in is good.
func okUntil(s agent.Snapshot, now time.Time, c Clock) string {
	switch {
	case !s.Deadline.IsZero():
		return deadlineWords(s, now, c)
	case s.Refreshable || s.TokenExpires.IsZero():
		return sayRenewsItself
	}
	return sayTokenLasts(c.moment(s.TokenExpires, now))
}

func deadlineWords(s agent.Snapshot, now time.Time, c Clock) string {
	if s.DeadlineSource == auth.DeadlineAccessToken {
		return sayRefused(c.moment(s.Deadline, now))
	}
	return saySignInEnds(c.on(s.Deadline, now), s.DeadlineSource, s.Lifetime, s.IdleLimit)
}

func renewing(s agent.Snapshot, now time.Time, c Clock) []string {
	r := cmp.Or(s.Renewal, &agent.Renewal{Tenant: s.Tenant})
	lines := []string{sayRenewing(r.Way, cmp.Or(r.Tenant.Label(), s.Tenant.Label(), sayNoTenant))}
	if !r.Since.IsZero() {
		lines = append(lines, saySince(c.moment(r.Since, now)))
	}
	return lines
}

func offline(s agent.Snapshot, now time.Time, c Clock) string {
	since := c.moment(s.OfflineSince, now)
	switch {
	case s.TokenExpires.IsZero():
		return sayOffline(since)
	case !s.TokenExpires.After(now):
		return sayOfflineEnded(since, c.on(s.TokenExpires, now))
	}
	return sayOfflineToken(since, c.moment(s.TokenExpires, now))
}

// troubles is what is wrong, each with what to do about it. Where the network is the problem, state
// has said so already.
func troubles(s agent.Snapshot) []string {
	var lines []string
	if p := s.Problem; p != nil && (p.Kind != auth.Offline || s.OfflineSince.IsZero()) {
		lines = append(lines, p.Message)
		if p.Advice != "" && !p.SignInCures() { // the line to click says it
			lines = append(lines, p.Advice)
		}
	}
	if p := s.Failure; p != nil && s.Level != auth.Renewing {
		lines = append(lines, sayLastAttempt(p.Message))
		if p.Advice != "" && !p.SignInCures() {
			lines = append(lines, p.Advice)
		}
	}
	if s.OpenAI != nil && s.OpenAI.Problem != nil {
		lines = append(lines, strings.TrimSpace(s.OpenAI.Problem.Message+" "+s.OpenAI.Problem.Advice))
	}
	for _, p := range s.Missing {
		lines = append(lines, strings.TrimSpace(p.Message+" "+p.Advice))
	}
	if s.Page.Why != "" {
		lines = append(lines, sayPageAt(s.Page.Address, s.Page.Why))
	}
	return lines
}

// renewItem is enabled exactly when a sign-in is of use: never as the cure of what it cannot cure.
func renewItem(s agent.Snapshot) Item {
	if s.Renewal != nil && s.Renewal.Way != "silent" {
		return Item{}
	}
	it := Item{Text: sayRenewNow, Command: agent.Renew{}}
	if s.Level == auth.SignedOut || s.Account == "" {
		it.Text = saySignIn
	}
	useless := s.Problem != nil && !s.Problem.SignInCures() && s.Level != auth.OK
	noAZ := slices.ContainsFunc(s.Missing, func(p *auth.Problem) bool {
		return p.Kind == auth.AZMissing || p.Kind == auth.AZBroken
	})
	cannot := s.Kind != "" && !s.Kind.Renewable()
	it.Disabled = useless || noAZ || cannot || s.Renewal != nil || s.Level == auth.Renewing
	return it
}

func cancelItem(s agent.Snapshot) Item {
	if s.Renewal == nil || s.Renewal.Way == "silent" {
		return Item{}
	}
	return Item{Text: sayCancel, Command: agent.CancelSignIn{}}
}

// lifeLeft is the part of the sign-in's life that is left. Where its start is not known, or only
// the access token counts, the arc is a clock: full is an hour.
func lifeLeft(s agent.Snapshot, now time.Time) float64 {
	if s.Deadline.IsZero() || (s.Level != auth.OK && s.Level != auth.Expiring) {
		return NoLife
	}
	whole := time.Hour
	known := s.DeadlineSource != auth.DeadlineAccessToken && !s.SignedInAt.IsZero()
	if known && s.SignedInAt.Before(s.Deadline) {
		whole = s.Deadline.Sub(s.SignedInAt)
	}
	return min(max(s.Deadline.Sub(now).Seconds()/whole.Seconds(), 0), 1)
}

func tenantMenu(s agent.Snapshot) Submenu {
	if len(s.Tenants) == 0 {
		return Submenu{}
	}
	tenants := slices.Clone(s.Tenants)
	slices.SortStableFunc(tenants, func(a, b auth.Tenant) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Label()), strings.ToLower(b.Label())), strings.Compare(a.ID, b.ID))
	})
	count := map[string]int{}
	for _, t := range tenants {
		count[t.Label()]++
	}
	menu := Submenu{Text: cut(sayTenantMenu(s.Tenant.Label()), lineRunes)}
	for _, t := range tenants {
		it := Item{Text: t.Label(), Disabled: s.Renewal != nil, Command: agent.UseTenant{TenantID: t.ID}}
		if count[it.Text] > 1 { // two of one name: say which
			it.Text = t.Label() + " (" + cmp.Or(t.Domain, t.ID) + ")"
		}
		if t.ID == s.Tenant.ID {
			it.Ticked, it.Command = true, nil
		}
		it.Text = cut(it.Text, lineRunes)
		menu.Items = append(menu.Items, it)
	}
	menu.Items = capped(menu.Items, sayMoreTenants)
	return menu
}

func containerMenu(s agent.Snapshot, now time.Time, c Clock) Submenu {
	all := slices.DeleteFunc(slices.Clone(s.Containers), func(st containers.Status) bool { return st.Away })
	if s.Held || len(all) == 0 && slices.ContainsFunc(s.Missing, func(p *auth.Problem) bool { return p.Kind == auth.EngineMissing }) {
		return Submenu{}
	}
	if len(all) == 0 {
		return Submenu{Text: sayNoContainers, Items: append([]Item{{Text: sayNoneMatches, Disabled: true}}, uncoveredItems(s)...)}
	}
	several := slices.ContainsFunc(all, func(st containers.Status) bool { return st.Engine != all[0].Engine })
	slices.SortStableFunc(all, func(a, b containers.Status) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	fresh := 0
	menu := Submenu{Items: []Item{{Text: saySyncNow, Command: agent.Sync{}}}}
	if n := restartable(all); n > 0 {
		menu.Items = append(menu.Items, Item{Text: sayRestart(n), Command: agent.Restart{}})
	}
	for _, st := range all {
		until := ""
		if !st.ExpiresOn.IsZero() {
			until = c.moment(st.ExpiresOn, now)
		}
		named := st
		if several {
			named.Name = sayOnEngine(st.Name, containers.ShortHost(st.Engine))
		}
		it := Item{Text: cut(sayContainer(named, until), lineRunes)}
		switch st.State {
		case containers.Fresh:
			fresh++
			it.Command = agent.Sync{Names: []string{st.Name}}
		case containers.Stale, containers.Missing, containers.Failed:
			it.Command = agent.Sync{Names: []string{st.Name}}
		}
		menu.Items = append(menu.Items, it)
		menu.Items = append(menu.Items, askItems(st)...)
		if st.RestartHelps {
			menu.Items = append(menu.Items, Item{Text: cut(sayRestartOne(st.Name), lineRunes), Command: agent.Restart{Names: []string{st.Name}}})
		}
	}
	menu.Text = sayContainersMenu(fresh, len(all))
	menu.Items = append(capped(menu.Items, sayMoreContainers), uncoveredItems(s)...)
	return menu
}

// mostUncovered is how many containers that are not covered are named.
const mostUncovered = 5

// uncoveredItems name containers that look as if they needed the credential, to be read: to cover one is the
// settings' or its maker's affair.
func uncoveredItems(s agent.Snapshot) []Item {
	var items []Item
	for _, u := range s.Uncovered[:min(len(s.Uncovered), mostUncovered)] {
		items = append(items, Item{Text: cut(sayUncovered(u.Name, u.Why), lineRunes), Disabled: true})
		for _, line := range wrap("    " + u.Cover) {
			items = append(items, Item{Text: "    " + strings.TrimSpace(line), Disabled: true})
		}
	}
	if more := len(s.Uncovered) - mostUncovered; more > 0 {
		items = append(items, Item{Text: sayMoreUncovered(more), Disabled: true})
	}
	return items
}

// askItems are the answers to the open question about a container; to one that was answered with never,
// the other answer.
func askItems(st containers.Status) []Item {
	q := st.Consent.Question
	if q == containers.NoQuestion {
		return nil
	}
	answer := func(text string, allow bool) Item {
		return Item{Text: cut(text, lineRunes), Command: agent.Answer{ContainerID: st.ID, Question: q, Allow: allow}}
	}
	var items []Item
	allow, never := sayAllow(st), sayNever(st)
	if words := st.AskWords(); words.May != "" && len([]rune(never)) > lineRunes { // nothing of what is asked is cut off
		for _, line := range wrap("    " + words.May) {
			items = append(items, Item{Text: "    " + strings.TrimSpace(line), Disabled: true})
		}
		allow, never = sayAllowThat, sayNeverThat
	}
	items = append(items, answer(allow, true))
	if !st.Consent.Never {
		items = append(items, answer(never, false))
	}
	return items
}

// secretDelivery is cluster.Delivery: a Secret has no process.
const secretDelivery = "secret"

// restartable counts those that run.
func restartable(all []containers.Status) (n int) {
	for _, st := range all {
		if st.Running && !st.Restarting && st.Delivery != secretDelivery {
			n++
		}
	}
	return n
}

// capped cuts a submenu to subItems lines, the last of which counts the others.
func capped(items []Item, more func(int) string) []Item {
	if len(items) <= subItems {
		return items
	}
	return append(items[:subItems-1:subItems-1], Item{Text: more(len(items) - subItems + 1)})
}

// wrap breaks a sentence into lines of a menu, at blanks; those after the first are set in.
func wrap(s string) []string {
	const indent = "    "
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		switch {
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) > lineRunes:
			lines = append(lines, cut(line, lineRunes))
			line = indent + word
		default:
			line += " " + word
		}
	}
	return append(lines, cut(line, lineRunes))
}

// cut shortens s to n runes, with an ellipsis for what is gone.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
