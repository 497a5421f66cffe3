// Package cli is the command line: it parses, gathers once and prints as a table or as JSON. It
// decides nothing about the sign-in and works with no tray, no desktop and no Docker.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"aztray/internal/auth"
	"aztray/internal/config"
	"aztray/internal/nearest"
)

// Exit codes, which scripts rely on.
const (
	ExitGood         = 0
	ExitPersonNeeded = 1 // signed out, expired, silent renewal refused, or the renewal failed
	ExitUsage        = 2 // bad usage or settings
	ExitContainers   = 3 // signed in, but some container did not get the credential
	ExitInterrupted  = 130
)

// Env is what a command has of the world around it.
type Env struct {
	Version string
	Out     io.Writer // data
	Err     io.Writer // everything else
	OutTerm Terminal  // what Out is
	ErrTerm Terminal  // what Err is
	Now     func() time.Time
	// Tray runs the tray until it quits, and Serve the agent without a desktop until the context ends. The
	// options are those that the settings were loaded with. The tray also starts where they can't be used.
	Tray  func(context.Context, config.Options, config.Change, auth.Client) error
	Serve func(context.Context, config.Options, config.Settings, auth.Client) error
}

// exit is an error that has been shown already and ends the command with its code.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// usageError is bad usage: exit code 2.
type usageError struct{ error }

// Execute runs one command line and gives its exit code. It is the one place where an error becomes
// a sentence and a code.
func Execute(ctx context.Context, args []string, env Env) int {
	c := &command{Env: env, progress: progress{w: env.Err, term: env.ErrTerm}}
	c.Err, c.interrupted = &c.progress, ctx.Err
	root := c.root()
	root.SetArgs(args)
	root.SetOut(env.Out)
	root.SetErr(c.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitGood
	}
	if ctx.Err() != nil { // before all else: what was interrupted also failed
		fmt.Fprintln(c.Err, "aztray: interrupted")
		return ExitInterrupted
	}
	if code, ok := errors.AsType[exit](err); ok {
		return int(code)
	}
	return c.explain(err)
}

// explain prints one sentence and one next step.
func (c *command) explain(err error) int {
	if p, ok := errors.AsType[*auth.Problem](err); ok {
		fmt.Fprintf(c.Err, "aztray: %s\n%s\n", p.Message, p.Advice)
		if c.verbose && p.Err != nil {
			fmt.Fprintf(c.Err, "\n%s: %v\n", p.Code, p.Err)
		}
		return ExitPersonNeeded
	}
	fmt.Fprintf(c.Err, "aztray: %v\n", err)
	if _, ok := errors.AsType[*config.Error](err); ok {
		return ExitUsage
	}
	if _, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintln(c.Err, "See: aztray --help")
		return ExitUsage
	}
	return ExitPersonNeeded
}

// command is one run of the command line.
type command struct {
	Env
	progress      progress
	interrupted   func() error // not nil once the person has had enough
	verbose       bool
	format        string
	set           []string // of the flag --set
	settings      config.Settings
	client        auth.Client
	log           *slog.Logger
	askedToSignIn bool // the person was told to sign in with the browser
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "aztray",
		Short: "Keeps your Azure sign-in alive, here and in your containers",
		Long: `aztray knows how long your Azure CLI sign-in lasts, warns you before it ends, renews it with one
click, and puts the fresh credential into the containers that need it.

Without a command it sits in the tray.`,
		Example:       "  aztray                       # the tray\n  aztray service status        # how things stand, in words\n  aztray service auth-renew    # sign in with the browser, then update the containers",
		Version:       c.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          subcommandOnly,

		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, _ []string) error {
			read, err := c.prepareTray()
			if err != nil {
				return err
			}
			return c.Tray(cmd.Context(), c.options(), read, c.client)
		},
	}
	root.PersistentFlags().StringArrayVar(&c.set, "set", nil, "a setting for this run, as `SECTION.KEY=VALUE`; may be given several times")
	root.Flags().Bool("version", false, "print the version") // cobra's own would take -v, which is --verbose elsewhere
	root.SetVersionTemplate("aztray {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	service := &cobra.Command{Use: "service", Short: "The sign-in and the containers: status, auth-renew, sync, restart", Args: subcommandOnly, RunE: help, SuggestionsMinimumDistance: 2,
		Example: "  aztray service status\n  aztray service auth-renew --if-needed"}
	service.AddCommand(c.statusCommand(), c.renewCommand(), c.syncCommand(), c.restartCommand())
	root.AddCommand(c.serveCommand(), service, c.tenantCommand(), c.endpointCommand(), c.mountCommand(), c.engineCommand(), c.configCommand(), c.versionCommand())
	root.AddCommand(c.doctorCommand(), c.pageCommand(), c.autostartCommand())
	c.completions(root)
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil && completion != root {
		completion.Args, completion.RunE, completion.SuggestionsMinimumDistance = subcommandOnly, help, 2
	}
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		cmd.InitDefaultHelpFlag()
		fmt.Fprint(cmd.OutOrStdout(), helpText(cmd, c.OutTerm))
	})
	return root
}

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

func noArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return usageError{err}
	}
	return nil
}

// subcommandOnly names the near misses of a word that is no command.
func subcommandOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("there is no command %q in %q", args[0], cmd.CommandPath())
	if all := cmd.SuggestionsFor(args[0]); len(all) > 0 {
		near, _ := nearest.To(args[0], all)
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return usageError{err}
}

// outputFlags are those of every command that gives data.
func (c *command) outputFlags(cmd *cobra.Command) {
	c.formatFlag(cmd)
	cmd.Flags().BoolVarP(&c.verbose, "verbose", "v", false, "say more, with the raw text of what went wrong")
}

func (c *command) formatFlag(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&c.format, "output", "o", "table", "`FORMAT` of the output: table or json")
}

func (c *command) checkFormat() error {
	if c.format != "" && c.format != "table" && c.format != "json" {
		return usageError{fmt.Errorf("-o %s: it is table or json", c.format)}
	}
	return nil
}

func (c *command) warn(warnings []string) {
	for _, w := range warnings {
		fmt.Fprintln(c.Err, "aztray:", w)
	}
}

func (c *command) options() config.Options { return config.Options{Set: c.set} }

// prepare reads the settings and makes what every command needs.
func (c *command) prepare() error {
	if err := c.checkFormat(); err != nil {
		return err
	}
	settings, warnings, err := config.Load(c.options())
	if err != nil {
		return err
	}
	return c.equip(settings, warnings)
}

// prepareTray is prepare for the tray, which starts at log-in, where nobody sees what it prints: settings
// that can't be used are no reason to stay away, for then nobody would know.
func (c *command) prepareTray() (config.Change, error) {
	read, err := config.Start(c.options())
	if err != nil {
		return read, err
	}
	if read.Err != nil {
		fmt.Fprintf(c.Err, "aztray: %v\n", read.Err)
	}
	return read, c.equip(read.Settings, read.Warnings)
}

// equip makes what every command needs, by settings that were read.
func (c *command) equip(settings config.Settings, warnings []string) (err error) {
	c.warn(warnings)
	level := slog.LevelWarn
	if c.verbose {
		level = slog.LevelDebug
	}
	c.log = slog.New(slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: level}))
	c.settings = settings
	c.client, err = NewClient(c.log)
	return err
}

// NewClient is az and its directory as this person has them.
func NewClient(log *slog.Logger) (auth.Client, error) {
	dir, err := auth.DefaultDir()
	if err != nil {
		return auth.Client{}, err
	}
	state, err := config.StateDir(os.LookupEnv)
	if err != nil {
		return auth.Client{}, err
	}
	return auth.Client{AZ: auth.CLI{Log: log}, Dir: dir, Silent: auth.Silent{HTTP: auth.HTTPClient()}, StateDir: state}, nil
}
