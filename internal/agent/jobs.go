package agent

import (
	"context"
	"errors"
	"sync"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
)

// job is work that takes time; run does it and returns what came of it.
type job interface {
	run(context.Context, World) event
}

type readJob struct{}

func (readJob) run(ctx context.Context, w World) event {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	stamp := w.FilesStamp() // before: what is written meanwhile is another one's
	f, err := w.ReadFiles(ctx)
	return filesRead{f, err, w.AZProblem(), w.SignInMoment(f), stamp}
}

type probeJob struct {
	files            auth.Files
	username, tenant string
	scopes           []string // the judged one first
}

// probeTimeout bounds a silent renewal; az alone may take twenty seconds on a slow machine.
const probeTimeout = 90 * time.Second

func (j probeJob) run(ctx context.Context, w World) event {
	ctx, stop := context.WithTimeout(ctx, probeTimeout)
	defer stop()
	r := probed{tenant: j.tenant, username: j.username, tokens: map[string]auth.Token{}, errs: map[string]error{}}
	var mu sync.Mutex
	get := func(scope string) {
		t, err := w.Token(ctx, j.files, j.username, j.tenant, scope)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			r.errs[scope] = err
		} else {
			r.tokens[scope] = t
		}
	}
	get(j.scopes[0])
	if len(r.errs) == 0 { // else the sign-in itself is refused, and the others would be too
		var others sync.WaitGroup
		for _, scope := range j.scopes[1:] {
			others.Go(func() { get(scope) })
		}
		others.Wait()
	}
	r.first, r.skew = j.scopes[0], w.Skew()
	return r
}

type signInJob struct {
	tenant  string // "" means the person's own
	use     bool   // the tenant is to become the one in use
	silent  bool   // try without a person first
	follow  bool   // bare az is to act in the tenant too
	scope   string
	fix     bool   // and that by a renewal of the token, in process
	claims  string // a claims challenge that the sign-in must satisfy; "" without one
	timeout time.Duration
	env     []string

	deviceCode bool              // in place of the browser
	progress   func(line string) // gets az's lines

	files    auth.Files // for fix
	username string
	lonely   bool // no browser could renew it, or may be opened
}

func (j signInJob) run(ctx context.Context, w World) event {
	if j.silent {
		t, err := j.alone(ctx, w)
		p, isProblem := errors.AsType[*auth.Problem](err)
		if err == nil || !isProblem || !p.SignInCures() || j.lonely {
			return signInEnded{j, t, err}
		}
		return browserNeeded{j}
	}
	t, err := w.SignIn(ctx, auth.LoginOptions{TenantID: j.tenant, Scope: j.scope, Claims: j.claims, Use: j.use && j.follow, Env: j.env, DeviceCode: j.deviceCode, Progress: j.progress})
	if err == nil && j.use {
		t, err = w.UseTenant(ctx, j.tenant, j.scope, j.follow)
	}
	return signInEnded{j, t, err}
}

type cancelJob struct{}

func (cancelJob) run(context.Context, World) event { return nil }

// followJob reads a container's log until unfollowJob; what it says comes as events.
type followJob struct{ c containers.Container }

func (followJob) run(context.Context, World) event { return nil }

type unfollowJob struct{ id string }

func (unfollowJob) run(context.Context, World) event { return nil }

type tenantsJob struct{ files auth.Files }

func (j tenantsJob) run(ctx context.Context, w World) event {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	ts, err := w.Tenants(ctx, j.files)
	return tenantsListed{ts, err}
}

type rollJob struct{ tenant, scope string }

func (j rollJob) run(ctx context.Context, w World) event {
	ctx, stop := context.WithTimeout(ctx, probeTimeout)
	defer stop()
	_, err := w.AZToken(ctx, j.tenant, j.scope)
	return rolled{j.tenant, err}
}

type openaiJob struct {
	set   openai.Settings
	token auth.Token
}

func (j openaiJob) run(ctx context.Context, w World) event {
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	return openaiAsked{j.set, j.token.TenantID, w.AskOpenAI(ctx, j.set, j.token)}
}

type deliverJob struct {
	c      containers.Container
	bundle auth.Bundle
	mark   string
}

func (j deliverJob) run(ctx context.Context, w World) event {
	start := time.Now()
	st := w.Renew(ctx, j.c, j.bundle)
	return delivered{id: j.c.ID, mark: j.mark, status: st, took: time.Since(start)}
}

// confirmJob looks at what a renewal has replaced.
type confirmJob struct {
	c    containers.Container
	mark string
}

func (j confirmJob) run(ctx context.Context, w World) event {
	start := time.Now()
	st := w.Confirm(ctx, j.c)
	return confirmed{delivered{id: j.c.ID, mark: j.mark, status: st, took: time.Since(start)}}
}

type prepareJob struct {
	bundle auth.Bundle // without tokens after a sign-out
	mark   string
}

func (j prepareJob) run(ctx context.Context, w World) event {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	return prepared{j.mark, w.Prepare(ctx, j.bundle)}
}

type withdrawJob struct{ c containers.Container }

func (j withdrawJob) run(ctx context.Context, w World) event {
	return delivered{id: j.c.ID, status: w.Withdraw(ctx, j.c), withdrawn: true}
}
