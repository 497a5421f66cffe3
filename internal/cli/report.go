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

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/health"
	"aztray/internal/instance"
	"aztray/internal/openai"
	"aztray/internal/report"
)

// The report's types, as -o json has them.
type (
	Report          = report.Report
	TokenReport     = report.Token
	ProblemReport   = report.Problem
	ContainerReport = report.Container
	VerifiedReport  = report.Verified
	RestartedReport = report.Restarted
)

// report puts together what this command has found out by itself, and asks the endpoint where one is set.
func (c *command) report(ctx context.Context, s signIn, f found, boxes []containers.Status) report.Whole {
	slices.SortFunc(boxes, func(a, b containers.Status) int { return cmp.Compare(a.Name, b.Name) })
	for i, b := range boxes {
		if j := slices.IndexFunc(f.all, func(k containers.Container) bool { return k.ID == b.ID }); j >= 0 {
			boxes[i] = c.choice(s).Grant(f.all[j]).Shown(b)
		}
	}
	r := report.Of(c.snapshot(ctx, s, f, boxes), c.Now())
	c.addSources(ctx, &r, f)
	return r
}

// addSources adds what --verbose says besides: each source of a credential, tried as a program that is started here
// would, and the labels that count for nothing.
func (c *command) addSources(ctx context.Context, r *report.Whole, f found) {
	if c.verbose {
		if f.engines != nil {
			r.Report.IgnoredLabels = f.engines.Ignored(ctx, c.covered())
		}
		defer c.during("Trying each source of a credential")()
		r.Report.Sources = auth.Sources(ctx, auth.SourceOptions{Tenant: r.Report.Tenant.ID, Scope: r.Report.Scope, HTTP: c.client.Silent.HTTP, Try: true, Dir: c.client.Dir})
	}
}

// snapshot is what a running agent would know.
func (c *command) snapshot(ctx context.Context, s signIn, f found, boxes []containers.Status) agent.Snapshot {
	now := c.Now()
	v := c.view(s, boxes)
	verdict, p := v.Verdict(s.tenant.ID, now), v.Predict(s.tenant.ID)
	snap := agent.Snapshot{At: now, Level: verdict.Level, Before: verdict.Level, Deadline: verdict.Deadline, DeadlineSource: verdict.Source,
		Concerns: s.tenant, Lifetime: p.Lasts, IdleLimit: p.Idle, Account: s.row.User.Name, Kind: s.files.Kind(s.row), Tenant: s.tenant,
		Scope: cmp.Or(s.scope, c.settings.Azure.Scope), TokenExpires: s.token.ExpiresOn, Refreshable: s.silent == auth.SilentWorks,
		Problem: s.problem, Tenants: v.Tenants(), Containers: boxes, OpenAI: c.askOpenAI(ctx, s), Looked: true,
		Others: slices.DeleteFunc(s.files.Profile.Users(), func(u string) bool { return strings.EqualFold(u, s.row.User.Name) })}
	if strings.EqualFold(s.row.TenantID, s.tenant.ID) {
		snap.Subscription = s.row.Subscription()
	}
	if s.row.ID != "" {
		snap.Credential = "AzureCLICredential"
	}
	port := health.Taken(ctx, c.settings.Health.Listen, c.settings.Health.Watch)
	snap.Missing = append([]*auth.Problem{c.client.AZ.Problem(), s.files.CacheProblem, c.endpointProblem(ctx, boxes), c.socketProblem(ctx), port}, f.away...)
	snap.Page = pageOf(ctx)
	return snap
}

// pageOf is where the status page of an aztray that runs is.
func pageOf(ctx context.Context) agent.Page {
	dir, err := instance.Place()
	if err != nil || !instance.Running(ctx, dir) {
		return agent.Page{}
	}
	p := instance.ReadPage(dir)
	return agent.Page{Address: p.Address, Why: p.Why}
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

// exitCode is the contract's code for a report.
func exitCode(r Report) exit {
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
		if b.Lacks() {
			return ExitContainers
		}
	}
	return restartCode(r.Restarts)
}

// print writes the report and returns the exit that goes with it, nil when all is good.
func (c *command) print(w report.Whole) error {
	if c.interrupted != nil && c.interrupted() != nil {
		return c.interrupted() // half of the truth is none
	}
	var err error
	if c.format == "json" {
		enc := json.NewEncoder(c.Out)
		enc.SetIndent("", "  ")
		err = enc.Encode(w.Report)
	} else {
		err = c.table(w)
	}
	if code := exitCode(w.Report); err == nil && code != ExitGood {
		return code
	}
	return err
}

// table is the report in words: how it stands, what it rests on, each container, what to do.
func (c *command) table(w report.Whole) error {
	r := w.Report
	now := c.Now()
	b := c.page()
	b.say(levelLooks[r.Level], headline(w, now))
	tw := newTabs(b, false)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(tw, "  %s\t%s\n", name, value)
		}
	}
	row("Account", r.Account)
	row("Signed in as", kindWords(r.AccountKind))
	row("Also signed in", strings.Join(w.Beside.Others, ", "))
	row("Tenant", tenantWords(r.Tenant))
	row("Subscription", r.Subscription.Name)
	row("Sign-in", c.deadlineWords(w))
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
	c.whatToDo(b, w)
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
