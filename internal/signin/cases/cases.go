// Package cases holds sign-ins with what must be read from them, for the tests of everybody who reads one: the agent,
// the command line and the doctor have to come to the same. Each has a test that goes through All by its own door.
package cases

import (
	"time"

	"aztray/internal/auth"
	"aztray/internal/config"
)

// Now is the moment at which all of them are read.
var Now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// The tenants and the scope of the cases.
const (
	Contoso  = "c0000000-aaaa-4aaa-8aaa-000000000001"
	Fabrikam = "fab00000-bbbb-4bbb-8bbb-000000000002"
	Scope    = "https://cognitiveservices.azure.com/.default"
	Extra    = "https://vault.azure.net/.default"
)

// Case is a sign-in: what it is read from, and what is to be read.
type Case struct {
	Name     string
	Files    auth.Files
	Settings config.Settings
	Listed   []auth.Tenant // learnt from Resource Manager
	Chosen   string        // picked in the tray where az does not follow

	SignedInAt time.Time // of Want.Tenant, by Entra's clock
	Policy     auth.Policy
	Skew       time.Duration
	Token      time.Time     // the end of its token for Scope; zero: none
	Refusal    *auth.Problem // why the last renewal was refused

	Want Want
}

// Want is what everybody must read.
type Want struct {
	Tenant       string // id
	Subscription string // id, of the row
	Scope        string
	Level        auth.Level
	Deadline     time.Time
}

func row(id, tenant, domain string, current bool) auth.ProfileSubscription {
	r := auth.ProfileSubscription{ID: id, Name: id, State: "Enabled", IsDefault: current, TenantID: tenant, TenantDomain: domain}
	r.User.Name, r.User.Type = "ada@contoso.example", "user"
	return r
}

func files(rows ...auth.ProfileSubscription) auth.Files {
	return auth.Files{Profile: auth.Profile{Subscriptions: rows}}
}

func settings(change func(*config.Settings)) config.Settings {
	var s config.Settings
	s.Azure.Scope, s.Azure.Follow = Scope, true
	s.Notify.Warn = []time.Duration{30 * time.Minute}
	change(&s)
	return s
}

// All are the cases in which the three have differed, and their neighbours.
func All() []Case {
	both := files(row("one", Contoso, "contoso.example", true), row("two", Contoso, "contoso.example", false), row("lab", Fabrikam, "fabrikam.example", false))
	live := Now.Add(time.Hour)
	refused := auth.Classify("ERROR: AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token was issued on 2026-03-03T23:40:00.0000000Z and the maximum allowed lifetime for this request is 43200.", nil)
	half := auth.Policy{SignIn: auth.Learned{Lasts: 12 * time.Hour}}
	gov := both
	gov.Cloud = auth.Cloud{CognitiveScope: "https://cognitiveservices.azure.us/.default"}
	good := Want{Tenant: Contoso, Subscription: "one", Scope: Scope, Level: auth.OK}
	with := func(change func(*Want)) Want { w := good; change(&w); return w }
	return []Case{
		{Name: "az's own", Files: both, Settings: settings(func(*config.Settings) {}), Token: live, Want: good},
		{Name: "a subscription that is set", Files: both, Settings: settings(func(s *config.Settings) { s.Azure.SubscriptionID = "TWO" }), Token: live,
			Want: with(func(w *Want) { w.Subscription = "two" })},
		{Name: "a subscription of another tenant is not taken", Files: both, Settings: settings(func(s *config.Settings) { s.Azure.SubscriptionID = "lab" }), Token: live, Want: good},
		{Name: "a tenant in capitals", Files: both, Settings: settings(func(s *config.Settings) { s.Azure.TenantID = "FAB00000-BBBB-4BBB-8BBB-000000000002" }), Token: live,
			Want: with(func(w *Want) { w.Tenant, w.Subscription = Fabrikam, "lab" })},
		{Name: "a domain in capitals", Files: both, Settings: settings(func(s *config.Settings) { s.Azure.TenantID = "Fabrikam.Example" }), Token: live,
			Want: with(func(w *Want) { w.Tenant, w.Subscription = Fabrikam, "lab" })},
		{Name: "a name that Resource Manager gave", Files: both, Settings: settings(func(s *config.Settings) { s.Azure.TenantID = "fabrikam gmbh" }), Token: live,
			Listed: []auth.Tenant{{ID: Fabrikam, Name: "Fabrikam GmbH"}}, Want: with(func(w *Want) { w.Tenant, w.Subscription = Fabrikam, "lab" })},
		{Name: "a tenant that was picked where az does not follow", Files: both, Settings: settings(func(s *config.Settings) { s.Azure.Follow = false }), Chosen: Fabrikam, Token: live,
			Want: with(func(w *Want) { w.Tenant, w.Subscription = Fabrikam, "lab" })},
		{Name: "an extra scope that is refused is no matter of the sign-in", Files: both, Settings: settings(func(s *config.Settings) { s.Containers.Scopes = []string{Extra} }), Token: live, Want: good},
		{Name: "another cloud", Files: gov, Settings: settings(func(*config.Settings) {}), Token: live, Want: with(func(w *Want) { w.Scope = "https://cognitiveservices.azure.us/.default" })},
		{Name: "refused while the token lives", Files: both, Settings: settings(func(*config.Settings) {}), Token: live, Refusal: refused,
			Want: with(func(w *Want) { w.Level, w.Deadline = auth.Expiring, live })},
		{Name: "refused, and nothing lives", Files: both, Settings: settings(func(*config.Settings) {}), Token: Now.Add(-time.Minute), Refusal: refused,
			Want: with(func(w *Want) { w.Level, w.Deadline = auth.Expired, Now.Add(-time.Minute) })},
		{Name: "an end that was learnt", Files: both, Settings: settings(func(*config.Settings) {}), Token: live, SignedInAt: Now.Add(-time.Hour), Policy: half,
			Want: with(func(w *Want) { w.Deadline = Now.Add(11 * time.Hour) })},
		{Name: "a clock that is ten minutes ahead", Files: both, Settings: settings(func(*config.Settings) {}), Token: live, SignedInAt: Now.Add(-time.Hour), Policy: half,
			Skew: 10 * time.Minute, Want: with(func(w *Want) { w.Deadline = Now.Add(11*time.Hour + 10*time.Minute) })},
		{Name: "an end that is near", Files: both, Settings: settings(func(s *config.Settings) { s.Azure.SignInLifetime = 80 * time.Minute }), Token: live, SignedInAt: Now.Add(-time.Hour),
			Want: with(func(w *Want) { w.Level, w.Deadline = auth.Expiring, Now.Add(20*time.Minute) })},
	}
}
