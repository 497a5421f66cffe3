package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"aztray/internal/containers"
	"aztray/internal/report"
)

// RestartReport is `service restart -o json`.
type RestartReport struct {
	Containers []RestartedReport `json:"containers"`
}

func (c *command) restartCommand() *cobra.Command {
	var names []string
	cmd := &cobra.Command{
		Use: "restart", Short: "Give the containers a fresh credential, then restart them in the order of their dependencies", Args: noArgs,
		Long: `Give the running containers a fresh credential, then restart them: for processes that keep an old token or an old
failure in memory.

Each is restarted when what it depends on is back, by what compose v2 wrote down of depends_on; with compose v1 one
after another by name. Those that have nothing to do with one another are restarted side by side. Each has its own stop
signal and grace. A container is back when its health check succeeds, or, without one, when it has run for two seconds.
A container that is stopped is started only where it is named. What compose restarts with a service (depends_on with restart: true, or a shared network) is restarted with it here too.

Exit code 3 if one does not come back: it is named, with the end of its log.`,
		Example: "  aztray service restart\n  aztray service restart --container codestory-service --container codestory-worker\n  aztray service restart -o json | jq '.containers[] | select(.state == \"failed\")'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.prepare(); err != nil {
				return err
			}
			ctx := cmd.Context()
			if a, _, err := c.running(ctx); err != nil || a != nil {
				if err != nil {
					return err
				}
				return c.restartBy(ctx, a, names)
			}
			f, err := c.find(ctx, names)
			if err != nil {
				return err
			}
			if f.none {
				return f.away[0]
			}
			s, err := c.look(ctx, "", true)
			if err != nil {
				return err
			}
			if s.problem != nil && !s.token.ExpiresOn.After(c.Now()) {
				return s.problem
			}
			return c.printRestart(ctx, c.restart(ctx, s, f, len(names) > 0))
		},
	}
	cmd.Flags().StringArrayVar(&names, "container", nil, "only the container of this `NAME`; may be given several times")
	c.outputFlags(cmd)
	return cmd
}

// restart restarts the containers, each with the credential delivered, and says on the way what it does.
// Those that were stopped are left so, unless they are asked for by name.
func (c *command) restart(ctx context.Context, s signIn, f found, named bool) []RestartedReport {
	get := c.tokens(ctx, s)
	c.prepareAhead(ctx, s, f, get)
	var mu sync.Mutex
	all := f.engines.Restart(ctx, f.all, containers.RestartOptions{
		Deliver: c.deliverer(s, f, get), Stopped: named,
		Tell: func(name, doing string) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(c.Err, "%s: %s\n", name, doing)
		},
	})
	return report.RestartedOf(all)
}

func (c *command) printRestart(ctx context.Context, all []RestartedReport) error {
	var err error
	if c.format == "json" {
		enc := json.NewEncoder(c.Out)
		enc.SetIndent("", "  ")
		err = enc.Encode(RestartReport{all})
	} else {
		b := c.page()
		if len(all) == 0 {
			fmt.Fprintln(b, "No container is covered, so there was nothing to restart.")
		} else {
			restartTable(b, all)
		}
		err = b.print(c.Out)
	}
	switch code := restartCode(all); {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case code != ExitGood:
		return code
	}
	return nil
}

// restartAndPrint is the end of auth-renew --restart.
func (c *command) restartAndPrint(ctx context.Context, s signIn, f found) error {
	all := c.restart(ctx, s, f, false)
	if ctx.Err() != nil {
		return c.printRestart(ctx, all)
	}
	r := c.report(ctx, s, f, c.check(ctx, f))
	r.Report.Restarts = all
	return c.print(r)
}

func restartCode(all []RestartedReport) exit {
	for _, r := range all {
		if r.State == containers.Broken {
			return ExitContainers
		}
	}
	return ExitGood
}

// restartTable is what became of each, and the end of the log of those that did not come back.
func restartTable(w io.Writer, all []RestartedReport) {
	tw := newTabs(w, true)
	fmt.Fprintln(tw, "CONTAINER\tRESTART\tTOOK\tHEALTH")
	for _, r := range all {
		took, health := "", ""
		if r.State == containers.Restarted {
			took = fmt.Sprintf("%.1f s", r.TookS)
		}
		if r.Health != nil {
			health = *r.Health
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", r.Name, restartWords(r), took, health)
	}
	tw.Flush()
	for _, r := range all {
		if r.Error == nil {
			continue
		}
		fmt.Fprintf(w, "\n%s: %s\n", r.Name, *r.Error)
		for _, line := range r.Log {
			fmt.Fprintf(w, "  | %s\n", line)
		}
	}
}

func restartWords(r RestartedReport) string {
	switch {
	case r.State == containers.Broken:
		return "failed"
	case r.State == containers.NotRunning:
		return "left as it is"
	case r.Because != nil:
		return "done, with " + *r.Because
	}
	return "done"
}
