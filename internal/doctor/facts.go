package doctor

import (
	"context"
	"os"
	"slices"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
)

// facts are what several checks go by. They are found out side by side.
type facts struct {
	az      *fact[azFacts]
	proxy   *fact[proxyFacts]
	entra   *fact[entraFacts]
	signIn  *fact[signInFacts]
	engine  *fact[engineFacts]
	running *fact[bool] // a tray, or aztray serve, looks after things
}

// gather starts to find everything out. stop ends what is still at work.
func (r *run) gather(ctx context.Context) (f *facts, stop context.CancelFunc) {
	ctx, stop = context.WithCancel(ctx)
	o := r.o
	return &facts{
		az:      learn(ctx, r, limit, func(ctx context.Context) azFacts { return findAZ(ctx, o.Client.AZ) }),
		proxy:   learn(ctx, r, 10*time.Second, func(ctx context.Context) proxyFacts { return lookAtProxy(ctx, os.Getenv) }),
		entra:   learn(ctx, r, 20*time.Second, func(ctx context.Context) entraFacts { return reachEntra(ctx, o.Client) }),
		signIn:  learn(ctx, r, 40*time.Second, func(ctx context.Context) signInFacts { return lookAtSignIn(ctx, o) }),
		engine:  learn(ctx, r, 20*time.Second, func(ctx context.Context) engineFacts { return findEngine(ctx, o) }),
		running: learn(ctx, r, 5*time.Second, trayRuns),
	}, stop
}

// signInFacts are how the sign-in stands for the settings' tenant and scope.
type signInFacts struct {
	Err     error // az's files cannot be read
	Files   auth.Files
	Set     string // the tenant that the settings name, "" for none
	Chosen  string // the one that the person picked in the tray's menu, where az does not follow
	Tenant  auth.Tenant
	Scope   string
	Token   auth.Token    // renewed just now, without a person
	Problem *auth.Problem // why it was not
	Known   []auth.Tenant // with their names, as the tray has learnt them
	Sources []auth.Source // of DefaultAzureCredential on this machine, untried
}

// usable reports whether there is a token to go on with.
func (f signInFacts) usable() bool {
	return f.Problem == nil && f.Err == nil && !f.Token.ExpiresOn.IsZero()
}

// engineFacts are what the container engine said.
type engineFacts struct {
	Places  []containers.Place // those that are followed, then others that answer
	Covered []containers.Container
	Needy   []containers.Uncovered // look as if they need the sign-in, and are not covered
	Ignored []containers.Ignored   // labels that count for nothing
	Cluster *auth.Problem          // why the cluster cannot be asked; nil where it can, or none is named
}

func findEngine(ctx context.Context, o Options) engineFacts {
	f := engineFacts{}
	surveyed := make(chan []containers.Place, 1)
	go func() { surveyed <- containers.Survey(ctx, o.Engine, o.Settings.Engine.Hosts...) }()
	covered, away, err := o.Engines.List(ctx, o.Selector) // why an engine does not answer, the survey says
	if i := slices.IndexFunc(away, func(p *auth.Problem) bool { return p.Kind != auth.EngineMissing }); i >= 0 {
		f.Cluster = away[i]
	} else if err != nil {
		f.Cluster = auth.Classify(err.Error(), err)
	}
	f.Covered = covered
	f.Needy = o.Engines.Uncovered(ctx, o.Selector)
	f.Ignored = o.Engines.Ignored(ctx, o.Selector)
	f.Places = <-surveyed // it heeds ctx
	return f
}

// reached reports whether any engine that is followed answers.
func (f engineFacts) reached() bool {
	return slices.ContainsFunc(f.Places, func(p containers.Place) bool { return p.Chosen && p.Problem == nil })
}

// served is what the identity endpoint last gave each container, by id.
func (o Options) served() map[string]agent.Served { return agent.Recall(o.StateFile).Served }
