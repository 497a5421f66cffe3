package agent

import (
	"context"
	"slices"
	"sync"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

// Asker is who waits for what came of a command. The zero one does not wait.
type Asker struct {
	Context context.Context                      // its end ends what was begun for it; nil: nothing does
	Tell    func(name, doing string)             // is told what is done to a container; from several goroutines at once
	Restart func([]containers.Restart)           // is told how a restart ended, once
	Verify  func(map[string]containers.Verified) // is told what each container got, by id, once
	Tenants func([]TenantAnswer)                 // is told how each tenant answered, once
}

// bound is ctx, which ends also when the asker's does.
func (a Asker) bound(ctx context.Context) (context.Context, func()) {
	if a.Context == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(a.Context, func() { cancel(context.Cause(a.Context)) })
	return ctx, func() { stop(); cancel(nil) }
}

// named reports whether a container is meant by its name or by that of its service; no names mean all.
func named(c containers.Container, names []string) bool {
	return len(names) == 0 || slices.Contains(names, c.Name) || c.Service != "" && slices.Contains(names, c.Service)
}

// Verify has the named containers that hold a credential obtain a token, all when there are none.
type Verify struct {
	Names []string
	Asker Asker
}

// ListTenants tries each tenant of the account, without a person.
type ListTenants struct{ Asker Asker }

// TenantAnswer is how a tenant answered when a token was asked for there.
type TenantAnswer struct {
	Tenant  auth.Tenant
	Policy  auth.Policy   // how long a sign-in lasts there, as far as that was learnt
	Problem *auth.Problem // nil: a token can be had there without a person
}

func (Verify) command()      {}
func (ListTenants) command() {}

// verifyAtOnce is fewer than deliveries: a real az takes seconds of a processor's time.
const verifyAtOnce = 4

// verifyJob tries containers, each against the token that it should get.
type verifyJob struct {
	asker  Asker
	chosen []containers.Container
	want   map[string]auth.Token // by container id
}

// beginVerify has those tried that hold something to try.
func (s *state) beginVerify(c Verify, now time.Time) {
	j := verifyJob{asker: c.Asker, want: map[string]auth.Token{}}
	for id, b := range s.boxes {
		tenant, _ := s.wants(b.c)
		g, ok := s.signs[tenant]
		if !ok || !named(b.c, c.Names) || !triable(s.shownStatus(b, now)) {
			continue
		}
		j.chosen, j.want[id] = append(j.chosen, b.c), g.tokens[s.set.Scope]
	}
	s.tries = append(s.tries, j)
}

// triable reports whether there is a credential in a container that could be tried.
func triable(st containers.Status) bool {
	switch st.State {
	case containers.Fresh, containers.Shared, containers.OwnSignIn:
		return true
	}
	return st.Delivery == "endpoint" && st.State == containers.Missing
}

func (j verifyJob) run(ctx context.Context, w World) event {
	ctx, stop := j.asker.bound(ctx)
	defer stop()
	all := map[string]containers.Verified{}
	var mu sync.Mutex
	var work sync.WaitGroup
	free := make(chan struct{}, verifyAtOnce)
	for _, c := range j.chosen {
		free <- struct{}{}
		work.Go(func() {
			defer func() { <-free }()
			if j.asker.Tell != nil {
				j.asker.Tell(c.Name, "obtaining a token inside")
			}
			v := w.Verify(ctx, c, j.want[c.ID])
			mu.Lock()
			defer mu.Unlock()
			all[c.ID] = v
		})
	}
	work.Wait()
	if j.asker.Verify != nil {
		j.asker.Verify(all)
	}
	return nothing{}
}

// tenantsTry asks for a token in each tenant, and for the list of them first.
type tenantsTry struct {
	asker    Asker
	view     func(listed []auth.Tenant) []auth.Tenant
	files    auth.Files
	username string
	scope    string
	policies map[string]auth.Policy // by tenant id
}

func (s *state) beginListTenants(c ListTenants) {
	v := s.view()
	j := tenantsTry{asker: c.Asker, files: s.files, username: s.files.Profile.Current().User.Name, scope: v.Scope(), policies: map[string]auth.Policy{}}
	j.view = func(listed []auth.Tenant) []auth.Tenant {
		if listed != nil {
			v.Listed = listed
		}
		return v.Tenants()
	}
	for tenant, g := range s.signs {
		j.policies[tenant] = g.policy
	}
	s.tries = append(s.tries, j)
}

func (j tenantsTry) run(ctx context.Context, w World) event {
	ctx, stop := j.asker.bound(ctx)
	defer stop()
	ctx, end := context.WithTimeout(ctx, probeTimeout)
	defer end()
	var listed []auth.Tenant
	if len(j.files.Profile.Subscriptions) > 0 {
		listed, _ = w.Tenants(ctx, j.files) // each answer says what is in its way
	}
	all := j.view(listed)
	answers := make([]TenantAnswer, len(all))
	var work sync.WaitGroup
	for i, t := range all {
		work.Go(func() {
			answers[i] = TenantAnswer{Tenant: t, Policy: j.policies[t.ID]}
			if _, err := w.Token(ctx, j.files, j.username, t.ID, j.scope); err != nil {
				answers[i].Problem = problemOf(err)
			}
		})
	}
	work.Wait()
	if j.asker.Tenants != nil {
		j.asker.Tenants(answers)
	}
	return nothing{}
}

// nothing is what there is to know after work whose outcome went to who asked for it.
type nothing struct{}

func (nothing) apply(*state, time.Time) {}

// Ask is Do, and returns when the loop has taken the command: a Snapshot of that moment or later knows of it.
func (a *Agent) Ask(ctx context.Context, c Command) (time.Time, error) {
	e := taken{asked{c}, make(chan time.Time, 1)}
	a.send(ctx, e)
	select {
	case at := <-e.at:
		return at, nil
	case <-ctx.Done():
		return time.Time{}, context.Cause(ctx)
	}
}

// taken is a command whose asker waits until it is taken.
type taken struct {
	asked
	at chan time.Time
}

func (e taken) apply(s *state, now time.Time) {
	e.asked.apply(s, now)
	e.at <- now
}

// filesAre says which az's files are there at this moment: the system tells of a change only a moment later.
type filesAre struct{ stamp string }

func (filesAre) command() {}

// Look has the loop read az's files where they are others than those that it has read. A Snapshot of the moment that it
// returns, or later, that is not Reading knows of them.
func (a *Agent) Look(ctx context.Context) (time.Time, error) {
	return a.Ask(ctx, filesAre{(*a.outside.Load()).FilesStamp()})
}
