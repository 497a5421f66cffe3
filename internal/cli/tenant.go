package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/nearest"
)

// TenantReport is one row of `tenant list -o json`.
type TenantReport struct {
	auth.Tenant
	Current  bool   `json:"current"`
	SignedIn bool   `json:"signed_in"` // a token can be had there without a person
	Problem  string `json:"problem"`   // the code of what stands in the way, "" where nothing does
	Lifetime string `json:"lifetime"`  // how long a sign-in lasts there, as learnt or set; "" where not known

	untold *auth.Problem // why nobody could be asked whether one can; nil: somebody was
}

func (c *command) tenantCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "tenant", Short: "The tenants that you may use: list, use", Args: subcommandOnly, RunE: help, SuggestionsMinimumDistance: 2,
		Example: "  aztray tenant list\n  aztray tenant use fabrikam.onmicrosoft.com"}
	list := &cobra.Command{
		Use: "list", Short: "List the tenants, and whether you are signed in there", Args: noArgs,
		Example: "  aztray tenant list\n  aztray tenant list -o json | jq -r '.[] | select(.current).id'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.prepare(); err != nil {
				return err
			}
			return c.listTenants(cmd.Context())
		},
	}
	use := &cobra.Command{
		Use: "use TENANT", Short: "Switch to a tenant, by id, name or domain, and give the containers its token",
		Example:           "  aztray tenant use fabrikam.onmicrosoft.com\n  aztray tenant use Fabrikam",
		ValidArgsFunction: c.completeTenants,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("name one tenant, by id, name or domain; aztray tenant list shows them")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.prepare(); err != nil {
				return err
			}
			return c.useTenant(cmd.Context(), args[0])
		},
	}
	c.outputFlags(list)
	c.outputFlags(use)
	cmd.AddCommand(list, use)
	return cmd
}

// tenants are all that the account may use: those of az's profile, of ARM, and of what was learnt. The
// problem is why ARM was not asked or did not say, so that there may be others; nil: there are none.
func (c *command) tenants(ctx context.Context, f auth.Files) ([]auth.Tenant, *auth.Problem) {
	v := c.reading(f)
	listed, unlisted := c.armTenants(ctx, f)
	if listed != nil {
		v.Listed = listed
	}
	return v.Tenants(), unlisted
}

// armTenants are those that ARM lists; none where it does not, and the problem where there is one to tell.
func (c *command) armTenants(ctx context.Context, f auth.Files) ([]auth.Tenant, *auth.Problem) {
	if len(f.Profile.Subscriptions) == 0 {
		return nil, auth.Classify("Please run 'az login' to setup account.", nil).With("", c.settings.Azure.Scope)
	}
	listed, err := c.client.Tenants(ctx, f)
	if err == nil {
		return listed, nil
	}
	c.log.Debug("ARM does not list the tenants", "err", err)
	p, _ := errors.AsType[*auth.Problem](err)
	return nil, p
}

func (c *command) listTenants(ctx context.Context) error {
	a, _, err := c.running(ctx)
	if err != nil {
		return err
	}
	var reports []TenantReport
	if a != nil {
		reports, err = c.tenantsBy(ctx, a)
	} else {
		reports, err = c.triedTenants(ctx)
	}
	if err != nil {
		return err
	}
	return c.printTenants(reports)
}

// triedTenants is how each tenant answers this command.
func (c *command) triedTenants(ctx context.Context) ([]TenantReport, error) {
	f, err := c.client.Dir.Read(ctx)
	if err != nil {
		return nil, err
	}
	row := f.Profile.Current()
	v := c.reading(f)
	current := v.Tenant()
	learnt := agent.Recall(stateFile(c.client.StateDir)).Signs
	end := c.during("Asking in each tenant")
	all, _ := c.tenants(ctx, f) // each row says what is in its way
	reports := make([]TenantReport, len(all))
	var wg sync.WaitGroup
	for i, t := range all {
		wg.Go(func() {
			r := TenantReport{Tenant: t, Current: t.ID == current}
			_, err := c.client.Silent.Token(ctx, f, row.User.Name, t.ID, v.Scope())
			r.SignedIn = err == nil
			if p, ok := errors.AsType[*auth.Problem](err); ok {
				r.Problem = p.Code
				if p.Kind == auth.Offline || p.Kind == auth.Transient {
					r.untold = p
				}
			}
			if d := cmp.Or(c.settings.Azure.SignInLifetime, learnt[t.ID].Policy.SignIn.Lasts); d > 0 {
				r.Lifetime = auth.PeriodWords(d)
			}
			reports[i] = r
		})
	}
	wg.Wait()
	end()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return reports, nil
}

func (c *command) printTenants(reports []TenantReport) error {
	if c.format == "json" {
		if err := c.printJSON(reports); err != nil || len(reports) > 0 {
			return err
		}
		return exit(ExitPersonNeeded)
	}
	if len(reports) == 0 {
		fmt.Fprintln(c.Err, "No tenants are known, because nobody is signed in.\nSign in: aztray service auth-renew")
		return exit(ExitPersonNeeded)
	}
	b := c.page()
	if err := tenantTable(reports, c.OutTerm).write(b, c.OutTerm); err != nil {
		return err
	}
	if i := slices.IndexFunc(reports, func(r TenantReport) bool { return r.untold != nil }); i >= 0 {
		fmt.Fprintf(b, "\n%s\n%s\n", reports[i].untold.Message, reports[i].untold.Advice)
	}
	return b.print(c.Out)
}

// tenantTable leaves out the ids where they would not fit and each tenant can be named otherwise.
func tenantTable(all []TenantReport, term Terminal) *table {
	t := &table{head: []string{"", "TENANT", "DOMAIN", "SIGNED IN", "SIGN-IN LASTS", "ID"}}
	named := true
	for _, r := range all {
		mark, signedIn := cell{}, cell{text: "yes", style: green}
		if r.Current {
			mark = cell{text: "*", style: bold}
		}
		switch {
		case r.untold != nil:
			signedIn = cell{text: "not known", style: yellow}
		case !r.SignedIn:
			signedIn = cell{text: strings.TrimSpace("no " + r.Problem), style: yellow}
		}
		named = named && r.Domain != ""
		t.add(mark, cell{text: r.Name}, cell{text: r.Domain}, signedIn, cell{text: cmp.Or(r.Lifetime, "not known")}, cell{text: r.ID, whole: true})
	}
	if named && term.Width > 0 && t.wide() > term.Width {
		last := len(t.head) - 1
		t.head = t.head[:last]
		for i := range t.rows {
			t.rows[i] = t.rows[i][:last]
		}
	}
	return t
}

// useTenant switches silently where az can, else with the browser, and delivers.
func (c *command) useTenant(ctx context.Context, name string) error {
	if a, w, err := c.running(ctx); err != nil || a != nil {
		if err != nil {
			return err
		}
		return c.useTenantBy(ctx, a, w, name)
	}
	f, err := c.client.Dir.Read(ctx)
	if err != nil {
		return err
	}
	all, unlisted := c.tenants(ctx, f)
	t, err := matchTenant(all, name, unlisted)
	if err != nil {
		return err
	}
	boxes, err := c.find(ctx, nil)
	if err != nil {
		return err
	}
	end := c.during("Switching to " + t.Label())
	_, err = c.client.UseTenant(ctx, t.ID, c.settings.Azure.Scope, c.settings.Azure.Follow)
	end()
	if p, ok := errors.AsType[*auth.Problem](err); ok && p.SignInCures() {
		fmt.Fprintf(c.Err, "%s needs a sign-in of its own.\n", t.Label())
		if err = c.signIn(ctx, auth.LoginOptions{TenantID: t.ID, Use: c.settings.Azure.Follow}); err == nil {
			_, err = c.client.UseTenant(ctx, t.ID, c.settings.Azure.Scope, c.settings.Azure.Follow)
		}
	}
	if err != nil {
		return err
	}
	s, err := c.look(ctx, t.ID, true)
	if err != nil {
		return err
	}
	return c.deliverAndPrint(ctx, s, boxes)
}

// matchTenant finds a tenant by id, name or domain, in whatever letter case. A near miss is named. Where
// there may be others than all, that is because of unlisted, which then comes before the name.
func matchTenant(all []auth.Tenant, want string, unlisted *auth.Problem) (auth.Tenant, error) {
	var names []string
	labels := map[string]string{}
	for _, t := range all {
		for _, name := range []string{t.ID, t.Name, t.Domain, firstLabel(t.Domain)} {
			if name == "" {
				continue
			}
			if strings.EqualFold(name, want) {
				return t, nil
			}
			names, labels[name] = append(names, name), t.Label()
		}
	}
	if len(names) > 0 {
		if near, changes := nearest.To(want, names); changes <= max(2, len(want)/3) {
			return auth.Tenant{}, usageError{fmt.Errorf("you have no tenant called %q; did you mean %q?", want, labels[near])}
		}
	}
	if looksLikeTenant(want) {
		return auth.Tenant{ID: want}, nil // az may know more than it has listed
	}
	if unlisted != nil {
		return auth.Tenant{}, unlisted
	}
	return auth.Tenant{}, usageError{fmt.Errorf("you have no tenant called %q; aztray tenant list shows them", want)}
}

func firstLabel(domain string) string {
	label, _, _ := strings.Cut(domain, ".")
	return label
}

// looksLikeTenant tells an id or a domain from a mere name.
func looksLikeTenant(s string) bool {
	return !strings.ContainsAny(s, " \t") && (strings.Contains(s, ".") || strings.Count(s, "-") == 4 && len(s) == 36)
}
