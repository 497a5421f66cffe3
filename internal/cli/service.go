package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
)

func (c *command) statusCommand() *cobra.Command {
	renew := false
	cmd := &cobra.Command{
		Use: "status", Short: "Say how the sign-in and the containers stand, and change nothing", Args: noArgs,
		Example: "  aztray service status\n  aztray service status -o json | jq -r .level\n  aztray service status --renew-auth   # renew first where that is needed",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.prepare(); err != nil {
				return err
			}
			ctx := cmd.Context()
			a, w, err := c.running(ctx)
			switch {
			case err != nil:
				return err
			case a != nil && renew && (w.Report.AccessToken == nil || !w.Report.AccessToken.Refreshable):
				return c.renewBy(ctx, a, w, renewFlags{ifNeeded: true})
			case a != nil:
				return c.printKnown(ctx, w)
			}
			s, err := c.look(ctx, "", false)
			if err != nil {
				return err
			}
			if renew && s.silent != auth.SilentWorks {
				return c.renew(ctx, renewFlags{ifNeeded: true})
			}
			f, err := c.find(ctx, nil)
			if err != nil {
				return err
			}
			return c.print(c.report(ctx, s, f, c.check(ctx, f)))
		},
	}
	cmd.Flags().BoolVar(&renew, "renew-auth", false, "renew where that is needed, with the browser if it must be")
	c.outputFlags(cmd)
	return cmd
}

// check says what each container holds.
func (c *command) check(ctx context.Context, f found) []containers.Status {
	served := agent.Recall(stateFile(c.client.StateDir)).Served
	return c.each("Looking into them", f.all, func(b containers.Container) containers.Status {
		if b.Delivery == "endpoint" {
			return agent.AskedFirst(agent.EndpointStatus(b, served[b.ID], c.settings.Endpoint.Enabled, c.Now()), f.engines.Question(ctx, b))
		}
		return f.engines.Check(ctx, b)
	})
}

type renewFlags struct {
	tenant                      string
	check, ifNeeded, deviceCode bool
	restart                     bool
	names                       []string
}

func (c *command) renewCommand() *cobra.Command {
	var f renewFlags
	cmd := &cobra.Command{
		Use: "auth-renew", Short: "Sign in with the browser and give the containers the new credential", Args: noArgs,
		Example: `  aztray service auth-renew                    # sign in, then update the containers
  aztray service auth-renew --if-needed        # no browser where a silent renewal is enough
  aztray service auth-renew --restart          # and have them start anew, with it
  aztray service auth-renew --check            # say how it stands; exit 1 if a person is needed
  aztray service auth-renew --tenant contoso.onmicrosoft.com`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.prepare(); err != nil {
				return err
			}
			if f.check && f.restart {
				return usageError{errors.New("--check changes nothing, so that it can't go with --restart")}
			}
			a, w, err := c.running(cmd.Context())
			switch {
			case err != nil:
				return err
			case a != nil && f.check && f.tenant == "":
				return c.printKnownOf(cmd.Context(), w, f.names)
			case a != nil && !f.check:
				return c.renewBy(cmd.Context(), a, w, f)
			case f.check:
				return c.checkOnly(cmd.Context(), f)
			}
			return c.renew(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.tenant, "tenant", "", "the `TENANT` to sign in to, by id or domain (default: the one in use)")
	flags.BoolVar(&f.check, "check", false, "only say how it stands; exit 1 if a person is needed")
	flags.BoolVar(&f.ifNeeded, "if-needed", false, "no browser where a silent renewal is enough")
	flags.BoolVar(&f.deviceCode, "device-code", false, "sign in with a code on another device; many tenants forbid it")
	flags.BoolVar(&f.restart, "restart", false, "then restart the containers, for processes that keep an old failure in memory")
	flags.StringArrayVar(&f.names, "container", nil, "only the container of this `NAME`; may be given several times")
	c.outputFlags(cmd)
	return cmd
}

func (c *command) checkOnly(ctx context.Context, f renewFlags) error {
	s, err := c.look(ctx, f.tenant, false)
	if err != nil {
		return err
	}
	boxes, err := c.find(ctx, f.names)
	if err != nil {
		return err
	}
	return c.print(c.report(ctx, s, boxes, c.check(ctx, boxes)))
}

// renew has the person sign in, or not where a silent renewal is enough, and delivers.
func (c *command) renew(ctx context.Context, f renewFlags) error {
	boxes, err := c.find(ctx, f.names) // a wrong name is told before a browser opens
	if err != nil {
		return err
	}
	s, err := c.look(ctx, f.tenant, f.ifNeeded)
	if err != nil {
		return err
	}
	if p := s.files.Kind(s.row).RenewProblem(s.row); p != nil {
		return c.renewWithoutBrowser(ctx, s, boxes, p, f.restart)
	}
	if !f.ifNeeded || s.silent != auth.SilentWorks {
		began := c.Now()
		if err := c.signIn(ctx, auth.LoginOptions{TenantID: s.tenant.ID, DeviceCode: f.deviceCode}); err != nil {
			return err
		}
		if s, err = c.look(ctx, f.tenant, true); err != nil {
			return err
		}
		if f.tenant == "" { // of another tenant the tray may think otherwise
			s.since = began
		}
	}
	return c.finish(ctx, s, boxes, f.restart)
}

// finish delivers what was renewed, and restarts where that is asked for and there is something to give.
func (c *command) finish(ctx context.Context, s signIn, boxes found, restart bool) error {
	if restart && s.token.ExpiresOn.After(c.Now()) && !boxes.none {
		return c.restartAndPrint(ctx, s, boxes)
	}
	return c.deliverAndPrint(ctx, s, boxes)
}

// renewWithoutBrowser is for an az that no browser renews: az does by itself, or the report says what
// must be done about the credential that it was given.
func (c *command) renewWithoutBrowser(ctx context.Context, s signIn, f found, why *auth.Problem, restart bool) error {
	s, err := c.look(ctx, s.tenant.ID, true)
	if err != nil {
		return err
	}
	if s.silent == auth.SilentWorks {
		fmt.Fprintf(c.Err, "az is signed in as %s and renews by itself; no browser is needed.\n", s.files.Kind(s.row).Words())
	} else {
		fmt.Fprintln(c.Err, why.Message)
	}
	return c.finish(ctx, s, f, restart)
}

// deliverAndPrint gives the containers what they should hold, where there is something to give.
func (c *command) deliverAndPrint(ctx context.Context, s signIn, f found) error {
	if s.token.ExpiresOn.Before(c.Now()) {
		return c.print(c.report(ctx, s, f, c.check(ctx, f)))
	}
	return c.print(c.report(ctx, s, f, c.deliver(ctx, s, f)))
}

// signIn runs az login and says what is going on.
func (c *command) signIn(ctx context.Context, o auth.LoginOptions) error {
	if err := c.canSignIn(o.DeviceCode); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, c.settings.Azure.LoginTimeout)
	defer stop()
	o.Scope = c.settings.Azure.Scope
	if o.DeviceCode {
		o.Progress = func(line string) {
			if text, ok := codeText(line, c.ErrTerm); ok {
				fmt.Fprintln(c.Err, text)
			} else {
				c.log.Debug("az says", "line", line) // what went wrong is classified, and said in our words
			}
		}
	} else {
		c.sayBrowser()
	}
	if c.progress.moves() { // elsewhere the line above is enough
		defer c.during("Waiting for your sign-in")()
	}
	_, err := c.client.SignIn(ctx, o)
	return err
}

func (c *command) syncCommand() *cobra.Command {
	var names []string
	dry, verify := false, false
	var said answers
	cmd := &cobra.Command{
		Use: "sync", Short: "Give the containers a fresh credential, without signing in", Args: noArgs,
		Example: "  aztray service sync\n  aztray service sync --container codestory-service\n  aztray service sync --verify   # and try it inside\n  aztray service sync --dry-run",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dry && verify {
				return usageError{errors.New("--dry-run delivers nothing that --verify could try")}
			}
			if err := c.prepare(); err != nil {
				return err
			}
			ctx := cmd.Context()
			if a, w, err := c.running(ctx); err != nil || a != nil {
				if err != nil {
					return err
				}
				return c.syncBy(ctx, a, w, names, said, dry, verify)
			}
			f, err := c.find(ctx, names)
			if err != nil {
				return err
			}
			if f.none {
				return f.away[0]
			}
			if f, err = c.answer(ctx, f, said, names, dry); err != nil {
				return err
			}
			s, err := c.look(ctx, "", !dry)
			if err != nil {
				return err
			}
			if dry {
				r := c.report(ctx, s, f, c.check(ctx, f))
				dryRun(&r.Report, c.Now())
				fmt.Fprintln(c.Err, "Nothing was changed.")
				return c.print(r)
			}
			if s.problem != nil && s.token.ExpiresOn.Before(c.Now()) {
				return s.problem
			}
			if verify {
				return c.verifyAndPrint(ctx, s, f)
			}
			return c.deliverAndPrint(ctx, s, f)
		},
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "then have each container obtain a token, where it can, and say what came back")
	cmd.Flags().StringArrayVar(&names, "container", nil, "only the container of this `NAME`; may be given several times")
	said.flags(cmd)
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would be done, and change nothing")
	c.outputFlags(cmd)
	return cmd
}
