package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"aztray/internal/atomicfile"
	"aztray/internal/config"
)

func (c *command) configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "The settings: init, show, path", Args: subcommandOnly, RunE: help, SuggestionsMinimumDistance: 2,
		Long: `The settings come from a file, from environment variables and from the flag --set, each above the
one before. None are needed. docs/settings.md explains them all.`,
		Example: "  aztray config init    # a file with every setting and its default, as comments\n  aztray config show    # what holds, and where each value comes from"}
	cmd.AddCommand(c.configInitCommand(), c.configShowCommand(), c.configPathCommand())
	return cmd
}

func (c *command) configPathCommand() *cobra.Command {
	return &cobra.Command{
		Use: "path", Short: "Print where the settings file is looked for", Args: noArgs,
		Example: "  $EDITOR \"$(aztray config path)\"",
		RunE: func(*cobra.Command, []string) error {
			file, err := config.File(os.LookupEnv)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.Out, file)
			return err
		},
	}
}

func (c *command) configInitCommand() *cobra.Command {
	force := false
	cmd := &cobra.Command{
		Use: "init", Short: "Write a settings file with every setting and its default, as comments", Args: noArgs,
		Long: `Write a settings file that changes nothing: every setting is in it as a comment, with what it means
and its default. A file that is there is kept, unless --force is given; it then stays beside the new
one, with .old at its end.`,
		Example: "  aztray config init && $EDITOR \"$(aztray config path)\"\n  aztray config init --force    # begin anew; the old file is kept as config.toml.old",
		RunE: func(*cobra.Command, []string) error {
			file, err := config.File(os.LookupEnv)
			if err != nil {
				return err
			}
			if err := writeTemplate(file, force); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.Out, file)
			return err
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "write it although there is one, which is kept beside it")
	return cmd
}

// writeTemplate leaves the commented file. With force, one that is there is copied first: there is no moment without settings.
func writeTemplate(file string, force bool) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	err := atomicfile.Create(file, config.Template())
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if !force {
		return fmt.Errorf("%s is there already; aztray config show says what it sets, and aztray config init --force begins anew", file)
	}
	old, err := os.ReadFile(file)
	if err == nil {
		err = atomicfile.Write(file+".old", old)
	}
	if err != nil {
		return err
	}
	return atomicfile.Write(file, config.Template())
}

func (c *command) configShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show", Short: "Print every setting, its value and where that comes from", Args: noArgs,
		Example: "  aztray config show\n  aztray config show -o json | jq -r '.[] | select(.source != \"default\").key'",
		RunE: func(*cobra.Command, []string) error {
			if err := c.checkFormat(); err != nil {
				return err
			}
			all, warnings, err := config.Explain(c.options())
			if err != nil {
				return err
			}
			c.warn(warnings)
			if c.format == "json" {
				return c.printJSON(all)
			}
			return c.showSettings(all)
		},
	}
	c.formatFlag(cmd)
	return cmd
}

func (c *command) showSettings(all []config.Value) error {
	file, err := config.File(os.LookupEnv)
	if err != nil {
		return err
	}
	absent := ""
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		absent = " (there is none; aztray config init writes one)"
	}
	b := c.page()
	b.say(plain, "File: "+file+absent)
	fmt.Fprintln(b)
	t := &table{head: []string{"SETTING", "VALUE", "FROM"}}
	for _, v := range all {
		key, from := plain, dim
		if v.Source != config.FromDefault {
			key, from = bold, plain
		}
		t.add(cell{text: v.Key, style: key, whole: true}, cell{text: config.Written(v.Value)}, cell{text: v.From(), style: from})
	}
	if err := t.write(b, c.OutTerm); err != nil {
		return err
	}
	return b.print(c.Out)
}
