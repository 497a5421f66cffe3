package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
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
	Tenant         auth.Tenant         `json:"tenant"`
	Subscription   auth.Subscription   `json:"subscription"`
	Credential     string              `json:"credential"`
	Scope          string              `json:"scope"`
	AccessToken    *TokenReport        `json:"access_token"`
	Problem        *ProblemReport      `json:"problem"`
	Containers     []ContainerReport   `json:"containers"`
	OpenAI         *openai.Result      `json:"openai"`
	Notices        []ProblemReport     `json:"notices"`            // parts that are not there
	Restarts       []RestartedReport   `json:"restarts,omitempty"` // with --restart
	Sources        []auth.Source       `json:"sources,omitempty"`  // with --verbose: in DefaultAzureCredential's order
}

// TokenReport is when the access token ends and whether it is renewed without a person.
type TokenReport struct {
	ExpiresOn   time.Time `json:"expires_on"`
	ExpiresInS  int       `json:"expires_in_s"`
	Refreshable bool      `json:"refreshable"`
}

// ProblemReport is a problem without its raw cause.
type ProblemReport struct {
	Code    string    `json:"code"`
	Kind    auth.Kind `json:"kind"`
	Message string    `json:"message"`
	Advice  string    `json:"advice"`
}

// ContainerReport is one container; null where nothing is known.
type ContainerReport struct {
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
}

// report puts together what was gathered, and asks the endpoint where one is set.
func (c *command) report(ctx context.Context, s signIn, f found, boxes []containers.Status) Report {
	slices.SortFunc(boxes, func(a, b containers.Status) int { return cmp.Compare(a.Name, b.Name) })
	v := c.verdict(s, boxes)
	r := Report{Level: v.Level, Deadline: when(v.Deadline), DeadlineSource: v.Source, Account: s.row.User.Name, Tenant: s.tenant,
		Scope: c.settings.Azure.Scope, Problem: problemReport(s.problem), Containers: []ContainerReport{}, Notices: []ProblemReport{}}
	r.OpenAI = c.askOpenAI(ctx, s)
	if c.verbose {
		r.Sources = auth.Sources(ctx, auth.SourceOptions{Tenant: s.tenant.ID, Scope: r.Scope, HTTP: c.client.Silent.HTTP, Try: true, Dir: c.client.Dir})
	}
	if s.row.TenantID == s.tenant.ID {
		r.Subscription = s.row.Subscription()
	}
	if s.row.ID != "" {
		r.Credential = "AzureCLICredential"
	}
	if !s.token.ExpiresOn.IsZero() {
		r.AccessToken = &TokenReport{s.token.ExpiresOn, int(s.token.ExpiresOn.Sub(c.Now()).Seconds()), s.silent == auth.SilentWorks}
	}
	for _, b := range boxes {
		r.Containers = append(r.Containers, ContainerReport{b.Name, b.ID, b.Project, b.Engine, b.Delivery, b.State, b.Path,
			when(b.ExpiresOn), when(b.DeliveredAt), text(b.Error)})
	}
	for _, p := range append([]*auth.Problem{c.client.AZ.Problem(), s.files.CacheProblem}, f.away...) {
		if p != nil {
			r.Notices = append(r.Notices, *problemReport(p))
		}
	}
	return r
}

// askOpenAI asks whether the token works where the containers use it; nil where no endpoint is set or
// there is no token to ask with.
func (c *command) askOpenAI(ctx context.Context, s signIn) *openai.Result {
	o := c.settings.OpenAI
	if o.Endpoint == "" || !s.token.ExpiresOn.After(c.Now()) {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	r := openai.Client{HTTP: c.client.Silent.HTTP}.Probe(ctx, openai.Settings{Endpoint: o.Endpoint, APIVersion: o.APIVersion,
		ChatModel: o.ChatModel, EmbeddingModel: o.EmbeddingModel}, s.token).Named(c.listed(ctx, s), s.tenant)
	return &r
}

func problemReport(p *auth.Problem) *ProblemReport {
	if p == nil {
		return nil
	}
	return &ProblemReport{p.Code, p.Kind, p.Message, p.Advice}
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// exitCode is the contract's code for a report.
func (r Report) exitCode() exit {
	switch r.Level {
	case auth.OK:
	case auth.Expiring:
		if r.AccessToken == nil || !r.AccessToken.Refreshable {
			return ExitPersonNeeded
		}
	default:
		return ExitPersonNeeded
	}
	for _, b := range r.Containers {
		if b.State != containers.Fresh {
			return ExitContainers
		}
	}
	return restartCode(r.Restarts)
}

// print writes the report and returns the exit that goes with it, nil when all is good.
func (c *command) print(s signIn, r Report) error {
	var err error
	if c.format == "json" {
		enc := json.NewEncoder(c.Out)
		enc.SetIndent("", "  ")
		err = enc.Encode(r)
	} else {
		err = c.table(s, r)
	}
	if code := r.exitCode(); err == nil && code != ExitGood {
		return code
	}
	return err
}

// table is the report in words: how it stands, what it rests on, each container, what to do.
func (c *command) table(s signIn, r Report) error {
	now := c.Now()
	b := &strings.Builder{}
	fmt.Fprintln(b, c.headline(s, r, now))
	tw := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(tw, "  %s\t%s\n", name, value)
		}
	}
	row("Account", r.Account)
	row("Tenant", tenantWords(r.Tenant))
	row("Subscription", r.Subscription.Name)
	row("Sign-in", c.deadlineWords(s, r))
	row("Token", tokenWords(r.AccessToken, now))
	if r.OpenAI != nil {
		row("Azure OpenAI", r.OpenAI.Endpoint+" is "+string(r.OpenAI.Status))
	}
	if c.verbose {
		row("Scope", r.Scope)
		row("Credential", r.Credential)
		row("az's files", string(c.client.Dir))
	}
	tw.Flush()
	if len(r.Containers) > 0 {
		fmt.Fprintln(b)
		containerTable(b, r.Containers, now)
	}
	if len(r.Restarts) > 0 {
		fmt.Fprintln(b)
		restartTable(b, r.Restarts)
	}
	if p := s.problem; p != nil {
		fmt.Fprintln(b)
		if r.Level != auth.SignedOut { // the headline says that already
			fmt.Fprintln(b, p.Message)
		}
		fmt.Fprintln(b, p.Advice)
		if c.verbose && p.Err != nil {
			fmt.Fprintf(b, "%s: %v\n", p.Code, p.Err)
		}
	}
	if len(r.Sources) > 0 {
		fmt.Fprintln(b)
		sourceTable(b, r.Sources)
	}
	if r.OpenAI != nil && r.OpenAI.Problem != nil {
		fmt.Fprintf(b, "\n%s\n%s\n", r.OpenAI.Problem.Message, r.OpenAI.Problem.Advice)
	}
	for _, n := range r.Notices {
		fmt.Fprintf(b, "\n%s\n%s\n", n.Message, n.Advice)
	}
	_, err := io.WriteString(c.Out, b.String())
	return err
}

func (c *command) headline(s signIn, r Report, now time.Time) string {
	switch r.Level {
	case auth.OK:
		if r.Deadline != nil {
			return "Signed in, until " + clock(*r.Deadline, now) + "."
		}
		if s.problem != nil {
			return "Signed in; Microsoft Entra cannot be asked at the moment."
		}
		return "Signed in; tokens are renewed without you."
	case auth.Expiring:
		return "You are needed: containers work until " + clock(*r.Deadline, now) + "."
	case auth.Expired:
		return "The sign-in has ended, and containers are failing now."
	case auth.SignedOut:
		return "Nobody is signed in."
	}
	return "How the sign-in stands cannot be told at the moment."
}

// deadlineWords says when the sign-in ends and from what that is known.
func (c *command) deadlineWords(s signIn, r Report) string {
	if r.Deadline == nil {
		return ""
	}
	ends := "ends " + clock(*r.Deadline, c.Now())
	switch r.DeadlineSource {
	case auth.DeadlineLearned:
		return ends + " (learned: " + auth.PeriodWords(agent.Recall(stateFile(c.client.StateDir)).Signs[s.tenant.ID].Policy.SignIn.Lasts) + ")"
	case auth.DeadlineConfigured:
		return ends + " (your setting: " + auth.PeriodWords(c.settings.Azure.SignInLifetime) + ")"
	}
	return ""
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

var stateWords = map[containers.State]string{
	containers.Fresh: "has the credential", containers.Stale: "has an old one", containers.Missing: "has none yet",
	containers.Shared: "shares your own az directory", containers.OwnSignIn: "has a sign-in of its own",
	containers.Unwritable: "cannot be written to", containers.Unreachable: "cannot use one", containers.Failed: "failed",
}

// sourceTable is each source of a credential, in the order in which DefaultAzureCredential tries them.
func sourceTable(w io.Writer, all []auth.Source) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "SOURCE\tSTATE\tWHY")
	for _, s := range all {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", s.Name, s.State, s.Reason)
	}
	tw.Flush()
}

func containerTable(w io.Writer, all []ContainerReport, now time.Time) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	several := slices.ContainsFunc(all, func(b ContainerReport) bool { return b.Engine != all[0].Engine })
	engine := func(text string) string { // a column only where there is more than one
		if !several {
			return ""
		}
		return "\t" + text
	}
	fmt.Fprintln(tw, "CONTAINER"+engine("ENGINE")+"\tSTATE\tTOKEN ENDS\tPLACE")
	for _, b := range all {
		ends := ""
		if b.ExpiresOn != nil {
			ends = clock(*b.ExpiresOn, now)
		}
		fmt.Fprintf(tw, "%s%s\t%s\t%s\t%s\n", b.Name, engine(containers.ShortHost(b.Engine)), stateWords[b.State], ends, b.Path)
	}
	tw.Flush()
	for _, b := range all {
		if b.Error != nil {
			fmt.Fprintf(w, "%s: %s\n", b.Name, *b.Error)
		}
	}
}
