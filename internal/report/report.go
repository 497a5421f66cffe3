// Package report is what aztray says of a sign-in and its containers to whoever asks: `service status`, its -o json,
// the health API and the commands that ask a running aztray. It is made in one place from an agent's Snapshot, so that
// all of them say the same. It knows nothing of terminals, HTTP or engines, and holds no token.
package report

import (
	"cmp"
	"slices"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
)

// Report is `service status -o json`, the contract that scripts rely on. Times are RFC 3339 in UTC,
// null where there is none; it never holds a token.
type Report struct {
	Level          auth.Level          `json:"level"`
	Deadline       *time.Time          `json:"deadline"`
	DeadlineSource auth.DeadlineSource `json:"deadline_source"`
	Account        string              `json:"account"`
	AccountKind    auth.AccountKind    `json:"account_kind"`
	Tenant         auth.Tenant         `json:"tenant"`
	Subscription   auth.Subscription   `json:"subscription"`
	Credential     string              `json:"credential"`
	Scope          string              `json:"scope"`
	AccessToken    *Token              `json:"access_token"`
	Problem        *Problem            `json:"problem"`
	Containers     []Container         `json:"containers"`
	OpenAI         *openai.Result      `json:"openai"`
	Notices        []Problem           `json:"notices"`            // parts that are not there
	Restarts       []Restarted         `json:"restarts,omitempty"` // with --restart
	Sources        []auth.Source       `json:"sources,omitempty"`  // with --verbose: in DefaultAzureCredential's order

	IgnoredLabels []containers.Ignored `json:"ignored_labels,omitempty"` // with --verbose: those that count for nothing, and why
}

// Token is when the access token ends and whether it is renewed without a person.
type Token struct {
	ExpiresOn   time.Time `json:"expires_on"`
	ExpiresInS  int       `json:"expires_in_s"`
	Refreshable bool      `json:"refreshable"`
}

// Problem is a problem without its raw cause.
type Problem struct {
	Code    string    `json:"code"`
	Kind    auth.Kind `json:"kind"`
	Message string    `json:"message"`
	Advice  string    `json:"advice"`
}

// Container is one container; null where nothing is known.
type Container struct {
	Name        string           `json:"name"`
	ID          string           `json:"id"`
	Project     string           `json:"project"`
	Engine      string           `json:"engine"` // as engine.hosts lists it; "" where that lists none
	Delivery    string           `json:"delivery"`
	State       containers.State `json:"state"`
	Path        string           `json:"path"`
	ExpiresOn   *time.Time       `json:"expires_on"`
	DeliveredAt *time.Time       `json:"delivered_at"`
	Error       *string          `json:"error"`
	Credential  string           `json:"credential,omitempty"` // refresh-token, where it holds that
	Consent     *string          `json:"consent,omitempty"`    // asked: it waits for your answer; never: that was the answer
	Would       string           `json:"would,omitempty"`      // with sync --dry-run: what would be done, in words
	Verified    *Verified        `json:"verified,omitempty"`   // with sync --verify, where it has a credential to try
}

// Verified is what a container got when it was asked to obtain a token; null where nothing is known.
type Verified struct {
	Result    containers.VerifyResult `json:"result"` // obtained, failed or untried
	By        *string                 `json:"by"`     // az, curl, wget or python3
	ExpiresOn *time.Time              `json:"expires_on"`
	Tenant    *string                 `json:"tenant"`
	Delivered bool                    `json:"delivered"` // it is the very token that was delivered
	Error     *string                 `json:"error"`
}

// Restarted is one container that was to be restarted; null where nothing is known.
type Restarted struct {
	Name    string                  `json:"name"`
	ID      string                  `json:"id"`
	Project string                  `json:"project"`
	State   containers.RestartState `json:"state"`   // restarted, skipped or failed
	Because *string                 `json:"because"` // the container that it was restarted with, unasked
	Health  *string                 `json:"health"`
	TookS   float64                 `json:"took_s"`
	Error   *string                 `json:"error"`
	Log     []string                `json:"log"` // its last lines, where it did not come back
}

// Whole is a report with what its words need besides, which the contract does not have.
type Whole struct {
	Report Report `json:"report"`
	Beside Beside `json:"beside"`
}

// Beside is what the words need besides a Report.
type Beside struct {
	Others   []string            `json:"others"`    // the accounts that az holds besides the report's
	Lasts    time.Duration       `json:"lasts"`     // how long the organisation lets a sign-in last; 0 is not known
	LastsBy  auth.DeadlineSource `json:"lasts_by"`  // from what that is known
	Idle     bool                `json:"idle"`      // Lasts is how long it may stay unused
	Raw      string              `json:"raw"`       // the redacted text that the problem was told from
	NoAZ     bool                `json:"no_az"`     // az is not there
	Concerns auth.Tenant         `json:"concerns"`  // the tenant that level, deadline and problem are of
	Tenants  []auth.Tenant       `json:"tenants"`   // that the person may use
	Renewing string              `json:"renewing"`  // the way of the renewal under way: browser, device-code or silent; "" is none
	Busy     bool                `json:"busy"`      // containers may hold something else in a moment
	Services map[string]string   `json:"services"`  // by container id: of compose or swarm, where it has one
	Account  bool                `json:"signed_in"` // az has an account
}

// Of is the report of a snapshot at now. While something is being renewed it is of how things stood before.
func Of(s agent.Snapshot, now time.Time) Whole {
	level := s.Level
	if level == auth.Renewing {
		level = s.Before
	}
	problem := cmp.Or(s.Problem, s.Offline)
	if problem == nil && level == auth.SignedOut {
		problem = auth.Classify("Please run 'az login' to setup account.", nil).With(s.Tenant.ID, s.Scope)
	}
	r := Report{Level: level, Deadline: Time(s.Deadline), DeadlineSource: cmp.Or(s.DeadlineSource, auth.DeadlineNone), Account: s.Account, AccountKind: s.Kind,
		Tenant: s.Tenant, Subscription: s.Subscription, Credential: s.Credential, Scope: s.Scope, Problem: ProblemOf(problem),
		Containers: []Container{}, OpenAI: s.OpenAI, Notices: []Problem{}}
	if !s.TokenExpires.IsZero() {
		r.AccessToken = &Token{s.TokenExpires.UTC(), int(s.TokenExpires.Sub(now).Seconds()), s.Refreshable}
	}
	b := Beside{Others: s.Others, Lasts: s.Lifetime, LastsBy: s.DeadlineSource, Idle: s.IdleLimit, Concerns: s.Concerns, Tenants: s.Tenants, Busy: s.Busy, Account: s.Account != ""}
	if problem != nil && problem.Err != nil {
		b.Raw = problem.Err.Error()
	}
	if s.Renewal != nil {
		b.Renewing = s.Renewal.Way
	}
	b.Services = map[string]string{}
	for _, st := range s.Containers {
		if st.Service != "" {
			b.Services[st.ID] = st.Service
		}
		r.Containers = append(r.Containers, ContainerOf(st))
	}
	for _, p := range append(slices.Clone(s.Missing), pageMoved(s.Page)) {
		if p != nil {
			r.Notices = append(r.Notices, *ProblemOf(p))
			b.NoAZ = b.NoAZ || p.Kind == auth.AZMissing || p.Kind == auth.AZBroken
		}
	}
	return Whole{r, b}
}

// pageMoved says that the status page is not at its usual address, and why; nil where it is, or nowhere.
func pageMoved(p agent.Page) *auth.Problem {
	if p.Why == "" {
		return nil
	}
	return &auth.Problem{Code: "HEALTH_PORT_MOVED", Kind: auth.ConfigError,
		Message: "The health API and the status page are at http://" + p.Address + ", for " + p.Why + ".",
		Advice:  "To have them always at one address, set health.listen to it."}
}

// ContainerOf is a container's status as the report has it.
func ContainerOf(st containers.Status) Container {
	return Container{Name: st.Name, ID: st.ID, Project: st.Project, Engine: st.Engine, Delivery: st.Delivery, State: st.State, Path: st.Path,
		ExpiresOn: Time(st.ExpiresOn), DeliveredAt: Time(st.DeliveredAt), Error: Text(st.Error), Credential: refreshWord(st), Consent: consentWord(st.Consent)}
}

// VerifiedOf is what came of a try as the report has it.
func VerifiedOf(v containers.Verified) *Verified {
	return &Verified{v.Result, Text(v.By), Time(v.ExpiresOn), Text(v.Tenant), v.Delivered, Text(v.Error)}
}

// RestartedOf is what became of a restart as the report has it.
func RestartedOf(all []containers.Restart) []Restarted {
	out := []Restarted{}
	for _, r := range all {
		out = append(out, Restarted{r.Name, r.ID, r.Project, r.State, Text(r.Because), Text(r.Health), r.Took.Round(100 * time.Millisecond).Seconds(), Text(r.Error), r.Log})
	}
	return out
}

// ProblemOf is a problem without its cause; nil for none.
func ProblemOf(p *auth.Problem) *Problem {
	if p == nil {
		return nil
	}
	return &Problem{p.Code, p.Kind, p.Message, p.Advice}
}

// Full is the problem as the rest of the program has it, with the text that it was told from; nil for none.
func (p *Problem) Full(raw string) *auth.Problem {
	if p == nil {
		return nil
	}
	full := &auth.Problem{Code: p.Code, Kind: p.Kind, Message: p.Message, Advice: p.Advice}
	if raw != "" {
		full.Err = rawText(raw)
	}
	return full
}

type rawText string

func (r rawText) Error() string { return string(r) }

// How a question about a container stands.
const (
	ConsentAsked = "asked"
	ConsentNever = "never"
)

func consentWord(c containers.Consent) *string {
	switch {
	case c.Question != containers.AskEngine:
		return nil
	case c.Never:
		return Text(ConsentNever)
	}
	return Text(ConsentAsked)
}

// refreshWord is what a container holds besides access tokens.
func refreshWord(b containers.Status) string {
	if b.Refresh && b.State == containers.Fresh {
		return "refresh-token"
	}
	return ""
}

// Lacks reports whether the container is without a credential that works. One that mounts the person's
// own az directory has theirs, and one that is never to have any lacks none. Who asks to have it tried, and it can't
// be, whatever the state, is not told that all is well.
func (c Container) Lacks() bool {
	if c.Consent != nil && *c.Consent == ConsentNever {
		return false
	}
	return c.State != containers.Fresh && c.State != containers.Shared || c.Verified != nil && c.Verified.Result != containers.Obtained
}

// Time is a time for JSON; nil where it is not known.
func Time(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Text is a text for JSON; nil where there is none.
func Text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
