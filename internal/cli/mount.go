package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// Where a container finds what it mounts. az and the SDKs that run it look where AZURE_CONFIG_DIR says, so
// that nobody need know the home of its user.
const (
	mountedAt   = "/aztray"
	mountedAzAt = "/usr/local/bin/az"
)

func (c *command) mountCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "mount", Short: "Make the directory that a container mounts, before the container is made: run, compose",
		Args: subcommandOnly, RunE: help, SuggestionsMinimumDistance: 2,
		Example: "  aztray mount run web\n  aztray mount compose worker web > compose.aztray.yaml"}
	cmd.AddCommand(c.mountRunCommand(), c.mountComposeCommand())
	return cmd
}

// mountFlags say what is special about the container.
type mountFlags struct {
	user string
	az   bool
}

func (f *mountFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.user, "user", "", "its process's user as `UID[:GID]`; needed only where aztray runs as root and the process does not")
	cmd.Flags().BoolVar(&f.az, "az", false, "mount aztray's small az too: for a read-only container whose image has a shell but no az")
}

// owner is the user as numbers, -1 where none is given.
func (f *mountFlags) owner() (uid, gid int, err error) {
	if f.user == "" {
		return -1, -1, nil
	}
	first, second, both := strings.Cut(f.user, ":")
	u, err := strconv.ParseUint(first, 10, 31)
	g := uint64(0) // the engine's, for a user that is a bare number
	if err == nil && both {
		g, err = strconv.ParseUint(second, 10, 31)
	}
	if err != nil {
		return 0, 0, usageError{errors.New("--user takes numbers, as 1000 or 1000:1000")}
	}
	return int(u), int(g), nil
}

func (c *command) mountRunCommand() *cobra.Command {
	var f mountFlags
	cmd := &cobra.Command{
		Use: "run NAME", Short: "Make a container's directory and print the options for docker run",
		Long: `Make the directory that a container of this name mounts, fill it with the credential if you are signed
in, and print the options of docker run with which the container finds it at its first instruction.`,
		Example: "  aztray mount run web\n  docker run --name web $(aztray mount run web) my-image   # where its path has no blanks",
		Args:    named("the container, as docker run --name does", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			made, err := c.makeMounts(cmd.Context(), f, []containers.Container{{Name: args[0]}})
			if err == nil {
				_, err = fmt.Fprintln(c.Out, runOptions(made[0], f.az))
			}
			return err
		},
	}
	f.add(cmd)
	return cmd
}

func (c *command) mountComposeCommand() *cobra.Command {
	var f mountFlags
	project := ""
	cmd := &cobra.Command{
		Use: "compose SERVICE...", Short: "Make services' directories and print a compose file, to be laid over yours, that mounts them",
		Long: `Make the directory that each of these services mounts, fill it with the credential if you are signed in,
and print a compose file by which its containers find it at their first instruction, the very first
time that the service is started too.`,
		Example: "  aztray mount compose worker web > compose.aztray.yaml\n  docker compose -f compose.yaml -f compose.aztray.yaml up -d",
		Args:    named("the services of the compose file that are to have the credential", 1, -1),
		RunE: func(cmd *cobra.Command, services []string) error {
			name := c.project(project)
			var all []containers.Container
			for _, s := range services {
				all = append(all, containers.Container{Name: s, Project: name, Service: s})
			}
			made, err := c.makeMounts(cmd.Context(), f, all)
			if err == nil {
				_, err = fmt.Fprint(c.Out, mountFile(name, made, f.az))
			}
			return err
		},
	}
	projectFlag(cmd, &project)
	f.add(cmd)
	return cmd
}

// named has a command take from least to most words, -1 for any number.
func named(what string, least, most int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return usageError{errors.New("name " + what)}
		}
		return nil
	}
}

// madeMount is a directory that is there.
type madeMount struct{ of, dir, az string }

// makeMounts makes the directories and fills them as far as there is a token.
func (c *command) makeMounts(ctx context.Context, f mountFlags, all []containers.Container) ([]madeMount, error) {
	uid, gid, err := f.owner()
	if err != nil {
		return nil, err
	}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	b, err := c.toMount(ctx)
	if err != nil {
		return nil, err
	}
	var made []madeMount
	for _, box := range all {
		m := madeMount{of: box.Name}
		if m.dir, m.az, err = containers.MakeAhead(ctx, containers.Options{Mounts: filepath.Join(c.client.StateDir, "mounts")}, box, uid, gid, b); err != nil {
			return nil, fmt.Errorf("%s: %w", box.Name, err)
		}
		made = append(made, m)
	}
	return made, nil
}

// toMount is what goes into the directories: without tokens where nobody is signed in, which is said.
func (c *command) toMount(ctx context.Context) (auth.Bundle, error) {
	s, err := c.look(ctx, "", false)
	if err != nil {
		return auth.Bundle{}, err
	}
	if s.problem != nil && !s.token.ExpiresOn.After(c.Now()) {
		fmt.Fprintf(c.Err, "aztray: made, but with nothing in it yet: %s %s\n", s.problem.Message, s.problem.Advice)
		return auth.Bundle{}, nil
	}
	return c.usualBundle(s, c.tokens(ctx, s)), nil
}

// runOptions are docker's, for a shell.
func runOptions(m madeMount, az bool) string {
	words := []string{"--label", "aztray.deliver=mount", "-e", "AZURE_CONFIG_DIR=" + mountedAt, "-v", m.dir + ":" + mountedAt}
	if az {
		words = append(words, "-v", m.az+":"+mountedAzAt+":ro")
	}
	for i, w := range words {
		if strings.ContainsAny(w, " \t'\"\\$`&;()<>|*?[]#~!") {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// mountFile is laid over the person's own. Every text is quoted as JSON, which YAML takes.
func mountFile(project string, made []madeMount, az bool) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "# The directories that aztray keeps for the compose project %q. Lay it over your own file:\n", project)
	fmt.Fprintln(b, "#   docker compose -f compose.yaml -f this-file up -d")
	fmt.Fprintln(b, "services:")
	for _, m := range made {
		fmt.Fprintf(b, "  %q:\n    labels:\n      aztray.deliver: mount\n    environment:\n      AZURE_CONFIG_DIR: %s\n    volumes:\n", m.of, mountedAt)
		fmt.Fprintf(b, "      - type: bind\n        source: %s\n        target: %s\n", yamlText(m.dir), mountedAt)
		if az {
			fmt.Fprintf(b, "      - type: bind\n        source: %s\n        target: %s\n        read_only: true\n", yamlText(m.az), mountedAzAt)
		}
	}
	return b.String()
}

// yamlText is a text as compose takes it, which puts variables in for what follows a dollar.
func yamlText(s string) string { return strconv.Quote(strings.ReplaceAll(s, "$", "$$")) }
