package auth

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"time"

	"aztray/internal/bounded"
)

// CLI runs az. The zero value runs the az on PATH.
type CLI struct {
	Path  string        // of az; "" means az on PATH
	Log   *slog.Logger  // nil means slog.Default()
	Limit time.Duration // of each call that is no sign-in; 0 means a minute
}

// maxOutput bounds what is kept of az's output: a profile with hundreds of subscriptions is far below.
const maxOutput = 1 << 20

// waitAfterEnd is how long output is waited for after az ended: a browser it opened may hold the pipe.
const waitAfterEnd = 2 * time.Second

// AccessToken asks az for a token for scope in a tenant ("" means az's own); az answers from its
// cache until five minutes before the end, and else renews. It returns a *Problem. It blocks for
// seconds; ctx ends it.
// https://learn.microsoft.com/cli/azure/account#az-account-get-access-token
func (c CLI) AccessToken(ctx context.Context, tenant, scope string) (Token, error) {
	args, err := withArguments([]string{"account", "get-access-token", "-o", "json"}, ofScope(scope), ofTenant(tenant))
	if err != nil {
		return Token{}, withPlace(err, tenant, scope)
	}
	out, err := c.run(ctx, args...)
	if err != nil {
		return Token{}, withPlace(err, tenant, scope)
	}
	var r struct {
		AccessToken string `json:"accessToken"`
		ExpiresOn   string `json:"expiresOn"`
		Epoch       int64  `json:"expires_on"`
		Tenant      string `json:"tenant"`
	}
	if err := json.Unmarshal(out, &r); err != nil || r.AccessToken == "" {
		return Token{}, &Problem{Code: "AZ_ANSWER", Kind: AZBroken,
			Message: "az answered with something that is not a token.", Advice: "Run az account get-access-token yourself and see what it prints."}
	}
	ends := time.Unix(r.Epoch, 0)
	if r.Epoch == 0 {
		// before 2.54.0 az gives local time without a zone
		if ends, err = time.ParseInLocation("2006-01-02 15:04:05.999999", r.ExpiresOn, time.Local); err != nil {
			return Token{}, fmt.Errorf("az's expiresOn: %w", err)
		}
	}
	return Token{Scope: scope, TenantID: r.Tenant, Secret: NewSecret(r.AccessToken), ObtainedAt: time.Now().UTC(), ExpiresOn: ends.UTC()}, nil
}

// LoginOptions say how to sign in.
type LoginOptions struct {
	TenantID   string // "" means the person's own
	Scope      string // consented to along with the sign-in
	Claims     string // a claims challenge, base64; left out where az is too old to take one (before 2.76)
	Use        bool   // bare az is to act in the tenant from then on; else its default subscription stays
	DeviceCode bool
	Progress   func(line string) // gets az's lines, such as the device code; nil means none
	Env        []string          // added to az's environment, such as an activation token for the browser
}

// Login signs in with az: by the browser, which az opens, or by device code. It waits until the
// person is done: give ctx an end. When ctx ends, az and everything it started is ended, and what az
// knew before stands. It returns a *Problem.
func (c CLI) Login(ctx context.Context, o LoginOptions) error {
	args, err := withArguments([]string{"login", "--allow-no-subscriptions", "-o", "none"}, ofTenant(o.TenantID), ofScope(o.Scope))
	claims, wrong := withArguments(nil, ofClaims(o.Claims))
	if err == nil {
		err = wrong
	}
	if err != nil {
		return withPlace(err, o.TenantID, o.Scope)
	}
	if len(claims) > 0 && c.takes(ctx, claims[0]) {
		args = append(args, claims...)
	}
	if o.DeviceCode {
		args = append(args, "--use-device-code")
	}
	_, err = c.runTelling(ctx, o.Progress, append(azEnvironment(os.Environ(), true), o.Env...), args...)
	if err != nil && ctx.Err() != nil {
		err = interrupted(context.Cause(ctx))
	}
	return withPlace(err, o.TenantID, o.Scope)
}

// takes reports whether az login knows an option: its help is asked, for distributions patch az and
// versions tell little.
func (c CLI) takes(ctx context.Context, option string) bool {
	help, err := c.run(ctx, "login", "--help")
	return err == nil && bytes.Contains(help, []byte(option))
}

// Version asks az for its own version, such as 2.45.0: whether it runs at all is known then. It returns
// a *Problem.
func (c CLI) Version(ctx context.Context) (string, error) {
	out, err := c.run(ctx, "version", "-o", "json")
	if err != nil {
		return "", err
	}
	var v struct {
		CLI string `json:"azure-cli"`
	}
	if err := json.Unmarshal(out, &v); err != nil || v.CLI == "" {
		return "", &Problem{Code: "AZ_ANSWER", Kind: AZBroken,
			Message: "az does not say which version it is.", Advice: "Run it yourself and see what it prints: az version"}
	}
	return v.CLI, nil
}

// SetSubscription makes a subscription az's default, and its tenant the one that bare az acts in.
func (c CLI) SetSubscription(ctx context.Context, id string) error {
	args, err := withArguments([]string{"account", "set"}, ofSubscription(cmp.Or(id, "-"))) // without one az would set nothing
	if err != nil {
		return err
	}
	_, err = c.run(ctx, args...)
	return err
}

// errNoAnswer is why a call of az was ended at its limit.
var errNoAnswer = errors.New("az did not answer in time")

// run runs az for a question or a change that needs no browser. az sets itself no limit: behind a proxy that accepts
// and never answers it would wait for good.
func (c CLI) run(ctx context.Context, args ...string) ([]byte, error) {
	limited, cancel := context.WithTimeoutCause(ctx, cmp.Or(c.Limit, time.Minute), errNoAnswer)
	defer cancel()
	return c.runTelling(limited, nil, azEnvironment(os.Environ(), false), args...)
}

// runTelling runs az in a process group of its own, with no standard input, and gives each line of
// its standard error to tell.
func (c CLI) runTelling(ctx context.Context, tell func(string), env []string, args ...string) ([]byte, error) {
	out, msg := &bounded.Head{Max: maxOutput}, &bounded.Head{Max: maxOutput}
	az := found(cmp.Or(c.Path, "az"), isFile)
	all, err := az.arguments(args)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, az.path, all...)
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = out, &lines{tell: tell, keep: msg}
	ownGroup(cmd)
	cmd.Cancel = func() error { return stopGroup(cmd) }
	cmd.WaitDelay = waitAfterEnd
	started := time.Now()
	err = cmd.Run()
	c.log().Debug("az", "args", strings.Join(args, " "), "took", time.Since(started).Round(time.Millisecond), "ok", err == nil)
	switch {
	case err != nil && ctx.Err() != nil:
		if cmd.Process != nil {
			killGroup(cmd) // what ignored the request
		}
		return nil, classifyEnded(msg.String(), context.Cause(ctx))
	case errors.Is(err, exec.ErrWaitDelay):
		return out.Bytes(), nil // az succeeded; the browser it opened still holds the pipe
	case err != nil:
		return nil, Classify(msg.String(), err)
	}
	return out.Bytes(), nil
}

// classifyEnded says why az was ended before it was done, from what it had said until then.
func classifyEnded(said string, cause error) *Problem {
	if !errors.Is(cause, errNoAnswer) {
		return Classify(said, cause)
	}
	if unanswered(strings.ToLower(said), context.DeadlineExceeded) != "" {
		return problem("SIGN_IN_REQUIRED", ownByCode()["SIGN_IN_REQUIRED"], Lesson{}, redactedCause(said, cause))
	}
	return problem("AZ_NO_ANSWER", ownByCode()["AZ_NO_ANSWER"], Lesson{}, redactedCause(said, cause))
}

func (c CLI) log() *slog.Logger {
	if c.Log != nil {
		return c.Log
	}
	return slog.Default()
}

// ErrCancelled is the cause to cancel a context with when the person wants no more of it.
var ErrCancelled = errors.New("cancelled")

// interrupted is the Problem for a sign-in that its context ended.
func interrupted(cause error) *Problem {
	if errors.Is(cause, context.DeadlineExceeded) {
		return &Problem{Code: "SIGN_IN_TIMED_OUT", Kind: TimedOut, Err: cause,
			Message: "The sign-in was not finished in the browser in time.", Advice: "Sign in again: aztray service auth-renew"}
	}
	return &Problem{Code: "SIGN_IN_CANCELLED", Kind: Cancelled, Err: cause,
		Message: "The sign-in was cancelled.", Advice: "Sign in when it suits you: aztray service auth-renew"}
}

func withPlace(err error, tenant, scope string) error {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.With(tenant, scope)
	}
	return err
}

// lines passes whole lines on as they come, and keeps all.
type lines struct {
	tell func(string)
	keep io.Writer
	part []byte
}

func (l *lines) Write(b []byte) (int, error) {
	l.keep.Write(b)
	if l.tell == nil {
		return len(b), nil
	}
	l.part = append(l.part, b...)
	for {
		line, rest, ok := bytes.Cut(l.part, []byte("\n"))
		if !ok {
			l.part = l.part[:min(len(l.part), maxOutput)]
			return len(b), nil
		}
		l.tell(strings.TrimSpace(string(line)))
		l.part = rest
	}
}

// Problem is why az cannot be run; nil when it can.
func (c CLI) Problem() *Problem {
	if _, err := exec.LookPath(cmp.Or(c.Path, "az")); err != nil {
		return Classify("", err)
	}
	return nil
}
