package auth

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestOneSignInAtATimeAndItsOutcomeIsShared(t *testing.T) {
	for name, outcome := range map[string]error{
		"it worked": nil,
		"it failed": &Problem{Code: "AADSTS53000", Kind: PolicyBlocked, Message: "m", Advice: "a"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var runs atomic.Int32
			began, end := make(chan struct{}), make(chan struct{})
			signIn := func() error {
				if runs.Add(1) == 1 {
					close(began)
				}
				<-end
				return outcome
			}
			var all sync.WaitGroup
			errs := make([]error, 3)
			all.Go(func() { errs[0] = exclusive(t.Context(), dir, signIn) })
			<-began
			waiting := make(chan struct{}, 2)
			for i := range 2 {
				all.Go(func() { waiting <- struct{}{}; errs[i+1] = exclusive(t.Context(), dir, signIn) })
			}
			<-waiting
			<-waiting
			close(end)
			all.Wait()
			if n := runs.Load(); n > 2 { // a goroutine that comes after the end signs in itself
				t.Errorf("%d sign-ins ran, want one", n)
			}
			for i, err := range errs {
				p, isProblem := errors.AsType[*Problem](err)
				if (outcome == nil) != (err == nil) || isProblem && p.Kind != PolicyBlocked {
					t.Errorf("outcome of %d: %v, want %v", i, err, outcome)
				}
			}
		})
	}
}

func TestAWaitForAnotherSignInCanBeCancelled(t *testing.T) {
	dir := t.TempDir()
	began, end := make(chan struct{}), make(chan struct{})
	var first sync.WaitGroup
	first.Go(func() { exclusive(t.Context(), dir, func() error { close(began); <-end; return nil }) })
	<-began
	defer first.Wait()
	defer close(end)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrCancelled)
	err := exclusive(ctx, dir, func() error { t.Error("a second sign-in ran"); return nil })
	if p, ok := errors.AsType[*Problem](err); !ok || p.Kind != Cancelled {
		t.Errorf("exclusive = %v, want Cancelled", err)
	}
}
