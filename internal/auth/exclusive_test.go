package auth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofrs/flock"
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
			all.Go(func() { errs[0] = exclusive(t.Context(), dir, "same", signIn) })
			<-began
			waiting := make(chan struct{}, 2)
			for i := range 2 {
				all.Go(func() { waiting <- struct{}{}; errs[i+1] = exclusive(t.Context(), dir, "same", signIn) })
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
	first.Go(func() { exclusive(t.Context(), dir, "same", func() error { close(began); <-end; return nil }) })
	<-began
	defer first.Wait()
	defer close(end)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrCancelled)
	err := exclusive(ctx, dir, "same", func() error { t.Error("a second sign-in ran"); return nil })
	if p, ok := errors.AsType[*Problem](err); !ok || p.Kind != Cancelled {
		t.Errorf("exclusive = %v, want Cancelled", err)
	}
}

// TestExclusive_WhatCounts: an outcome serves who asked before it came to be, and for the same. A sign-in is
// kept waiting here until the other one asks for the lock.
func TestExclusive_WhatCounts(t *testing.T) {
	client := Client{Dir: "/home/ada/.azure"}
	asked := LoginOptions{TenantID: contoso, Scope: scope}
	for _, c := range []struct {
		name   string
		client Client
		other  LoginOptions
		waits  bool // it asked while the first one ran
		shared bool
	}{
		{"the same, waiting", client, asked, true, true},
		{"the same, in capitals and by device code", client, LoginOptions{TenantID: strings.ToUpper(contoso), Scope: scope, DeviceCode: true}, true, true},
		{"the same, afterwards", client, asked, false, false},
		{"another tenant", client, LoginOptions{TenantID: fabrikam, Scope: scope}, true, false},
		{"no tenant", client, LoginOptions{Scope: scope}, true, false},
		{"another scope", client, LoginOptions{TenantID: contoso, Scope: "https://vault.azure.net/.default"}, true, false},
		{"a claims challenge", client, LoginOptions{TenantID: contoso, Scope: scope, Claims: "eyJ9"}, true, false},
		{"another directory of az's", Client{Dir: "/home/ada/.azure-work"}, asked, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			// what an aztray with another clock, or of before, left: it serves nobody
			stale := fmt.Sprintf(`{"EndedAt": %q, "Problem": null}`, time.Now().Add(24*time.Hour).Format(time.RFC3339))
			if err := os.WriteFile(filepath.Join(dir, "sign-in.json"), []byte(stale), 0o600); err != nil {
				t.Fatal(err)
			}
			began, end := make(chan struct{}), make(chan struct{})
			var first sync.WaitGroup
			ran := false
			first.Go(func() {
				exclusive(t.Context(), dir, client.wanted(asked), func() error { ran = true; close(began); <-end; return nil })
				if !ran {
					close(began)
				}
			})
			<-began
			if !ran {
				t.Fatal("an outcome from the future took the place of a sign-in")
			}
			if !c.waits {
				close(end)
				first.Wait()
			}
			ctx := &looked{Context: t.Context(), waits: func() {
				if c.waits {
					close(end)
				}
			}}
			again := false
			if err := exclusive(ctx, dir, c.client.wanted(c.other), func() error { again = true; return nil }); err != nil {
				t.Fatal(err)
			}
			first.Wait()
			if again == c.shared {
				t.Errorf("a second sign-in ran: %v, want %v", again, !c.shared)
			}
		})
	}
}

// looked tells when somebody begins to wait for it to end.
type looked struct {
	context.Context
	waits func()
	once  sync.Once
}

func (l *looked) Done() <-chan struct{} {
	l.once.Do(l.waits)
	return l.Context.Done()
}

// TestExclusive_EachWaiterItsOwn: of several that ran while somebody waited, the one for the same counts.
func TestExclusive_EachWaiterItsOwn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sign-in.json")
	failed := &Problem{Code: "AADSTS53000", Kind: PolicyBlocked, Message: "m", Advice: "a"}
	lock := flock.New(filepath.Join(filepath.Dir(file), "sign-in.lock"))
	if ok, err := lock.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	ctx := &looked{Context: t.Context(), waits: func() {
		writeOutcomes(file, []outcome{newOutcome("ours", failed), newOutcome("another", nil)})
		lock.Unlock()
	}}
	err := exclusive(ctx, filepath.Dir(file), "ours", func() error { t.Error("a second sign-in ran"); return nil })
	if p, ok := errors.AsType[*Problem](err); !ok || p.Code != failed.Code {
		t.Errorf("exclusive = %v, want %v", err, failed)
	}
	for range 2 * maxOutcomes {
		exclusive(t.Context(), filepath.Dir(file), "other", func() error { return nil })
	}
	if n := len(readOutcomes(file)); n != maxOutcomes {
		t.Errorf("%d outcomes are kept, want %d", n, maxOutcomes)
	}
}
