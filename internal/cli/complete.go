package cli

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/config"
)

// completeWithin bounds the wait for the engines when a person presses the tab key.
const completeWithin = 700 * time.Millisecond

// completions adds what a shell may complete: to each flag and argument that names a container or a tenant.
func (c *command) completions(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		c.completions(sub)
	}
	for name, values := range map[string]cobra.CompletionFunc{
		"container": c.completeContainers, "tenant": c.completeTenants, "output": oneOfThese("table", "json"), "set": completeSettings,
	} {
		if cmd.Flags().Lookup(name) != nil || cmd.PersistentFlags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, values) // an error says that there is one already
		}
	}
	if cmd.ValidArgsFunction == nil && !cmd.HasSubCommands() {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
}

func oneOfThese(values ...cobra.Completion) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

// completeTenants are those of az's profile and those that were learnt: nothing is asked over the network.
func (c *command) completeTenants(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	client, err := NewClient(nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	f, _ := client.Dir.Read(cmd.Context()) // who can't read it has nothing to complete
	var all []cobra.Completion
	seen := map[string]bool{}
	for _, t := range append(f.Profile.Tenants(), agent.Recall(stateFile(client.StateDir)).Tenants...) {
		word := tenantWord(t)
		if !seen[t.ID] && word != "" {
			all = append(all, cobra.CompletionWithDesc(word, t.Label()))
		}
		seen[t.ID] = true
	}
	slices.Sort(all)
	return all, cobra.ShellCompDirectiveNoFileComp
}

// tenantWord is what a tenant is best called on a command line.
func tenantWord(t auth.Tenant) string {
	if t.Domain != "" {
		return t.Domain
	}
	return t.ID
}

// completeContainers are the covered ones. Engines that do not answer soon, and settings that can't be
// read, complete nothing and say nothing: a message would land in the middle of what is being typed.
func (c *command) completeContainers(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	set, _, err := config.Load(c.options())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	state, err := config.StateDir(os.LookupEnv)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c.settings, c.client.StateDir = set, state
	ctx, stop := context.WithTimeout(cmd.Context(), completeWithin)
	defer stop()
	all, _, err := c.engines().List(ctx, c.covered())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, box := range all {
		names = append(names, box.Name)
	}
	slices.Sort(names)
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}

// completeSettings are the names of the settings, for --set.
func completeSettings(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var all []cobra.Completion
	for _, key := range config.Keys() {
		if strings.HasPrefix(key, begun) {
			all = append(all, key+"=")
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// Root is the tree of commands, for who writes its documentation.
func Root(version string) *cobra.Command {
	c := &command{Env: Env{Version: version}}
	root := c.root()
	root.InitDefaultCompletionCmd()
	return root
}
