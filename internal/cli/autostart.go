package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"aztray/internal/auth"
	"aztray/internal/autostart"
)

func (c *command) autostartCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "autostart", Short: "Whether aztray starts when you log in: enable, disable, status", Args: subcommandOnly, RunE: help, SuggestionsMinimumDistance: 2,
		Example: "  aztray autostart enable\n  aztray autostart status"}
	serve := false
	enable := c.autostartWord("enable", "Have the tray start when you log in", func(p autostart.Place) (autostart.Status, error) { return p.Enable(serve) })
	enable.Long = `Have the tray start with your desktop: by an entry in the autostart directory on Linux, a launch agent
on macOS, the Run key on Windows. With --serve it is aztray serve that starts, as a systemd user unit;
the one takes the other's place.`
	enable.Example = "  aztray autostart enable\n  aztray autostart enable --serve && systemctl --user start aztray    # a machine without a desktop"
	enable.Flags().BoolVar(&serve, "serve", false, "start aztray serve by systemd in the tray's place, for a machine without a desktop")
	disable := c.autostartWord("disable", "Have aztray start no more when you log in", autostart.Place.Disable)
	disable.Example = "  aztray autostart disable"
	status := c.autostartWord("status", "Say whether aztray starts when you log in", autostart.Place.Status)
	status.Example = "  aztray autostart status\n  aztray autostart status -o json | jq .enabled"
	cmd.AddCommand(enable, disable, status)
	return cmd
}

// autostartWord is one of the three, which all say in the end how it stands.
func (c *command) autostartWord(use, short string, do func(autostart.Place) (autostart.Status, error)) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := c.checkFormat(); err != nil {
				return err
			}
			place, err := autostart.Here()
			if err != nil {
				return err
			}
			s, err := do(place)
			if errors.Is(err, autostart.ErrNoSystemd) {
				return &auth.Problem{Code: "NO_SYSTEMD", Kind: auth.ConfigError, Message: "There is no systemd here to start aztray serve.",
					Advice: "Leave out --serve to have the tray start with your desktop: aztray autostart enable"}
			}
			if err != nil {
				return err
			}
			if c.format == "json" {
				return c.printJSON(s)
			}
			b := c.page()
			b.say(plain, autostartWords(s))
			if s.Place != "" {
				fmt.Fprintf(b, "  %s\n", s.Place)
			}
			return b.print(c.Out)
		},
	}
	c.formatFlag(cmd)
	return cmd
}

func autostartWords(s autostart.Status) string {
	switch {
	case s.Reason != "":
		return "aztray does not start when you log in: " + s.Reason + ". Set it up again: aztray autostart enable"
	case s.Way == autostart.Unit:
		return "aztray serve starts when you log in, by systemd."
	case s.Enabled:
		return "The tray starts when you log in."
	}
	return "aztray does not start when you log in. Have it start: aztray autostart enable"
}
