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
)

// enough is how long a token on disk must last for status to answer without renewing.
const enough = 10 * time.Minute

// signIn is the sign-in as one command sees it.
type signIn struct {
	files   auth.Files
	row     auth.ProfileSubscription
	tenant  auth.Tenant
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
	c.settings.Azure.Scope = s.files.Cloud.Scope(c.settings.Azure.Scope)
	s.row = s.files.Profile.Current()
	s.tenant = findTenant(s.files.Profile, cmp.Or(tenant, c.settings.Azure.TenantID, s.row.TenantID))
	if len(s.files.Profile.Subscriptions) == 0 {
		s.problem = auth.Classify("Please run 'az login' to setup account.", nil).With(s.tenant.ID, c.settings.Azure.Scope)
		return s, nil
	}
	if row, ok := s.files.Profile.InTenant(s.tenant.ID); ok {
		s.row = row
	}
	s.token, _ = s.files.CachedToken(s.row, s.tenant.ID, c.settings.Azure.Scope)
	if !renew && s.token.Alive(c.Now(), enough) {
		s.silent = auth.SilentWorks
		c.nameTenant(&s, agent.Recall(stateFile(c.client.StateDir)).Tenants)
		return s, nil
	}
	defer c.during("Asking Microsoft's sign-in service")()
	t, err := c.client.Token(ctx, s.files, s.row.User.Name, s.tenant.ID, c.settings.Azure.Scope)
	if err == nil {
		s.token, s.silent = t, auth.SilentWorks
		c.nameTenant(&s, c.listed(ctx, s))
		return s, nil
	}
	p, ok := errors.AsType[*auth.Problem](err)
	if !ok {
		return s, err
	}
	c.nameTenant(&s, agent.Recall(stateFile(c.client.StateDir)).Tenants)
	s.problem = p
	if p.Refuses() {
		s.silent = auth.SilentRefused
	}
	return s, nil
}

// findTenant is the profile's tenant of an id, a domain or a name; else one with the id alone.
func findTenant(p auth.Profile, want string) auth.Tenant {
	for _, t := range p.Tenants() {
		if want != "" && slices.Contains([]string{t.ID, t.Domain, t.Name}, want) {
			return t
		}
	}
	return auth.Tenant{ID: want}
}

// verdict judges what look saw. Where az's files hold no live token, the one that containers hold is
// what lasts: the first of theirs to end counts.
func (c *command) verdict(s signIn, boxes []containers.Status) auth.Verdict {
	ends := s.token.ExpiresOn
	if !ends.After(c.Now()) {
		for _, b := range boxes {
			if b.State == containers.Fresh && (!ends.After(c.Now()) || b.ExpiresOn.Before(ends)) {
				ends = b.ExpiresOn
			}
		}
	}
	p := c.predict(s)
	return auth.Judge(auth.Facts{Known: true, SignedIn: len(s.files.Profile.Subscriptions) > 0, TokenExpires: ends,
		Silent: s.silent, Refusal: s.problem, SignInEnds: p.Ends, SignInEndsFrom: p.Source}, c.Now(), slices.Max(append([]time.Duration{0}, c.settings.Notify.Warn...)))
}

// predict says when the sign-in will end, from what the tray has learnt and the settings.
func (c *command) predict(s signIn) auth.Prediction {
	known := agent.Recall(stateFile(c.client.StateDir)).Signs[s.tenant.ID]
	policy := known.Policy
	policy.Configured = c.settings.Azure.SignInLifetime
	signedIn := known.SignedInAt
	if at := c.client.Dir.SignInMoment(s.files); at.After(signedIn) {
		signedIn = at
	}
	var used time.Time
	if s.files.Cache != nil {
		if a, ok := s.files.Cache.Account(s.row.User.Name); ok {
			used = s.files.Cache.Used(a.HomeAccountID)
		}
	}
	return policy.SignInEnds(signedIn, used)
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
	return containers.Selector{Names: c.settings.Containers.Names, Delivery: c.settings.Containers.Delivery, Credential: c.settings.Containers.Credential}
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
	had := map[[2]string]auth.Token{{s.tenant.ID, c.settings.Azure.Scope}: s.token}
	return func(tenant, scope string) (auth.Token, error) {
		mu.Lock()
		defer mu.Unlock()
		if t, ok := had[[2]string{tenant, scope}]; ok {
			return t, nil
		}
		t, err := c.client.Token(ctx, s.files, s.row.User.Name, tenant, scope)
		if err == nil {
			had[[2]string{tenant, scope}] = t
		}
		return t, err
	}
}

// deliverer gives one container what it should hold.
func (c *command) deliverer(s signIn, f found, get tokenSource) func(context.Context, containers.Container) containers.Status {
	served := agent.Recall(stateFile(c.client.StateDir)).Served
	return func(ctx context.Context, box containers.Container) containers.Status {
		if box.Delivery == "endpoint" {
			return agent.EndpointStatus(box, served[box.ID], c.settings.Endpoint.Enabled, c.Now())
		}
		tenant, scopes := box.Wants(s.tenant.ID, append([]string{c.settings.Azure.Scope}, c.settings.Containers.Scopes...))
		tenant = findTenant(s.files.Profile, tenant).ID
		var tokens []auth.Token
		for _, scope := range scopes {
			t, err := get(tenant, scope)
			if err != nil {
				st := f.engines.Check(ctx, box)
				st.State, st.Error = containers.Failed, "No token for "+scope+": "+problemOf(err).Message
				return st
			}
			tokens = append(tokens, t)
		}
		row := s.row
		if r, ok := s.files.Profile.InTenant(tenant); ok {
			row = r
		}
		if f.anew {
			return f.engines.DeliverAnew(ctx, box, s.files.Bundle(row, tenant, tokens))
		}
		b := s.files.Bundle(row, tenant, tokens)
		if box.WantsRefresh() {
			b = s.files.WithRefresh(b)
		}
		return f.engines.Deliver(ctx, box, b)
	}
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
	var tokens []auth.Token
	for _, scope := range append([]string{c.settings.Azure.Scope}, c.settings.Containers.Scopes...) {
		if t, err := get(s.tenant.ID, scope); err == nil {
			tokens = append(tokens, t)
		}
	}
	return s.files.Bundle(s.row, s.tenant.ID, tokens)
}

func problemOf(err error) *auth.Problem {
	if p, ok := errors.AsType[*auth.Problem](err); ok {
		return p
	}
	return auth.Classify(err.Error(), err)
}
