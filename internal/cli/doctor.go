package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"aztray/internal/config"
	"aztray/internal/doctor"
)

type doctorFlags struct {
	fix, yes bool
	bundle   string
}

func (c *command) doctorCommand() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look for what keeps the sign-in from working, and say what cures it", Args: noArgs,
		Long: `Look at everything that a sign-in needs on its way to a program: az, the network and the clock, the
sign-in itself, Azure OpenAI, Docker, each container, the desktop. Each line says whether it is good,
wrong, or n/a (not there, not wanted, or not to be told before another line is good), why, and which
command cures it. Nothing is changed, unless you say --fix.

Exit codes: 0 nothing is wrong, though there may be warnings; 1 something is wrong that you must see to;
2 bad usage, or settings that cannot be read; 3 only Docker or containers are wrong; 130 interrupted.`,
		Example: `  aztray doctor                         # everything, in words
  aztray doctor -v                      # each line of each container, and the codes
  aztray doctor -o json | jq -r '.lines[] | select(.verdict == "wrong") | .code'
  aztray doctor --fix                   # asks before each harmless cure, and looks again
  aztray doctor --bundle report.zip     # all that for a report of a bug; holds no secret`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.doctor(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.fix, "fix", false, "carry out the cures that can do no harm, asking before each")
	flags.BoolVar(&f.yes, "yes", false, "with --fix: do not ask; a sign-in is left to you")
	flags.StringVar(&f.bundle, "bundle", "", "write all that was found, and what helps to understand it, to `FILE`.zip")
	c.outputFlags(cmd)
	return cmd
}

func (c *command) doctor(ctx context.Context, f doctorFlags) error {
	if f.yes && !f.fix {
		return usageError{errors.New("--yes goes with --fix")}
	}
	o, err := c.doctorOptions()
	if err != nil {
		return err
	}
	report, err := c.examine(ctx, o)
	if err != nil {
		return err
	}
	if f.bundle != "" {
		if err := c.writeBundle(ctx, f.bundle, report); err != nil {
			return err
		}
	}
	if f.fix {
		if fixed, err := c.fix(ctx, report, f.yes); err != nil || !fixed {
			return cmp.Or(err, c.finishDoctor(report))
		}
		if report, err = c.examine(ctx, o); err != nil {
			return err
		}
	}
	return c.finishDoctor(report)
}

// doctorOptions is prepare for a doctor, who must work where the settings don't.
func (c *command) doctorOptions() (doctor.Options, error) {
	if err := c.checkFormat(); err != nil {
		return doctor.Options{}, err
	}
	o := doctor.Options{Now: c.Now}
	o.SettingsFile, o.SettingsError = config.File(os.LookupEnv)
	if o.SettingsError == nil {
		c.settings, o.Warnings, o.SettingsError = config.Load(config.Options{Set: c.set})
	}
	var err error
	if o.SettingsError != nil { // the defaults: neither a file nor an environment
		if c.settings, _, err = config.Load(config.Options{File: os.DevNull, Environ: []string{}}); err != nil {
			return o, err
		}
	}
	c.log = slog.New(slog.DiscardHandler) // what matters is a line of the report
	if c.client, err = NewClient(c.log); err != nil {
		return o, err
	}
	o.Settings, o.Client, o.StateFile = c.settings, c.client, stateFile(c.client.StateDir)
	o.Engine, o.Engines, o.Selector = engineOptions(c.client.StateDir), c.engines(), c.covered()
	o.Engine.Plaintext = c.settings.Engine.Plaintext
	return o, nil
}

// examine looks at everything. On a terminal a line is printed as soon as it is known; elsewhere the
// sum of all comes first.
func (c *command) examine(ctx context.Context, o doctor.Options) (doctor.Report, error) {
	if c.format == "json" {
		return doctor.Run(ctx, o)
	}
	p := newChart(c.Env, c.verbose)
	if !c.OutTerm.Is {
		fmt.Fprintln(c.Err, "Looking at everything; this takes some seconds.")
		report, err := doctor.Run(ctx, o)
		if err != nil {
			return report, err
		}
		p.text(summary(report))
		for _, l := range report.Lines {
			p.line(l)
		}
		p.flush()
		return report, p.err
	}
	o.Tell, o.Busy = p.line, p.busy
	report, err := doctor.Run(ctx, o)
	p.flush()
	p.wipe()
	if err != nil {
		return report, err
	}
	p.text("")
	p.text(summary(report))
	return report, p.err
}

// finishDoctor prints the one document, where that is wanted, and gives the exit code.
func (c *command) finishDoctor(r doctor.Report) error {
	if c.format == "json" {
		enc := json.NewEncoder(c.Out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	if code := doctorCode(r); code != ExitGood {
		return code
	}
	return nil
}

// doctorCode is the contract's code for what was found. Broken settings come first: all else was judged
// by the defaults then.
func doctorCode(r doctor.Report) exit {
	code := exit(ExitGood)
	for _, l := range r.Lines {
		switch {
		case l.Verdict != doctor.Wrong:
		case l.Check == "settings":
			return ExitUsage
		case l.Subject == "" && l.Group != doctor.GroupDocker:
			code = ExitPersonNeeded
		case code == ExitGood:
			code = ExitContainers
		}
	}
	return code
}

// summary is all of it in a sentence.
func summary(r doctor.Report) string {
	wrong, warnings := r.Counts[doctor.Wrong], r.Counts[doctor.Warning]
	also := ""
	switch {
	case warnings == 1:
		also = ", and there is 1 warning"
	case warnings > 1:
		also = fmt.Sprintf(", and there are %d warnings", warnings)
	}
	switch {
	case wrong == 0 && warnings == 0:
		return fmt.Sprintf("All is well: %d things were looked at.", r.Counts[doctor.Good])
	case wrong == 0:
		return "Nothing is wrong" + also + "."
	case wrong == 1:
		return "1 thing is wrong" + also + "."
	}
	return fmt.Sprintf("%d things are wrong%s.\nBegin with the first: it may be the cause of others.", wrong, also)
}
