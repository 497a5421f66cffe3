package agent

import (
	"context"
	"errors"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// TestWhoAsksIsTold: what was asked for is taken when Ask returns, its outcome goes to who asked, and while it goes on
// the snapshot is busy.
func TestWhoAsksIsTold(t *testing.T) {
	r := newRig()
	r.files = profile(contoso, fabrikam)
	r.refused[fabrikam] = &auth.Problem{Code: "AADSTS50076", Kind: auth.ClaimsRequired}
	inBubble(t, r, Settings{}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a"), stopped("c")}})
		if s := x.now(); s.Busy || !s.Looked {
			t.Errorf("at rest: busy %v, looked %v", s.Busy, s.Looked)
		}
		ended := make(chan []containers.Restart, 1)
		at, err := x.a.Ask(context.Background(), Restart{Asker: Asker{Restart: func(all []containers.Restart) { ended <- all }}})
		if s := x.now(); err != nil || s.At.Before(at) || !s.Busy {
			t.Errorf("taken at %v, seen at %v, busy %v, %v", at, s.At, s.Busy, err)
		}
		if s := x.after(11 * time.Second); s.Busy || len(<-ended) != 2 {
			t.Errorf("after it: busy %v", s.Busy)
		}
		tried := make(chan map[string]containers.Verified, 1)
		x.a.Do(Verify{Asker: Asker{Verify: func(all map[string]containers.Verified) { tried <- all }}})
		x.now()
		if all := <-tried; len(all) != 2 || all["a"].Result != containers.Obtained {
			t.Errorf("tried: %v", all)
		}
		answers := make(chan []TenantAnswer, 1)
		x.a.Do(ListTenants{Asker{Tenants: func(all []TenantAnswer) { answers <- all }}})
		x.now()
		if all := <-answers; len(all) != 2 || all[0].Problem != nil || all[1].Problem == nil || all[1].Tenant.Name != "Fabrikam" {
			t.Errorf("tenants: %+v", all)
		}
	})
}

// TestARestartEndsWithWhoAskedForIt.
func TestARestartEndsWithWhoAskedForIt(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		r.tell(containers.Event{Kind: containers.Listed, Containers: []containers.Container{covered("a")}})
		x.now()
		ctx, cancel := context.WithCancelCause(context.Background())
		ended := make(chan struct{}, 1)
		x.a.Do(Restart{Asker: Asker{Context: ctx, Restart: func([]containers.Restart) { ended <- struct{}{} }}})
		if s := x.now(); !s.Busy {
			t.Error("no restart goes on")
		}
		cancel(errors.New("they have gone"))
		if s := x.now(); s.Busy {
			t.Error("the restart goes on without who asked for it")
		}
		<-ended
	})
}

// TestLook: az's files are read where they are others, before the system has told of it.
func TestLook(t *testing.T) {
	r := newRig()
	r.files = profile(contoso)
	inBubble(t, r, Settings{}, func(x *run) {
		if s := x.now(); s.Tenant.ID != contoso {
			t.Fatalf("at first %s", s.Tenant.ID)
		}
		r.mu.Lock()
		r.files, r.stamp = profile(fabrikam), "others"
		r.mu.Unlock()
		if _, err := x.a.Look(context.Background()); err != nil {
			t.Fatal(err)
		}
		if s := x.now(); s.Tenant.ID != fabrikam {
			t.Errorf("after a look %s", s.Tenant.ID)
		}
	})
}
