package cli

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"aztray/internal/auth"
	"aztray/internal/browser"
	"aztray/internal/instance"
)

func (c *command) pageCommand() *cobra.Command {
	printed := false
	cmd := &cobra.Command{Use: "page", Short: "Open the status page, with buttons that work", Args: noArgs,
		Long: `Open the status page of the aztray that runs, as "Show details" in the tray's menu does.

Whoever opens the page by its address alone may look: that is everybody who can reach this machine's loopback.
Its buttons need a key, which this command has from the running aztray by a socket that is yours alone. The key
is good until aztray is started again.`,
		Example: "  aztray page\n  aztray page --print      # for a browser that this command can't open, over SSH say",
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.openPage(cmd.Context(), printed) },
	}
	cmd.Flags().BoolVar(&printed, "print", false, "print the address instead; who has it can press the buttons")
	return cmd
}

func (c *command) openPage(ctx context.Context, printed bool) error {
	dir, err := instance.Dir()
	if err != nil {
		return err
	}
	if !instance.Running(ctx, dir) {
		return &auth.Problem{Code: "NOT_RUNNING", Kind: auth.ConfigError,
			Message: "aztray is not running, so there is no status page.",
			Advice:  "Start it: aztray, or where there is no desktop: aztray serve"}
	}
	address, err := instance.Page(ctx, dir)
	if err != nil {
		return err
	}
	if address == "" {
		return &auth.Problem{Code: "PAGE_NOT_SERVED", Kind: auth.ConfigError, Message: "The status page is not served.",
			Advice: "aztray service status says why; health.listen must name a free port."}
	}
	if printed {
		_, err := fmt.Fprintln(c.Out, address)
		return err
	}
	if p := noBrowser(os.Getenv, runtime.GOOS); p != nil {
		return &auth.Problem{Code: p.Code, Kind: p.Kind, Message: p.Message,
			Advice: "Print the address, and open it where you have a browser: aztray page --print"}
	}
	if err := browser.Open(dir, address, os.Getenv("XDG_ACTIVATION_TOKEN")); err != nil {
		return &auth.Problem{Code: "PAGE_NOT_OPENED", Kind: auth.ConfigError, Err: err,
			Message: "The status page could not be opened.",
			Advice:  "Print the address, and open it yourself: aztray page --print"}
	}
	fmt.Fprintln(c.Err, "Opening the status page in your browser.")
	return nil
}
