package cli

import "github.com/spf13/cobra"

func (c *command) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Do the tray's work without a desktop: over SSH, in WSL, on a server",
		Long: `Watch the sign-in and keep the containers supplied, as the tray does, but with no icon and no
notifications. It runs until it is stopped, and takes up its settings when their file changes or on a
SIGHUP. It opens no browser by itself: sign in by az login or aztray service auth-renew, and it takes
the new sign-in up.

It tells systemd when it is ready (Type=notify). With settings that can't be used it does not start: who
starts it sees its exit code, and systemd tries again.`,
		Example: "  aztray serve                    # here, until Ctrl-C\n  systemctl --user start aztray   # as a unit; docs/serve.md says how to install it",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.prepare(); err != nil {
				return err
			}
			return c.Serve(cmd.Context(), c.options(), c.settings, c.client)
		},
	}
}
