package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/health"
	"aztray/internal/instance"
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
	AccessToken    *TokenReport        `json:"access_token"`
	Problem        *ProblemReport      `json:"problem"`
	Containers     []ContainerReport   `json:"containers"`
	OpenAI         *openai.Result      `json:"openai"`
	Notices        []ProblemReport     `json:"notices"`            // parts that are not there
	Restarts       []RestartedReport   `json:"restarts,omitempty"` // with --restart
	Sources        []auth.Source       `json:"sources,omitempty"`  // with --verbose: in DefaultAzureCredential's order

	IgnoredLabels []containers.Ignored `json:"ignored_labels,omitempty"` // with --verbose: those that count for nothing, and why
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
	Credential  string           `json:"credential,omitempty"` // refresh-token, where it holds that
	Consent     *string          `json:"consent,omitempty"`    // asked: it waits for your answer; never: that was the answer
	Would       string           `json:"would,omitempty"`      // with sync --dry-run: what would be done, in words
	Verified    *VerifiedReport  `json:"verified,omitempty"`   // with sync --verify, where it has a credential to try
}

// report puts together what was gathered, and asks the endpoint where one is set.
func (c *command) report(ctx context.Context, s signIn, f found, boxes []containers.Status) Report {
	slices.SortFunc(boxes, func(a, b containers.Status) int { return cmp.Compare(a.Name, b.Name) })
	v := c.verdict(s, boxes)
	for i, b := range boxes {
		if j := slices.IndexFunc(f.all, func(k containers.Container) bool { return k.ID == b.ID }); j >= 0 {
			boxes[i] = c.choice(s).Grant(f.all[j]).Shown(b)
		}
	}
	r := Report{Level: v.Level, Deadline: when(v.Deadline), DeadlineSource: v.Source, Account: s.row.User.Name, AccountKind: s.files.Kind(s.row), Tenant: s.tenant,
		Scope: cmp.Or(s.scope, c.settings.Azure.Scope), Problem: problemReport(s.problem), Containers: []ContainerReport{}, Notices: []ProblemReport{}}
	r.OpenAI = c.askOpenAI(ctx, s)
	if c.verbose {
		defer c.during("Trying each source of a credential")()
		if f.engines != nil {
			r.IgnoredLabels = f.engines.Ignored(ctx, c.covered())
		}
		r.Sources = auth.Sources(ctx, auth.SourceOptions{Tenant: s.tenant.ID, Scope: r.Scope, HTTP: c.client.Silent.HTTP, Try: true, Dir: c.client.Dir})
	}
	if strings.EqualFold(s.row.TenantID, s.tenant.ID) {
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
			when(b.ExpiresOn), when(b.DeliveredAt), text(b.Error), refreshWord(b), consentWord(b.Consent), "", nil})
	}
	port := health.Taken(ctx, c.settings.Health.Listen, c.settings.Health.Watch)
	for _, p := range append([]*auth.Problem{c.client.AZ.Problem(), s.files.CacheProblem, c.endpointProblem(ctx, boxes), c.socketProblem(ctx), port, pageMoved(ctx)}, f.away...) {
		if p != nil {
			r.Notices = append(r.Notices, *problemReport(p))
		}
	}
	return r
}

// pageMoved says that the status page is not at its usual address, and why; nil where it is, or nowhere.
func pageMoved(ctx context.Context) *auth.Problem {
	dir, err := instance.Place()
	if err != nil || !instance.Running(ctx, dir) {
		return nil
	}
	p := instance.ReadPage(dir)
	if p.Why == "" {
		return nil
	}
	return &auth.Problem{Code: "HEALTH_PORT_MOVED", Kind: auth.ConfigError,
		Message: "The health API and the status page are at http://" + p.Address + ", for " + p.Why + ".",
		Advice:  "To have them always at one address, set health.listen to it."}
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
	defer c.during("Asking Azure OpenAI")()
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

// lacks reports whether the container is without a credential that works. One that mounts the person's
// own az directory has theirs, and one that is never to have any lacks none. Who asks to have it tried, and it can't
// be, whatever the state, is not told that all is well.
func (b ContainerReport) lacks() bool {
	if b.Consent != nil && *b.Consent == consentNever {
		return false
	}
	return b.State != containers.Fresh && b.State != containers.Shared || b.Verified != nil && b.Verified.Result != containers.Obtained
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
		if b.lacks() {
			return ExitContainers
		}
	}
	return restartCode(r.Restarts)
}

// print writes the report and returns the exit that goes with it, nil when all is good.
func (c *command) print(s signIn, r Report) error {
	if c.interrupted != nil && c.interrupted() != nil {
		return c.interrupted() // half of the truth is none
	}
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
	b := c.page()
	b.say(levelLooks[r.Level], c.headline(s, r, now))
	tw := newTabs(b, false)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(tw, "  %s\t%s\n", name, value)
		}
	}
	row("Account", r.Account)
	row("Signed in as", kindWords(r.AccountKind))
	row("Also signed in", strings.Join(r.others(s), ", "))
	row("Tenant", tenantWords(r.Tenant))
	row("Subscription", r.Subscription.Name)
	row("Sign-in", c.deadlineWords(s, r))
	row("Access token", tokenWords(r.AccessToken, now))
	if r.OpenAI != nil {
		row("Azure OpenAI", r.OpenAI.Endpoint+" "+openAIWords[r.OpenAI.Status])
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
	c.whatToDo(b, s, r)
	if len(r.Sources) > 0 {
		fmt.Fprintln(b)
		sourceTable(b, r.Sources)
	}
	if len(r.IgnoredLabels) > 0 {
		fmt.Fprintln(b)
		ignoredTable(b, r.IgnoredLabels)
	}
	if r.OpenAI != nil && r.OpenAI.Problem != nil {
		fmt.Fprintf(b, "\n%s\n%s\n", r.OpenAI.Problem.Message, r.OpenAI.Problem.Advice)
	}
	for _, n := range r.Notices {
		fmt.Fprintf(b, "\n%s\n%s\n", n.Message, n.Advice)
	}
	return b.print(c.Out)
}

// sourceTable is each source of a credential, in the order in which DefaultAzureCredential tries them.
func sourceTable(w io.Writer, all []auth.Source) {
	tw := newTabs(w, true)
	tw.prose = true
	fmt.Fprintln(tw, "SOURCE\tSTATE\tWHY")
	for _, s := range all {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", s.Name, s.State, s.Reason)
	}
	tw.Flush()
}

// ignoredTable is each label that counts for nothing.
func ignoredTable(w io.Writer, all []containers.Ignored) {
	tw := newTabs(w, true)
	tw.prose = true
	fmt.Fprintln(tw, "LABEL\tOF\tCOUNTS FOR NOTHING")
	for _, i := range all {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", i.Label, i.Container, i.Why)
	}
	tw.Flush()
}

func containerTable(w io.Writer, all []ContainerReport, now time.Time) {
	tw := newTabs(w, true)
	several := slices.ContainsFunc(all, func(b ContainerReport) bool { return b.Engine != all[0].Engine })
	engine := func(text string) string { // a column only where there is more than one
		if !several {
			return ""
		}
		return "\t" + text
	}
	inside, would := insideColumn(all, now), wouldColumn(all)
	fmt.Fprintln(tw, "CONTAINER"+engine("ENGINE")+"\tSTATE\tTOKEN ENDS"+inside(nil)+would(nil)+"\tPLACE")
	for _, b := range all {
		ends := ""
		if b.ExpiresOn != nil {
			ends = clock(*b.ExpiresOn, now)
		}
		fmt.Fprintf(tw, "%s%s\t%s\t%s%s%s\t%s\n", b.Name, engine(containers.ShortHost(b.Engine)), consentWords(b), ends, inside(&b), would(&b), b.Path)
	}
	tw.Flush()
	for _, b := range all {
		if b.Error != nil {
			fmt.Fprintf(w, "%s: %s\n", b.Name, *b.Error)
		}
		if b.Verified != nil && b.Verified.Error != nil {
			fmt.Fprintf(w, "%s: %s\n", b.Name, *b.Verified.Error)
		}
	}
}
