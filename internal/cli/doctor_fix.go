package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/doctor"
)

// cure is something that --fix does.
type cure struct {
	question string // what it will do
	person   bool   // a person has to take part, so --yes alone does not do it
	do       func(context.Context) error
}

// fix carries out the harmless cures of what is wrong, asking before each. It reports whether anything
// was done.
func (c *command) fix(ctx context.Context, r doctor.Report, yes bool) (bool, error) {
	cures := c.cures(r)
	if len(cures) == 0 {
		fmt.Fprintln(c.Err, "\nThere is nothing that --fix could cure.")
		return false, nil
	}
	if !yes && !TerminalOf(os.Stdin, os.Getenv).Is {
		return false, usageError{errors.New("--fix asks before each cure, and there is nobody to ask: say --fix --yes")}
	}
	done := false
	for _, q := range cures {
		if yes && q.person {
			fmt.Fprintf(c.Err, "\nLeft to you: %s\n", q.question)
			continue
		}
		fmt.Fprintf(c.Err, "\n%s\n", q.question)
		if ok, err := c.agreed(ctx, yes); err != nil {
			return done, err
		} else if !ok {
			continue
		}
		if err := q.do(ctx); err != nil {
			if ctx.Err() != nil {
				return done, context.Cause(ctx)
			}
			fmt.Fprintln(c.Err, "That failed:", problemOf(err).Message, problemOf(err).Advice)
			continue
		}
		done = true
	}
	return done, nil
}

// cures are what --fix can do about a report, each once, in the report's order.
func (c *command) cures(r doctor.Report) []cure {
	var all []cure
	var had []doctor.Fix
	for _, l := range r.Lines {
		if l.Fix == "" || slices.Contains(had, l.Fix) {
			continue
		}
		had = append(had, l.Fix)
		switch l.Fix {
		case doctor.FixSignIn:
			all = append(all, cure{"Sign in with the browser: aztray service auth-renew", true, func(ctx context.Context) error {
				return c.signIn(ctx, auth.LoginOptions{TenantID: c.settings.Azure.TenantID})
			}})
		case doctor.FixContext:
			all = append(all, cure{"Have docker use its default context again: docker context use default", false, useDefaultContext})
		case doctor.FixDeliver:
			names := subjects(r, doctor.FixDeliver)
			all = append(all, cure{"Give a fresh credential to " + strings.Join(names, ", ") + ".", false, func(ctx context.Context) error { return c.deliverAnew(ctx, names) }})
		}
	}
	return all
}

func subjects(r doctor.Report, f doctor.Fix) []string {
	var names []string
	for _, l := range r.Lines {
		if l.Fix == f && !slices.Contains(names, l.Subject) {
			names = append(names, l.Subject)
		}
	}
	return names
}

// agreed asks for a yes. Without an answer it is a no.
func (c *command) agreed(ctx context.Context, yes bool) (bool, error) {
	if yes {
		return true, nil
	}
	fmt.Fprint(c.Err, "Do it? [y/N] ")
	answer := make(chan string, 1)
	go func() { // reading from a terminal heeds no context; the process ends with it
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answer:
		return a == "y" || a == "yes", nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

func useDefaultContext(ctx context.Context) error {
	_, err := docker(ctx, "context", "use", "default")
	return err
}

// deliverAnew gives the named containers what they should hold, whatever they hold now.
func (c *command) deliverAnew(ctx context.Context, names []string) error {
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
	if s.problem != nil {
		return s.problem
	}
	f.anew = true
	for _, b := range c.deliver(ctx, s, f) {
		if b.State != containers.Fresh {
			fmt.Fprintf(c.Err, "%s: %s\n", b.Name, b.Error)
		}
	}
	return nil
}
