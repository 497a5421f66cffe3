package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"aztray/internal/atomicfile"
)

const (
	// lockPoll is how often a process that waits for another's sign-in looks again.
	lockPoll = 200 * time.Millisecond
	// maxOutcomes is how many outcomes are kept; those who wait want one of the last few.
	maxOutcomes = 8
)

// outcome is how a sign-in ended, for the processes that waited for it. What it was for stands in it as a
// digest: a claims challenge is nobody's business.
type outcome struct {
	Run     string          `json:"run"` // no two sign-ins have the same
	For     string          `json:"for"`
	Problem *outcomeProblem `json:"problem,omitempty"`
}

type outcomeProblem struct {
	Code, Message, Advice string
	Kind                  Kind
}

// wanted is what a sign-in is for: nobody is served by one for another tenant, scope or challenge, or in
// another directory of az's.
func (c Client) wanted(o LoginOptions) string {
	parts, _ := json.Marshal([]string{string(c.Dir), strings.ToLower(o.TenantID), o.Scope, o.Claims}) // strings always can be
	sum := sha256.Sum256(parts)
	return hex.EncodeToString(sum[:])
}

// exclusive runs signIn unless one for the same came to its end in another process since we asked: then it
// returns the outcome of that. The lock is the system's, so a crash frees it. No clock is asked: it may be set.
func exclusive(ctx context.Context, stateDir, wanted string, signIn func() error) error {
	file := filepath.Join(stateDir, "sign-in.json")
	before := readOutcomes(file)
	lock := flock.New(filepath.Join(stateDir, "sign-in.lock"), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		if ctx.Err() != nil {
			return interrupted(context.Cause(ctx))
		}
		return fmt.Errorf("waiting for another sign-in: %w", err)
	}
	defer lock.Unlock()
	all := readOutcomes(file)
	for _, o := range slices.Backward(all) {
		if o.For == wanted && !o.cancelled() && !slices.ContainsFunc(before, func(b outcome) bool { return b.Run == o.Run }) {
			return o.err()
		}
	}
	err := signIn()
	all = append(all, newOutcome(wanted, err))
	writeOutcomes(file, all[max(0, len(all)-maxOutcomes):])
	return err
}

func newOutcome(wanted string, err error) outcome {
	o := outcome{Run: rand.Text(), For: wanted}
	if err != nil {
		o.Problem = &outcomeProblem{Code: "SIGN_IN_FAILED", Kind: Unclassified, Message: "The sign-in failed.", Advice: "Sign in again: aztray service auth-renew"}
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		o.Problem = &outcomeProblem{p.Code, p.Message, p.Advice, p.Kind}
	}
	return o
}

// cancelled reports that the other process's person gave up; ours is asked for themself.
func (o outcome) cancelled() bool { return o.Problem != nil && o.Problem.Kind == Cancelled }

func (o outcome) err() error {
	if o.Problem == nil {
		return nil
	}
	return &Problem{Code: o.Problem.Code, Kind: o.Problem.Kind, Message: o.Problem.Message, Advice: o.Problem.Advice}
}

// readOutcomes gives the oldest first; a file that can't be read holds none.
func readOutcomes(file string) []outcome {
	var all []outcome
	b, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(b, &all) != nil {
		return nil
	}
	return all
}

// writeOutcomes is a courtesy to those who wait; without it they sign in themselves.
func writeOutcomes(file string, all []outcome) {
	if b, err := json.Marshal(all); err == nil {
		_ = atomicfile.Write(file, b)
	}
}
