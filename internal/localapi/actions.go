package localapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/report"
)

// action does what was asked for, tells on the way, and gives the last event. Its context ends when who asked has gone.
type action func(ctx context.Context, s *server, r Request, tell func(Event)) (Event, error)

func (s *server) act(do action) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		var r Request
		rc := http.NewResponseController(w)
		_ = rc.SetReadDeadline(time.Now().Add(bodyWithin))
		if err := json.NewDecoder(q.Body).Decode(&r); err != nil {
			http.Error(w, "the request can't be read", http.StatusBadRequest)
			return
		}
		_ = rc.SetReadDeadline(time.Time{})
		out := newStream(w)
		ctx := q.Context()
		s.known(ctx)
		last, err := do(ctx, s, r, func(e Event) { out.send(e) })
		if err != nil {
			last = Event{Problem: failure(err)}
		}
		out.send(last)
	}
}

// usage is a command that was wrong.
type usage string

func (u usage) Error() string { return string(u) }

func failure(err error) *Failure {
	if u, ok := errors.AsType[usage](err); ok {
		return &Failure{Problem: report.Problem{Code: "USAGE", Message: u.Error()}, Usage: true}
	}
	p, ok := errors.AsType[*auth.Problem](err)
	if !ok {
		p = auth.Classify(err.Error(), err)
	}
	f := &Failure{Problem: *report.ProblemOf(p)}
	if p.Err != nil {
		f.Raw = auth.Redact(p.Err.Error())
	}
	return f
}

// settle waits until nothing is under way any more of what was asked for at a moment, and gives the report then.
func (s *server) settle(ctx context.Context, asked time.Time) (Event, error) {
	snap, ok := s.until(ctx, func(snap agent.Snapshot) bool { return !snap.At.Before(asked) && !snap.Busy })
	if !ok {
		return Event{}, context.Cause(ctx)
	}
	return Event{Done: whole(snap)}, nil
}

// covered checks that each name is that of a covered container or of its service.
func (s *server) covered(names []string) error {
	snap, _ := s.o.Feed.Get()
	for _, name := range names {
		if !slices.ContainsFunc(snap.Containers, func(c containers.Status) bool { return c.Name == name || c.Service == name }) {
			return usage("no covered container is called " + name)
		}
	}
	return nil
}

// reached is why nothing can be done to containers: no engine answers.
func (s *server) reached() error {
	snap, _ := s.o.Feed.Get()
	if i := slices.IndexFunc(snap.Missing, func(p *auth.Problem) bool { return p != nil && p.Kind == auth.EngineMissing }); i >= 0 && len(snap.Containers) == 0 {
		return snap.Missing[i]
	}
	return nil
}

// tokenless is why there is nothing to give; nil where there is.
func (s *server) tokenless() error {
	snap, _ := s.o.Feed.Get()
	w := report.Of(snap, time.Now())
	if p := w.Report.Problem; p != nil && !snap.TokenExpires.After(time.Now()) {
		return p.Full(w.Beside.Raw)
	}
	return nil
}

// renew signs in, or not where a silent renewal is enough.
func renew(ctx context.Context, s *server, r Request, tell func(Event)) (Event, error) {
	if err := s.covered(r.Names); err != nil {
		return Event{}, err
	}
	command := agent.Command(agent.Renew{TenantID: r.Tenant, DeviceCode: r.DeviceCode, Progress: &agent.Progress{Line: func(line string) { tell(Event{Line: line}) }}})
	if r.IfNeeded {
		command = agent.Fix{TenantID: r.Tenant}
	}
	ended, err := s.signIn(ctx, command, r.Tenant, tell)
	if err != nil {
		return Event{}, err
	}
	return s.settle(ctx, ended)
}

// signIn has the agent sign in or switch, or waits for the one that does so already, whose outcome it shares. When who
// asked has gone, what was begun for them ends.
func (s *server) signIn(ctx context.Context, command agent.Command, tenant string, tell func(Event)) (ended time.Time, err error) {
	before, ok := s.until(ctx, func(snap agent.Snapshot) bool { // another tenant's is none of ours
		return snap.Renewal == nil || tenant == "" || snap.Renewal.Tenant.ID == tenant
	})
	if !ok {
		return before.At, context.Cause(ctx)
	}
	shared := before.Renewal != nil
	asked := before.At
	if !shared {
		if asked, err = s.o.Ask(ctx, command); err != nil {
			return asked, err
		}
	}
	told := false
	snap, ok := s.until(ctx, func(snap agent.Snapshot) bool {
		if snap.Renewal != nil && snap.Renewal.Way == "browser" && !told {
			told = true
			tell(Event{Browser: true})
		}
		return !snap.At.Before(asked) && snap.Renewal == nil && snap.Past.Last != nil && !snap.Past.Last.EndedAt.Before(asked)
	})
	if !ok {
		if !shared {
			later, stop := context.WithTimeout(context.WithoutCancel(ctx), bodyWithin)
			defer stop()
			_, _ = s.o.Ask(later, agent.CancelSignIn{})
		}
		return asked, context.Cause(ctx)
	}
	if p := snap.Past.Last.Problem; p != nil {
		return asked, p
	}
	return snap.Past.Last.EndedAt, nil
}

// sync gives the containers what they should hold, and has them try it where that is asked for.
func sync(ctx context.Context, s *server, r Request, tell func(Event)) (Event, error) {
	if err := cmp.Or(s.reached(), s.covered(r.Names)); err != nil {
		return Event{}, err
	}
	at, err := s.o.Ask(ctx, agent.Sync{Names: r.Names})
	if err != nil {
		return Event{}, err
	}
	last, err := s.settle(ctx, at)
	if err != nil {
		return last, err
	}
	if err := s.tokenless(); err != nil || !r.Verify {
		return last, err
	}
	got := make(chan map[string]containers.Verified, 1)
	if _, err := s.o.Ask(ctx, agent.Verify{Names: r.Names, Asker: agent.Asker{Context: ctx, Tell: teller(tell), Verify: func(all map[string]containers.Verified) { got <- all }}}); err != nil {
		return Event{}, err
	}
	select {
	case all := <-got:
		for i, c := range last.Done.Report.Containers {
			v, tried := all[c.ID]
			if !tried {
				continue
			}
			c.Verified = report.VerifiedOf(v)
			if v.Result == containers.Obtained && c.Delivery == "endpoint" {
				now := time.Now()
				c.State, c.ExpiresOn, c.DeliveredAt, c.Error = containers.Fresh, report.Time(v.ExpiresOn), report.Time(now), nil
			}
			last.Done.Report.Containers[i] = c
		}
		return last, nil
	case <-ctx.Done():
		return Event{}, context.Cause(ctx)
	}
}

func teller(tell func(Event)) func(name, doing string) {
	return func(name, doing string) { tell(Event{Doing: name + ": " + doing}) }
}

// restart gives the containers the credential anew and restarts them.
func restart(ctx context.Context, s *server, r Request, tell func(Event)) (Event, error) {
	if err := cmp.Or(s.reached(), s.covered(r.Names)); err != nil {
		return Event{}, err
	}
	if err := s.tokenless(); err != nil {
		return Event{}, err
	}
	got := make(chan []containers.Restart, 1)
	at, err := s.o.Ask(ctx, agent.Restart{Names: r.Names, Stopped: len(r.Names) > 0,
		Asker: agent.Asker{Context: ctx, Tell: teller(tell), Restart: func(all []containers.Restart) { got <- all }}})
	if err != nil {
		return Event{}, err
	}
	select {
	case all := <-got:
		last, err := s.settle(ctx, at)
		last.Restarted = report.RestartedOf(all)
		return last, err
	case <-ctx.Done():
		return Event{}, context.Cause(ctx)
	}
}

// useTenant makes a tenant the one in use.
func useTenant(ctx context.Context, s *server, r Request, tell func(Event)) (Event, error) {
	ended, err := s.signIn(ctx, agent.UseTenant{TenantID: r.Tenant}, r.Tenant, tell)
	if err != nil {
		return Event{}, err
	}
	return s.settle(ctx, ended)
}

// listTenants tries each tenant of the account.
func listTenants(ctx context.Context, s *server, _ Request, _ func(Event)) (Event, error) {
	got := make(chan []agent.TenantAnswer, 1)
	if _, err := s.o.Ask(ctx, agent.ListTenants{Asker: agent.Asker{Context: ctx, Tenants: func(all []agent.TenantAnswer) { got <- all }}}); err != nil {
		return Event{}, err
	}
	select {
	case all := <-got:
		snap, _ := s.o.Feed.Get()
		tenants := []Tenant{}
		for _, t := range all {
			tenants = append(tenants, Tenant{t.Tenant, t.Tenant.ID == snap.Tenant.ID, t.Policy.SignIn.Lasts, report.ProblemOf(t.Problem)})
		}
		return Event{Done: whole(snap), Tenants: tenants}, nil
	case <-ctx.Done():
		return Event{}, context.Cause(ctx)
	}
}

// answer has what the person says about containers remembered.
func answer(ctx context.Context, s *server, r Request, _ func(Event)) (Event, error) {
	var at time.Time
	for _, a := range r.Answers {
		var err error
		if at, err = s.o.Ask(ctx, a); err != nil {
			return Event{}, err
		}
	}
	return s.settle(ctx, at)
}
