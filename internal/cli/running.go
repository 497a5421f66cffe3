package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/instance"
	"aztray/internal/localapi"
	"aztray/internal/report"
)

// running is the aztray that runs, and what it knows; nil where none runs, or one that goes by other settings: then the
// command looks for itself.
func (c *command) running(ctx context.Context) (*localapi.Client, report.Whole, error) {
	dir, err := instance.Place()
	if err != nil {
		return nil, report.Whole{}, nil
	}
	a := localapi.NewClient(dir, c.Version, localapi.Fingerprint(c.settings, c.client.Dir))
	end := c.during("Asking the aztray that runs")
	w, err := a.State(ctx)
	end()
	switch {
	case errors.Is(err, localapi.ErrNone):
		return nil, w, nil
	case errors.Is(err, localapi.ErrOtherSettings):
		c.log.Debug("the aztray that runs goes by other settings than this command, which looks for itself")
		return nil, w, nil
	case err != nil:
		return nil, w, err
	}
	return a, w, nil
}

// ask has the aztray that runs do something, and says on the way what it does.
func (c *command) ask(ctx context.Context, a *localapi.Client, what, doing string, r localapi.Request) (localapi.Event, error) {
	return c.askTelling(ctx, a, what, doing, r, "")
}

// askTelling is ask, with a sentence for the moment at which the person has to sign in; "" is none.
func (c *command) askTelling(ctx context.Context, a *localapi.Client, what, doing string, r localapi.Request, why string) (localapi.Event, error) {
	if what != "renew" || c.progress.moves() { // elsewhere the line that says so is enough
		defer c.during(doing)()
	}
	last, err := a.Do(ctx, what, r, func(e localapi.Event) {
		switch {
		case e.Browser && !c.askedToSignIn:
			if why != "" {
				fmt.Fprintln(c.Err, why)
			}
			c.sayBrowser()
		case e.Line != "":
			if text, ok := codeText(e.Line, c.ErrTerm); ok {
				fmt.Fprintln(c.Err, text)
			} else {
				c.log.Debug("az says", "line", e.Line)
			}
		case e.Doing != "":
			fmt.Fprintln(c.Err, e.Doing)
		}
	})
	if u, ok := errors.AsType[localapi.ErrUsage](err); ok {
		return last, usageError{u}
	}
	return last, err
}

// sayBrowser says once what the person is to do.
func (c *command) sayBrowser() {
	c.askedToSignIn = true
	fmt.Fprintf(c.Err, "Sign in with the browser window that opens; waiting for up to %s. Ctrl-C cancels.\n", minutes(c.settings.Azure.LoginTimeout))
}

// narrowed is a report of the named containers alone; a name that is not there is bad usage.
func narrowed(w report.Whole, names []string) (report.Whole, error) {
	if len(names) == 0 {
		return w, nil
	}
	kept := []ContainerReport{}
	for _, name := range names {
		found := false
		for _, b := range w.Report.Containers {
			if is(b, name, w) {
				found = true
				kept = append(kept, b)
			}
		}
		if !found {
			return w, usageError{errors.New("no covered container is called " + name)}
		}
	}
	w.Report.Containers = kept
	return w, nil
}

// is reports whether a container is called so, or its service.
func is(b ContainerReport, name string, w report.Whole) bool {
	return b.Name == name || w.Beside.Services[b.ID] == name
}

// printKnown prints what the aztray that runs knows.
func (c *command) printKnown(ctx context.Context, w report.Whole) error {
	f := found{}
	if c.verbose {
		f, _ = c.find(ctx, nil) // for the labels that count for nothing, which nobody keeps
	}
	c.addSources(ctx, &w, f)
	return c.print(w)
}

// printKnownOf is printKnown of the named containers.
func (c *command) printKnownOf(ctx context.Context, w report.Whole, names []string) error {
	w, err := narrowed(w, names)
	if err != nil {
		return err
	}
	return c.printKnown(ctx, w)
}

// renewBy is auth-renew by the aztray that runs.
func (c *command) renewBy(ctx context.Context, a *localapi.Client, w report.Whole, f renewFlags) error {
	if _, err := narrowed(w, f.names); err != nil { // a wrong name is told before a browser opens
		return err
	}
	r := localapi.Request{Names: f.names, Tenant: tenantIn(w.Beside.Tenants, f.tenant), IfNeeded: f.ifNeeded, DeviceCode: f.deviceCode}
	kind := w.Report.AccountKind
	alone := kind != "" && kind != auth.AccountNone && !kind.Renewable()
	if r.IfNeeded = r.IfNeeded || alone; !r.IfNeeded {
		if err := c.canSignIn(f.deviceCode); err != nil {
			return err
		}
		if !f.deviceCode {
			c.sayBrowser()
		}
	}
	last, err := c.ask(ctx, a, "renew", "Waiting for your sign-in", r)
	if p, ok := errors.AsType[*auth.Problem](err); ok && alone {
		fmt.Fprintln(c.Err, p.Message)
		if w, err = a.State(ctx); err != nil {
			return err
		}
		return c.printNarrowed(w, f.names)
	}
	if err != nil {
		return err
	}
	if alone {
		fmt.Fprintf(c.Err, "az is signed in as %s and renews by itself; no browser is needed.\n", kind.Words())
	}
	if !f.restart {
		return c.printNarrowed(*last.Done, f.names)
	}
	last, err = c.ask(ctx, a, "restart", "Restarting", localapi.Request{Names: f.names})
	if err != nil {
		return err
	}
	last.Done.Report.Restarts = last.Restarted
	return c.printNarrowed(*last.Done, f.names)
}

func (c *command) printNarrowed(w report.Whole, names []string) error {
	w, err := narrowed(w, names)
	if err != nil {
		return err
	}
	return c.print(w)
}

// canSignIn is why a sign-in can't be begun from here; nil where it can.
func (c *command) canSignIn(deviceCode bool) error {
	if p := c.client.AZ.Problem(); p != nil {
		return p
	}
	if p := noBrowser(os.Getenv, runtime.GOOS); p != nil && !deviceCode {
		return p
	}
	return nil
}

// tenantIn is the id of a tenant that is named by id, domain or name; what is none of them is taken for an id.
func tenantIn(all []auth.Tenant, want string) string {
	if t, err := matchTenant(all, want, nil); want != "" && err == nil {
		return t.ID
	}
	return want
}

// syncBy is sync by the aztray that runs.
func (c *command) syncBy(ctx context.Context, a *localapi.Client, w report.Whole, names []string, said answers, dry, verify bool) error {
	answers, err := said.of(w, dry)
	if err != nil {
		return err
	}
	if _, err := narrowed(w, names); err != nil {
		return err
	}
	if dry {
		if w, err = narrowed(w, names); err != nil {
			return err
		}
		dryRun(&w.Report, c.Now())
		fmt.Fprintln(c.Err, "Nothing was changed.")
		return c.print(w)
	}
	if len(answers) > 0 {
		if _, err := c.ask(ctx, a, "answer", "Keeping your answer", localapi.Request{Answers: answers}); err != nil {
			return err
		}
	}
	last, err := c.ask(ctx, a, "sync", "Delivering", localapi.Request{Names: names, Verify: verify})
	if err != nil {
		return err
	}
	if p := last.Done.Report.Problem; p != nil && (last.Done.Report.AccessToken == nil || !last.Done.Report.AccessToken.ExpiresOn.After(c.Now())) {
		return p.Full(last.Done.Beside.Raw)
	}
	return c.printNarrowed(*last.Done, names)
}

// of are the answers for the containers of a report, by id. A name that is not there is bad usage.
func (a answers) of(w report.Whole, dry bool) ([]agent.Answer, error) {
	var all []agent.Answer
	for _, said := range a.each() {
		if len(said.names) == 0 {
			continue
		}
		if dry {
			return nil, usageError{fmt.Errorf("--dry-run changes nothing, so that it can't go with an answer")}
		}
		meant, err := narrowed(w, said.names)
		if err != nil {
			return nil, err
		}
		for _, b := range meant.Report.Containers {
			for _, q := range said.questions {
				all = append(all, agent.Answer{ContainerID: b.ID, Question: q, Allow: said.allow})
			}
		}
	}
	return all, nil
}

// restartBy is restart by the aztray that runs.
func (c *command) restartBy(ctx context.Context, a *localapi.Client, names []string) error {
	last, err := c.ask(ctx, a, "restart", "Restarting", localapi.Request{Names: names})
	if err != nil {
		return err
	}
	return c.printRestart(ctx, last.Restarted)
}

// tenantsBy is tenant list by the aztray that runs.
func (c *command) tenantsBy(ctx context.Context, a *localapi.Client) ([]TenantReport, error) {
	last, err := c.ask(ctx, a, "tenants", "Asking in each tenant", localapi.Request{})
	if err != nil {
		return nil, err
	}
	reports := []TenantReport{}
	for _, t := range last.Tenants {
		r := TenantReport{Tenant: t.Tenant, Current: t.Current, SignedIn: t.Problem == nil}
		if p := t.Problem.Full(""); p != nil {
			r.Problem = p.Code
			if p.Kind == auth.Offline || p.Kind == auth.Transient {
				r.untold = p
			}
		}
		if d := cmp.Or(c.settings.Azure.SignInLifetime, t.Lasts); d > 0 {
			r.Lifetime = auth.PeriodWords(d)
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// useTenantBy is tenant use by the aztray that runs.
func (c *command) useTenantBy(ctx context.Context, a *localapi.Client, w report.Whole, name string) error {
	var unlisted *auth.Problem
	if !w.Beside.Account {
		unlisted = w.Report.Problem.Full("")
	}
	t, err := matchTenant(w.Beside.Tenants, name, unlisted)
	if err != nil {
		return err
	}
	last, err := c.askTelling(ctx, a, "tenant", "Switching to "+t.Label(), localapi.Request{Tenant: t.ID}, t.Label()+" needs a sign-in of its own.")
	if err != nil {
		return err
	}
	return c.print(*last.Done)
}
