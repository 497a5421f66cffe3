package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"aztray/internal/containers"
	"aztray/internal/report"
)

// answers are what the person says about containers on the command line, by name.
type answers struct{ allow, never, refresh, scopes, tenant []string }

func (a *answers) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&a.allow, "allow", nil, "give the credential to the container of this `NAME` though it controls the engine; remembered")
	cmd.Flags().StringArrayVar(&a.refresh, "allow-refresh-token", nil, "give your refresh token to the container of this `NAME`, whose label asks for it; remembered")
	cmd.Flags().StringArrayVar(&a.scopes, "allow-scopes", nil, "give the container of this `NAME` tokens for what else its label aztray.scopes asks for; remembered")
	cmd.Flags().StringArrayVar(&a.tenant, "allow-tenant", nil, "give the container of this `NAME` tokens of the tenant that its label names; remembered")
	cmd.Flags().StringArrayVar(&a.never, "never", nil, "never give the container of this `NAME` what it waits for: the credential, your refresh token, or what its labels ask for; remembered")
}

// answer remembers what was said. A name that is not there is bad usage, before anything is done.
// The containers are found anew by it, for they are given what they are allowed.
func (c *command) answer(ctx context.Context, f found, a answers, names []string, dry bool) (found, error) {
	if len(a.allow)+len(a.never)+len(a.refresh)+len(a.scopes)+len(a.tenant) == 0 {
		return f, nil
	}
	if dry {
		return f, usageError{fmt.Errorf("--dry-run changes nothing, so that it can't go with an answer")}
	}
	all, _, err := f.engines.List(ctx, c.covered())
	if err != nil {
		return f, err
	}
	for _, said := range a.each() {
		if len(said.names) == 0 {
			continue
		}
		meant, err := pick(found{all: all}, said.names)
		if err != nil {
			return f, err
		}
		for _, box := range meant.all {
			if !said.allow {
				f.engines.Withdraw(ctx, box) // while it may still be touched
			}
			for _, q := range said.questions {
				if err := f.engines.Answer(box, q, said.allow); err != nil {
					return f, err
				}
			}
		}
	}
	return c.find(ctx, names)
}

// said is an answer to some questions about the containers of some names.
type said struct {
	names     []string
	allow     bool
	questions []containers.Question
}

// each is what was said, question by question.
func (a answers) each() []said {
	return []said{{a.allow, true, []containers.Question{containers.AskEngine}}, {a.refresh, true, []containers.Question{containers.AskRefresh}},
		{a.scopes, true, []containers.Question{containers.AskScopes}}, {a.tenant, true, []containers.Question{containers.AskTenant}},
		{a.never, false, []containers.Question{containers.AskEngine, containers.AskRefresh, containers.AskScopes, containers.AskTenant}}}
}

// consentWords is a container's state in words, with how the question about it stands.
func consentWords(b ContainerReport) string {
	switch {
	case b.Credential != "":
		return "holds your refresh token"
	case b.State != containers.Missing || b.Consent == nil:
		return stateWords[b.State]
	case *b.Consent == report.ConsentNever:
		return "never gets it"
	}
	return "waits for your answer"
}
