package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/cluster"
	"aztray/internal/config"
	"aztray/internal/containers"
	"aztray/internal/shell"
	"aztray/internal/signin"
)

// enough is how long a token on disk must last for status to answer without renewing.
const enough = 10 * time.Minute

// signIn is the sign-in as one command sees it.
type signIn struct {
	files   auth.Files
	row     auth.ProfileSubscription
	tenant  auth.Tenant
	scope   string // the one that is judged
	token   auth.Token
	problem *auth.Problem
	silent  auth.SilentState
	since   time.Time // when a sign-in began that a running tray sees too, and delivers; zero where there was none
}

// look says how the sign-in stands and changes nothing: from disk where a token for the scope lasts
// long enough, else by trying a silent renewal.
func (c *command) look(ctx context.Context, tenant string, renew bool) (signIn, error) {
	var s signIn
	var err error
	if s.files, err = c.client.Dir.Read(ctx); err != nil {
		return s, &auth.Problem{Code: "AZ_FILES_UNREADABLE", Kind: auth.ConfigError, Err: err,
			Message: "az's own directory cannot be read.", Advice: "Make it yours again: " + shell.Rights(string(c.client.Dir))}
	}
	v := c.reading(s.files)
	v.Chosen = cmp.Or(tenant, v.Chosen)
	s.scope = v.Scope()
	c.settings.Azure.Scope = s.scope // a sign-in asks for it
	s.tenant = v.TenantNamed(v.Tenant())
	s.row = v.Row(s.tenant.ID)
	if s.problem = v.NotSignedIn(s.tenant.ID); s.problem != nil {
		return s, nil
	}
	s.token, _ = s.files.CachedToken(s.row, s.tenant.ID, s.scope)
	if !renew && s.token.Alive(c.Now(), enough) {
		s.silent = auth.SilentWorks
		return s, nil
	}
	defer c.during("Asking Microsoft's sign-in service")()
	t, err := c.client.Token(ctx, s.files, s.row.User.Name, s.tenant.ID, s.scope)
	if err == nil {
		s.token, s.silent = t, auth.SilentWorks
		c.nameTenant(&s, c.listed(ctx, s))
		return s, nil
	}
	p, ok := errors.AsType[*auth.Problem](err)
	if !ok {
		return s, err
	}
	s.problem = p
	if p.Refuses() {
		s.silent = auth.SilentRefused
	}
	return s, nil
}

// reading is what the sign-in is read from: az's files, the settings, and what runs of the agent have learnt.
func (c *command) reading(files auth.Files) signin.View {
	m := agent.Recall(stateFile(c.client.StateDir))
	v := signin.View{Files: files, Read: true, Settings: signin.SettingsOf(c.settings), Listed: m.Tenants, Skew: cmp.Or(auth.Skew(c.client.Silent.HTTP), m.Skew)}
	if !c.settings.Azure.Follow {
		v.Chosen = m.Chosen
	}
	at := c.client.Dir.SignInMoment(files)
	v.Learnt = func(tenant string) (signin.Learnt, bool) {
		known := m.Signs[tenant]
		return signin.Learnt{SignedInAt: known.SignedInAt, Policy: known.Policy}.Noting(at, c.Now()), true
	}
	return v
}

// view is the reading with what this command has found out.
func (c *command) view(s signIn, boxes []containers.Status) signin.View {
	v := c.reading(s.files)
	v.Chosen = s.tenant.ID
	learnt := v.Learnt
	v.Learnt = func(tenant string) (signin.Learnt, bool) {
		l, ok := learnt(tenant)
		if tenant == s.tenant.ID {
			l.Silent, l.Refusal, l.Tokens = s.silent, s.problem, map[string]auth.Token{v.Scope(): s.token}
		}
		return l, ok
	}
	v.Held = func(string) (first time.Time) {
		for _, b := range boxes {
			if b.State == containers.Fresh && (first.IsZero() || b.ExpiresOn.Before(first)) {
				first = b.ExpiresOn
			}
		}
		return first
	}
	return v
}

// nameTenant adds the tenant's name where az's profile has none.
func (c *command) nameTenant(s *signIn, known []auth.Tenant) {
	for _, t := range known {
		if t.ID == s.tenant.ID {
			s.tenant = t
		}
	}
}

// listed are the tenants with their names: what the tray learnt, else what ARM says, if at once.
func (c *command) listed(ctx context.Context, s signIn) []auth.Tenant {
	known := agent.Recall(stateFile(c.client.StateDir)).Tenants
	if !slices.ContainsFunc(known, func(t auth.Tenant) bool { return t.ID == s.tenant.ID }) {
		ctx, stop := context.WithTimeout(ctx, nameTimeout)
		defer stop()
		known, _ = c.client.Tenants(ctx, s.files)
	}
	return known
}

// nameTimeout bounds the wait for a mere name.
const nameTimeout = 3 * time.Second

func stateFile(dir string) string { return filepath.Join(dir, "state.json") }

// found is the containers that are covered, or why they cannot be asked for.
type found struct {
	engines *cluster.Engines
	all     []containers.Container
	away    []*auth.Problem // one for each engine that does not answer
	none    bool            // no engine answers
	anew    bool            // what is delivered is written even where it is there already
}

// find lists the covered containers, cut to names where there are any.
func (c *command) find(ctx context.Context, names []string) (found, error) {
	defer c.during("Asking the container engine")()
	f := found{engines: c.engines()}
	var err error
	f.all, f.away, err = f.engines.List(ctx, c.covered())
	f.none = len(f.away) == f.engines.Count()
	if err != nil || f.none {
		return f, err
	}
	return pick(f, names)
}

// engines are those of the settings, not connected yet.
func (c *command) engines() *cluster.Engines { return NewEngines(c.settings, c.client.StateDir) }

// NewEngines are the engines, and the cluster, that the settings name.
func NewEngines(s config.Settings, stateDir string) *cluster.Engines {
	o := engineOptions(stateDir)
	o.Plaintext = s.Engine.Plaintext
	return cluster.With(containers.NewEngines(o, s.Engine.Hosts...),
		cluster.Options{Context: s.Kubernetes.Context, Namespace: s.Kubernetes.Namespace, Secret: s.Kubernetes.Secret, Plaintext: s.Engine.Plaintext})
}

func (c *command) covered() containers.Selector {
	return containers.Selector{Names: c.settings.Containers.Names, Delivery: c.settings.Containers.Delivery, Credential: c.settings.Containers.Credential,
		ScopesAllowed: c.settings.Containers.ScopesAllowed, TenantsAllowed: c.settings.Containers.TenantsAllowed}
}

// pick keeps the named ones, every copy of a service; a name that is not there is bad usage.
func pick(f found, names []string) (found, error) {
	if len(names) == 0 {
		return f, nil
	}
	var kept []containers.Container
	for _, c := range f.all {
		if slices.Contains(names, c.Name) || slices.Contains(names, c.Service) {
			kept = append(kept, c)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(kept, func(c containers.Container) bool { return c.Name == name || c.Service == name }) {
			return f, usageError{errors.New("no covered container is called " + name)}
		}
	}
	f.all = kept
	return f, nil
}

// atOnce bounds how many containers are worked on at the same time.
const atOnce = 16

// each does work for every container, many at once, and returns the results in the given order. say is
// what is done to them, in words.
func (c *command) each(say string, all []containers.Container, work func(containers.Container) containers.Status) []containers.Status {
	out := make([]containers.Status, len(all))
	var done atomic.Int64
	defer c.progress.during(func() string { return fmt.Sprintf("%s: %d of %d containers are done", say, done.Load(), len(all)) })()
	var wg sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for i, box := range all {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			out[i] = work(box)
			done.Add(1)
		})
	}
	wg.Wait()
	return out
}

// deliver gives each container what it should hold: its own tenant's and scopes' tokens.
func (c *command) deliver(ctx context.Context, s signIn, f found) []containers.Status {
	get := c.tokens(ctx, s)
	c.prepareAhead(ctx, s, f, get)
	one := c.deliverer(s, f, get)
	look := c.delivered(ctx, s, f)
	return c.each("Delivering", f.all, func(box containers.Container) containers.Status {
		if st, ok := look(ctx, box); ok {
			return st
		}
		return one(ctx, box)
	})
}

// tokenSource gives a token for a scope in a tenant.
type tokenSource func(tenant, scope string) (auth.Token, error)

// tokens gets each token once, for however many containers.
func (c *command) tokens(ctx context.Context, s signIn) tokenSource {
	var mu sync.Mutex
	refused := map[[2]string]error{}
	had := map[[2]string]auth.Token{{s.tenant.ID, s.scope}: s.token}
	return func(tenant, scope string) (auth.Token, error) {
		mu.Lock()
		defer mu.Unlock()
		if t, ok := had[[2]string{tenant, scope}]; ok {
			return t, nil
		}
		if err := refused[[2]string{tenant, scope}]; err != nil {
			return auth.Token{}, err
		}
		t, err := c.client.Token(ctx, s.files, s.row.User.Name, tenant, scope)
		if had[[2]string{tenant, scope}] = t; err != nil {
			delete(had, [2]string{tenant, scope})
			refused[[2]string{tenant, scope}] = err
		}
		return t, err
	}
}

// choice is what containers' labels are weighed against.
func (c *command) choice(s signIn) containers.Choice {
	v := c.view(s, nil)
	return containers.Choice{Tenant: v.Tenant(), Scopes: v.Usual(), ID: v.TenantID}
}

// deliverer gives one container what it should hold.
func (c *command) deliverer(s signIn, f found, get tokenSource) func(context.Context, containers.Container) containers.Status {
	served := agent.Recall(stateFile(c.client.StateDir)).Served
	return func(ctx context.Context, box containers.Container) containers.Status {
		if box.Delivery == "endpoint" {
			return agent.AskedFirst(agent.EndpointStatus(box, served[box.ID], c.settings.Endpoint.Enabled, c.Now()), f.engines.Question(ctx, box))
		}
		v := c.view(s, nil)
		tenant, scopes := v.Wants(box)
		v.Learnt = obtained(get, tenant, scopes)
		b, ok := v.Bundle(box, c.Now())
		scope, why := v.Lacking(box, c.Now())
		if !ok {
			st := f.engines.Check(ctx, box)
			if st.State = containers.Failed; why != nil {
				st.Error = signin.LackingWords(scope, why)
			}
			return st
		}
		give := f.engines.Deliver
		if f.anew {
			give = f.engines.DeliverAnew
		}
		st := give(ctx, box, b)
		if why != nil && st.Error == "" {
			st.Error = signin.LackingWords(scope, why)
		}
		return st
	}
}

// obtained is what came of asking for a token for each of the scopes.
func obtained(get tokenSource, tenant string, scopes []string) func(string) (signin.Learnt, bool) {
	l := signin.Learnt{Tokens: map[string]auth.Token{}, Lacking: map[string]*auth.Problem{}}
	for _, scope := range scopes {
		t, err := get(tenant, scope)
		if l.Tokens[scope] = t; err != nil {
			l.Lacking[scope] = problemOf(err)
		}
	}
	return func(string) (signin.Learnt, bool) { return l, true }
}

// prepareAhead fills the directories of containers that are yet to be made; what fails there is no
// container's failure.
func (c *command) prepareAhead(ctx context.Context, s signIn, f found, get tokenSource) {
	b := c.usualBundle(s, get)
	if len(b.Tokens) == 0 {
		return // without any, Prepare would take away what is there
	}
	if err := f.engines.Prepare(ctx, c.covered(), b); err != nil {
		fmt.Fprintln(c.Err, "The directories that containers mount are not all fresh:", err)
	}
}

// usualBundle is what a container gets whose labels say nothing, as far as there are tokens.
func (c *command) usualBundle(s signIn, get tokenSource) auth.Bundle {
	v := c.view(s, nil)
	v.Learnt = obtained(get, s.tenant.ID, v.Usual())
	b, _ := v.Bundle(containers.Container{}, c.Now())
	return b
}

func problemOf(err error) *auth.Problem {
	if p, ok := errors.AsType[*auth.Problem](err); ok {
		return p
	}
	return auth.Classify(err.Error(), err)
}
