package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"aztray/internal/atomicfile"
)

// lockPoll is how often a process that waits for another's sign-in looks again.
const lockPoll = 200 * time.Millisecond

// outcome is how a sign-in ended, for the processes that waited for it.
type outcome struct {
	EndedAt time.Time
	Problem *outcomeProblem
}

type outcomeProblem struct {
	Code, Message, Advice string
	Kind                  Kind
}

// exclusive runs signIn unless another process runs one: then it waits for that one and returns its
// outcome. The lock is the system's, so a crash frees it.
func exclusive(ctx context.Context, stateDir string, signIn func() error) error {
	arrived := time.Now()
	lock := flock.New(filepath.Join(stateDir, "sign-in.lock"), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		if ctx.Err() != nil {
			return interrupted(context.Cause(ctx))
		}
		return fmt.Errorf("waiting for another sign-in: %w", err)
	}
	defer lock.Unlock()
	file := filepath.Join(stateDir, "sign-in.json")
	if o, ok := readOutcome(file); ok && o.EndedAt.After(arrived) && !o.cancelled() {
		return o.err()
	}
	err := signIn()
	writeOutcome(file, err)
	return err
}

// cancelled reports that the other process's person gave up; ours is asked for themself.
func (o outcome) cancelled() bool { return o.Problem != nil && o.Problem.Kind == Cancelled }

func (o outcome) err() error {
	if o.Problem == nil {
		return nil
	}
	return &Problem{Code: o.Problem.Code, Kind: o.Problem.Kind, Message: o.Problem.Message, Advice: o.Problem.Advice}
}

func readOutcome(file string) (outcome, bool) {
	var o outcome
	b, err := os.ReadFile(file)
	return o, err == nil && json.Unmarshal(b, &o) == nil
}

// writeOutcome is a courtesy to those who wait; without it they sign in themselves.
func writeOutcome(file string, err error) {
	o := outcome{EndedAt: time.Now().UTC()}
	if err != nil {
		o.Problem = &outcomeProblem{Code: "SIGN_IN_FAILED", Kind: Unclassified, Message: "The sign-in failed.", Advice: "Sign in again: aztray service auth-renew"}
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		o.Problem = &outcomeProblem{p.Code, p.Message, p.Advice, p.Kind}
	}
	if b, err := json.Marshal(o); err == nil {
		_ = atomicfile.Write(file, b) // who waits signs in themself
	}
}
