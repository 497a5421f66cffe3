package agent

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
	"aztray/internal/signin"
	"aztray/internal/watch/symptom"
)

// state is everything the loop knows. Only the loop's goroutine touches it.
type state struct {
	set      Settings
	scopeSet string         // the settings' scope; set.Scope is the one of az's cloud
	random   func() float64 // in [0, 1): jitter

	setProblem *auth.Problem // why the settings that were read last can't be used; nil: they are in use

	files      auth.Files
	filesKnown bool
	everRead   bool
	filesErr   *auth.Problem
	azProblem  *auth.Problem
	reading    bool
	readAgain  bool
	stamp      string    // of the files that were read last
	readAt     time.Time // when to read next; zero is not
	readTries  int

	signs  map[string]*sign // by tenant id
	chosen string           // the tenant picked by the person in this run; "" is none

	tenants      []auth.Tenant // from ARM
	tenantsAt    time.Time     // when to ask next
	askingTenant bool

	boxes    map[string]*box          // by container id
	ahead    box                      // the containers that are yet to be made
	followed map[string]bool          // containers whose log is read
	lost     map[string]*auth.Problem // the engines that do not answer, and why

	restarts  []restartJob    // to be started
	tries     []job           // to be started: somebody waits for what comes of them
	listed    map[string]bool // by engine: it has said which containers there are, or that it is not there
	answers   []Answer        // to be remembered
	answering int             // answers that are being remembered
	around    around          // containers that are not covered

	strays    map[string]*Holding // by container id: held something when they were last heard of, and may not be covered any more
	leftovers []releaseJob        // to be started

	waiters []waiter          // for a token, by the identity endpoint
	served  map[string]Served // by container id: what it gave last

	starters []starter // who wants a container to start, by the engine socket

	renewal *Renewal
	signIn  *signInJob // to be started
	cancel  bool       // the sign-in is to be ended
	failure *auth.Problem

	fixLater *Fix            // asked for before az's files were read
	opened   map[string]bool // by tenant, "" while none is known: Fix opened a browser for its refusal

	openai         *openai.Result // what the endpoint last said; nil before it was asked
	openaiAt       time.Time      // when to ask it next
	openaiFailures int
	askingOpenAI   bool

	rolled time.Time     // when we last had az renew or sign in
	skew   time.Duration // our clock minus Entra's

	past    past
	page    Page
	lacking map[string]*auth.Problem // by the name of a part of ours that is not there
}

// sign is how the sign-in stands in one tenant.
type sign struct {
	silent       auth.SilentState
	refusal      *auth.Problem
	tokens       map[string]auth.Token // by scope
	lacking      map[string]*auth.Problem
	signedInAt   time.Time   // by Entra's clock
	policy       auth.Policy // how long a sign-in lasts in this tenant, as far as is known
	probing      bool
	probeBegan   time.Time // of the one that runs, or ran last
	refusedAt    time.Time // when a token was last renewed for a service's refusal of it
	again        bool      // what it tries is no longer what is wanted: once more after it
	probeAt      time.Time // when to try next; zero is at once
	probedAt     time.Time // when it was tried last
	tries        int       // in vain, in a row
	offlineSince time.Time
}

// box is one covered container.
type box struct {
	c         containers.Container
	status    containers.Status
	sent      string   // fingerprint of what it was given
	holds     *Holding // what it may hold of ours; nil: nothing
	working   bool
	due       bool // it is to be given something as soon as others are done
	verify    bool // look again although nothing new is to be given
	awaited   bool // its start is held back until it is ready
	neverRan  bool // it was created, and has not been started yet
	untouched bool // it holds what it is to, and has not run since that was seen
	retryAt   time.Time
	tries     int
	revival   revival
	complaint complaint
	curedAt   time.Time          // of its last restart for its label's sake
	cures     int                // how many of them there were in a row
	said      containers.Finding // what its log said last; the zero value: nothing
}

func newState(set Settings, random func() float64) *state {
	return &state{set: set, scopeSet: set.Scope, setProblem: set.Held, random: random, signs: map[string]*sign{}, boxes: map[string]*box{}, followed: map[string]bool{}, lost: map[string]*auth.Problem{}, listed: map[string]bool{}, strays: map[string]*Holding{}, served: map[string]Served{}, past: newPast(), lacking: map[string]*auth.Problem{}, opened: map[string]bool{}, readAgain: true}
}

// awake makes everything be judged afresh: the machine slept or its clock was set.
func (s *state) awake(now time.Time) {
	s.readAgain = true
	for _, g := range s.signs {
		g.probeAt, g.tries = now, 0
	}
}

// sign is the sign-in of a tenant, made when it is first asked for.
func (s *state) sign(tenant string) *sign {
	g, ok := s.signs[tenant]
	if !ok {
		g = &sign{tokens: map[string]auth.Token{}, lacking: map[string]*auth.Problem{}}
		s.signs[tenant] = g
	}
	return g
}

// view is what the sign-in is read from. The rules are signin's.
func (s *state) view() signin.View {
	set := signin.Settings{TenantID: s.set.TenantID, SubscriptionID: s.set.SubscriptionID, Scope: s.scopeSet, Scopes: s.set.Scopes,
		SignInLifetime: s.set.SignInLifetime, Warn: s.set.Warn}
	return signin.View{Files: s.files, Read: s.filesKnown, Settings: set, Chosen: s.chosen, Listed: s.tenants, Learnt: s.learnt, Skew: s.skew, Held: s.heldUntil}
}

// learnt is what was found out about a tenant; false where nothing was.
func (s *state) learnt(tenant string) (signin.Learnt, bool) {
	g, ok := s.signs[tenant]
	if !ok {
		return signin.Learnt{}, false
	}
	return signin.Learnt{Silent: g.silent, Refusal: g.refusal, Tokens: g.tokens, Lacking: g.lacking, SignedInAt: g.signedInAt, Policy: g.policy,
		Offline: !g.offlineSince.IsZero()}, true
}

// heldUntil is the end of what the containers of a tenant hold, the first to end; zero where none holds any.
func (s *state) heldUntil(tenant string) (first time.Time) {
	for _, b := range s.boxes {
		if ends := b.status.ExpiresOn; b.status.State == containers.Fresh && (first.IsZero() || ends.Before(first)) {
			if t, _ := s.wants(b.c); t == tenant {
				first = ends
			}
		}
	}
	return first
}

func (s *state) tenant() string                        { return s.view().Tenant() }
func (s *state) tenantID(want string) string           { return s.view().TenantID(want) }
func (s *state) knownTenants() []auth.Tenant           { return s.view().Tenants() }
func (s *state) tenantByID(id string) auth.Tenant      { return s.view().TenantNamed(id) }
func (s *state) signedIn() bool                        { return s.view().SignedIn() }
func (s *state) usual() []string                       { return s.view().Usual() }
func (s *state) lastUse(tenant string) time.Time       { return s.view().LastUse(tenant) }
func (s *state) predict(tenant string) auth.Prediction { return s.view().Predict(tenant) }

func (s *state) row(tenant string) auth.ProfileSubscription { return s.view().Row(tenant) }

func (s *state) wants(c containers.Container) (string, []string) { return s.view().Wants(c) }

func (s *state) bundle(c containers.Container, now time.Time) (auth.Bundle, bool) {
	return s.view().Bundle(c, now)
}

func (s *state) facts(tenant string, now time.Time) auth.Facts { return s.view().Facts(tenant, now) }

// choice is what containers' labels are weighed against.
func (s *state) choice() containers.Choice {
	v := s.view()
	return containers.Choice{Tenant: v.Tenant(), Scopes: v.Usual(), ID: v.TenantID}
}

// fetch has tokens that a container is to hold and nobody asked for yet renewed at once: its labels name them, or the
// person has just allowed them.
func (s *state) fetch(c containers.Container, now time.Time) {
	tenant, scopes := s.wants(c)
	if tenant == "" {
		return
	}
	g := s.sign(tenant)
	for _, scope := range scopes {
		if _, had := g.tokens[scope]; !had && g.lacking[scope] == nil && !g.probedAt.IsZero() {
			g.probeAt, g.again = earlier(g.probeAt, now), g.again || g.probing
		}
	}
}

// wanted are the scopes in use by tenant: the judged one, and what containers ask for.
func (s *state) wanted() map[string][]string {
	w := map[string][]string{}
	add := func(tenant string, scopes ...string) {
		for _, scope := range scopes {
			if !slices.Contains(w[tenant], scope) {
				w[tenant] = append(w[tenant], scope)
			}
		}
	}
	if t := s.tenant(); t != "" {
		add(t, s.usual()...)
	}
	for _, b := range s.boxes {
		if t, scopes := s.wants(b.c); t != "" {
			add(t, scopes...)
		}
	}
	for _, who := range s.waiters {
		if t := s.tenantID(cmp.Or(who.Tenant, s.tenant())); t != "" {
			add(t, append(s.usual(), who.Scope)...)
		}
	}
	return w
}

// worthTaking is how much longer a token of az's must last than ours to be taken in its place: each
// change is a delivery to every container.
const worthTaking = 10 * time.Minute

// takeDiskTokens takes az's own tokens where they outlast ours: after a start with no network they
// are all there is.
func (s *state) takeDiskTokens() {
	for tenant, scopes := range s.wanted() {
		for _, scope := range scopes {
			if t, ok := s.files.CachedToken(s.row(tenant), tenant, scope); ok && t.ExpiresOn.Sub(s.sign(tenant).tokens[scope].ExpiresOn) > worthTaking {
				s.sign(tenant).tokens[scope] = t
			}
		}
	}
}

// fingerprint tells two bundles apart without holding what is in them.
func fingerprint(b auth.Bundle) string {
	h := sha256.New()
	h.Write(b.ProfileJSON())
	h.Write(b.FullCacheJSON())
	return hex.EncodeToString(h.Sum(nil))
}

// inUse judges each tenant in use, the default one first.
func (s *state) inUse(now time.Time) []TenantState {
	var all []TenantState
	current := s.tenant()
	ids := slices.Sorted(maps.Keys(s.wanted()))
	slices.SortStableFunc(ids, func(a, b string) int {
		switch current {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	if len(ids) == 0 {
		ids = []string{current}
	}
	for _, id := range ids {
		v := s.view().Verdict(id, now)
		t := TenantState{Tenant: s.tenantByID(id), Level: v.Level, Deadline: v.Deadline, DeadlineSource: v.Source}
		if g, ok := s.signs[id]; ok {
			t.Problem, t.TokenExpires = g.refusal, g.tokens[s.set.Scope].ExpiresOn
		}
		all = append(all, t)
	}
	return all
}

// badness orders levels for an icon that shows the worst.
var badness = map[auth.Level]int{auth.OK: 0, auth.Unknown: 1, auth.Expiring: 2, auth.Expired: 3, auth.SignedOut: 4}

// worst is the tenant that the icon speaks of: the worst, of equals the one that ends first.
func worst(all []TenantState) TenantState {
	return slices.MinFunc(all, func(a, b TenantState) int {
		if d := badness[b.Level] - badness[a.Level]; d != 0 {
			return d
		}
		switch {
		case a.Deadline.Equal(b.Deadline), a.Deadline.IsZero() && b.Deadline.IsZero():
			return 0
		case a.Deadline.IsZero():
			return 1
		case b.Deadline.IsZero():
			return -1
		}
		return a.Deadline.Compare(b.Deadline)
	})
}

// snapshot is what is known, for everybody else.
func (s *state) snapshot(now time.Time) Snapshot {
	tenant := s.tenant()
	inUse := s.inUse(now)
	w := worst(inUse)
	row := s.row(tenant)
	snap := Snapshot{
		At: now, Level: w.Level, Before: w.Level, Deadline: w.Deadline, DeadlineSource: w.DeadlineSource, Concerns: w.Tenant, InUse: inUse,
		Account: row.User.Name, Kind: s.files.Kind(row), Scope: s.set.Scope, Tenant: s.tenantByID(tenant), Skew: s.skew,
		Problem: cmp.Or(w.Problem, s.filesErr), Failure: s.failure, Tenants: s.knownTenants(), Held: s.set.Held != nil, Missing: s.missing(), Past: s.past.shown(), Page: s.page,
	}
	snap.Others = slices.DeleteFunc(s.files.Profile.Users(), func(u string) bool { return strings.EqualFold(u, row.User.Name) })
	snap.Busy, snap.Looked, snap.Reading = s.busy(), s.looked(), s.reading || s.readAgain
	if row.TenantID == tenant {
		snap.Subscription = row.Subscription()
	}
	if s.signedIn() {
		snap.Credential = "AzureCLICredential"
	}
	if g, ok := s.signs[w.Tenant.ID]; ok {
		snap.TokenExpires, snap.SignedInAt, snap.OfflineSince = g.tokens[s.set.Scope].ExpiresOn, g.signedInAt, g.offlineSince
		snap.Refreshable = g.silent == auth.SilentWorks
		if !g.offlineSince.IsZero() {
			snap.Offline = g.lacking[s.set.Scope]
		}
		p := s.predict(w.Tenant.ID)
		snap.Lifetime, snap.IdleLimit = p.Lasts, p.Idle
	}
	if s.openai != nil {
		o := s.openai.Named(snap.Tenants, snap.Tenant)
		snap.OpenAI = &o
	}
	if s.renewal != nil {
		r := *s.renewal
		snap.Renewal, snap.Level = &r, auth.Renewing
	}
	for _, id := range slices.Sorted(maps.Keys(s.boxes)) {
		snap.Containers = append(snap.Containers, s.shownStatus(s.boxes[id], now))
	}
	snap.Uncovered = slices.Clone(s.around.found)
	slices.SortStableFunc(snap.Containers, func(a, b containers.Status) int { return cmp.Compare(a.Name, b.Name) })
	return snap
}

// busy reports whether work is under way after which containers may hold something else.
func (s *state) busy() bool {
	if s.reading || s.readAgain || s.renewal != nil || s.ahead.working || len(s.restarts) > 0 || len(s.answers) > 0 || s.answering > 0 {
		return true
	}
	for _, g := range s.signs {
		if g.probing {
			return true
		}
	}
	for _, b := range s.boxes {
		if b.working || b.due || !b.revival.since.IsZero() {
			return true
		}
	}
	return false
}

// looked reports whether az's files were read, or could not be, and each engine has been heard.
func (s *state) looked() bool {
	engines := s.set.Engines
	if len(engines) == 0 {
		engines = []string{""}
	}
	return (s.filesKnown || s.filesErr != nil) && (s.set.Held != nil || !slices.ContainsFunc(engines, func(e string) bool { return !s.listed[e] }))
}

// recent is how long what a log said is shown.
const recent = 15 * time.Minute

// shown is the container's status with what its log said of late, where nothing else is wrong.
func (b *box) shown(now time.Time) containers.Status {
	st := b.status
	if st.Error != "" || st.State != containers.Fresh || b.said.Cause == "" || now.Sub(b.said.At) > recent {
		return st
	}
	switch b.said.Cause {
	case symptom.RoleMissing:
		st.Error = "Its log says that the account lacks a role at the endpoint, which no sign-in cures: ask for Cognitive Services OpenAI User."
	case symptom.WrongTenant:
		st.Error = "Its log says that the endpoint belongs to another tenant: switch the tenant, or label the container with aztray.tenant."
	default:
		st.Error = "Its log says that it got no token; it holds a good one now, so restart it if it does not take it up."
	}
	return st
}

// missing is one problem for each part that is not there.
func (s *state) missing() []*auth.Problem {
	all := []*auth.Problem{s.setProblem, s.azProblem, s.files.CacheProblem}
	for _, engine := range slices.Sorted(maps.Keys(s.lost)) {
		all = append(all, s.lost[engine])
	}
	all = append(all, auth.SkewProblem(s.skew))
	for _, part := range slices.Sorted(maps.Keys(s.lacking)) {
		all = append(all, s.lacking[part])
	}
	return slices.DeleteFunc(all, func(p *auth.Problem) bool { return p == nil })
}
