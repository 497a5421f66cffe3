package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
	"aztray/internal/watch"
	"aztray/internal/watch/symptom"
)

const (
	contoso  = "11111111-aaaa-4aaa-8aaa-000000000001"
	fabrikam = "22222222-bbbb-4bbb-8bbb-000000000002"
	scope    = "https://cognitiveservices.azure.com/.default"
)

// rig is a world in a bubble of made-up time: what it answers is set by the test.
type rig struct {
	mu        sync.Mutex
	files     auth.Files
	mounted   func() // says that a mounted directory changed
	changed   func()
	stamp     string // of the files
	tell      func(containers.Event)
	first     []containers.Container   // that the engine has when it is first asked
	life      time.Duration            // of each token
	refused   map[string]*auth.Problem // silent renewal, by tenant
	issued    []auth.Token
	probes    []time.Time
	hangs     time.Duration // that each silent renewal takes
	login     func(context.Context, auth.LoginOptions) error
	logins    []auth.LoginOptions
	held      map[string]auth.Bundle // by container id
	delivered map[string]time.Time   // by container id: when it was given what it holds
	fails     map[string]bool        // containers that cannot be written to
	tries     map[string][]time.Time
	withdrew  []string
	uncovered []containers.Uncovered
	looked    int
	answers   []string
	asks      map[string]containers.Consent       // by container id: the question about it
	restarted []string                            // by name
	says      map[string]func(containers.Finding) // by id of a container whose log is read
	wake      func()
	reports   func(watch.Report)
	endpoint  string                          // the tenant of the Azure OpenAI endpoint
	asked     []string                        // the tenants whose tokens it was asked with
	prepared  []auth.Bundle                   // for containers that are yet to be made
	there     map[string]containers.Container // covered, by the names that the engine is asked for
	slow      time.Duration                   // that each delivery takes
	calls     []string                        // of Renew and Confirm, where they begin
	theirs    string                          // the container in which somebody had signed in before its renewal
}

func newRig() *rig {
	return &rig{life: time.Hour, refused: map[string]*auth.Problem{}, held: map[string]auth.Bundle{}, delivered: map[string]time.Time{},
		fails: map[string]bool{}, tries: map[string][]time.Time{}, says: map[string]func(containers.Finding){}, files: auth.Files{}}
}

// profile has a subscription of ada in each tenant, the first one current.
func profile(tenants ...string) auth.Files {
	var f auth.Files
	f.Cloud.AuthorityHost = "login.microsoftonline.com"
	for i, t := range tenants {
		row := auth.ProfileSubscription{ID: "sub-" + t[:1], Name: "Work", TenantID: t, IsDefault: i == 0}
		row.User.Name, row.User.Type = "ada@contoso.example", "user"
		f.Profile.Subscriptions = append(f.Profile.Subscriptions, row)
	}
	return f
}

func (r *rig) FilesStamp() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stamp
}

func (r *rig) ReadFiles(context.Context) (auth.Files, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.files, nil
}

func (r *rig) WatchFiles(ctx context.Context, changed func()) error {
	r.mu.Lock()
	r.changed = changed
	r.mu.Unlock()
	<-ctx.Done()
	return nil
}

func (r *rig) WatchMounts(ctx context.Context, changed func()) {
	r.mu.Lock()
	r.mounted = changed
	r.mu.Unlock()
	<-ctx.Done()
}

// write changes az's files, as az would.
func (r *rig) write(f auth.Files) {
	r.mu.Lock()
	r.files = f
	changed := r.changed
	r.mu.Unlock()
	changed()
}

func (r *rig) SignInMoment(auth.Files) time.Time { return time.Time{} }

func (r *rig) WatchWake(ctx context.Context, woke func()) error {
	r.mu.Lock()
	r.wake = woke
	r.mu.Unlock()
	<-ctx.Done()
	return nil
}

func (r *rig) Skew() time.Duration { return 0 }

func (r *rig) AZProblem() *auth.Problem { return nil }

func (r *rig) Token(_ context.Context, _ auth.Files, _, tenant, scope string) (auth.Token, error) {
	r.mu.Lock()
	if !strings.HasSuffix(scope, "//.default") { // a renewal is one, in however many spellings
		r.probes = append(r.probes, time.Now())
	}
	hangs := r.hangs
	r.mu.Unlock()
	time.Sleep(hangs) // of the bubble
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.refused[tenant]; p != nil {
		return auth.Token{}, p
	}
	return r.token(tenant, scope), nil
}

func (r *rig) token(tenant, scope string) auth.Token {
	t := auth.Token{Scope: scope, TenantID: tenant, Secret: auth.NewSecret(fmt.Sprint("token ", len(r.issued)+1)),
		ObtainedAt: time.Now().UTC(), ExpiresOn: time.Now().Add(r.life).UTC()}
	r.issued = append(r.issued, t)
	return t
}

// tokens are all that were given out.
func (r *rig) tokens() []auth.Token {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.issued)
}

func (r *rig) AZToken(_ context.Context, tenant, scope string) (auth.Token, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.token(tenant, scope), nil
}

func (r *rig) SignIn(ctx context.Context, o auth.LoginOptions) (auth.Token, error) {
	r.mu.Lock()
	r.logins = append(r.logins, o)
	login := r.login
	r.mu.Unlock()
	if login != nil {
		if err := login(ctx, o); err != nil {
			return auth.Token{}, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	tenant := o.TenantID
	if tenant == "" {
		tenant = contoso
	}
	delete(r.refused, tenant)
	return r.token(tenant, o.Scope), nil
}

func (r *rig) UseTenant(ctx context.Context, tenant, scope string, follow bool) (auth.Token, error) {
	r.mu.Lock()
	known := false
	for _, s := range r.files.Profile.Subscriptions {
		known = known || s.TenantID == tenant
	}
	r.mu.Unlock()
	if !known && len(r.logins) == 0 {
		return auth.Token{}, &auth.Problem{Code: "AZ_NOT_IN_TENANT", Kind: auth.ClaimsRequired}
	}
	t, err := r.Token(ctx, auth.Files{}, "", tenant, scope)
	if err == nil && follow {
		r.write(profile(tenant, contoso))
	}
	return t, err
}

func (r *rig) Tenants(context.Context, auth.Files) ([]auth.Tenant, error) {
	return []auth.Tenant{{ID: contoso, Name: "Contoso", Domain: "contoso.example"}, {ID: fabrikam, Name: "Fabrikam", Domain: "fabrikam.example"}}, nil
}

func (r *rig) AskOpenAI(_ context.Context, _ openai.Settings, t auth.Token) openai.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, t.TenantID)
	if t.TenantID != r.endpoint {
		return openai.Result{Status: openai.Unhealthy, TenantID: r.endpoint, Problem: &auth.Problem{Code: "OPENAI_WRONG_TENANT", Kind: auth.WrongTenant}}
	}
	return openai.Result{Status: openai.Healthy, TenantID: r.endpoint}
}

func (r *rig) WatchContainers(ctx context.Context, tell func(containers.Event)) error {
	r.mu.Lock()
	r.tell = tell
	r.mu.Unlock()
	tell(containers.Event{Kind: containers.Listed, Containers: r.first})
	<-ctx.Done()
	return nil
}

func (r *rig) WatchHealth(ctx context.Context, _ []string, tell func(watch.Report)) {
	r.mu.Lock()
	r.reports = tell
	r.mu.Unlock()
	<-ctx.Done()
}

func (r *rig) WatchLogs(ctx context.Context, c containers.Container, tell func(containers.Finding)) error {
	r.mu.Lock()
	r.says[c.ID] = tell
	r.mu.Unlock()
	<-ctx.Done()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.says, c.ID)
	return ctx.Err()
}

func (r *rig) FindContainer(_ context.Context, ref string) (containers.Container, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.there[ref]
	return c, ok, nil
}

func (r *rig) Deliver(ctx context.Context, c containers.Container, b auth.Bundle) containers.Status {
	r.mu.Lock()
	slow := r.slow
	r.mu.Unlock()
	select {
	case <-time.After(slow):
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries[c.ID] = append(r.tries[c.ID], time.Now())
	s := containers.Status{Name: c.Name, ID: c.ID, Engine: c.Engine, State: containers.Fresh, ExpiresOn: b.ExpiresOn(), DeliveredAt: time.Now().UTC()}
	if r.fails[c.ID] {
		s.State, s.Error = containers.Failed, "the engine said no"
		return s
	}
	if fingerprint(r.held[c.ID]) != fingerprint(b) {
		r.delivered[c.ID] = time.Now().UTC()
	}
	r.held[c.ID], s.DeliveredAt = b, r.delivered[c.ID]
	return s
}

// Renew leaves a look to Confirm wherever the container held something before.
func (r *rig) Renew(ctx context.Context, c containers.Container, b auth.Bundle) containers.Status {
	r.mu.Lock()
	_, before := r.held[c.ID]
	r.calls = append(r.calls, "renew")
	r.mu.Unlock()
	s := r.Deliver(ctx, c, b)
	s.Unproved = before && s.State == containers.Fresh
	return s
}

func (r *rig) Confirm(_ context.Context, c containers.Container) containers.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, "confirm")
	s := containers.Status{Name: c.Name, ID: c.ID, Engine: c.Engine, State: containers.Fresh, ExpiresOn: r.held[c.ID].ExpiresOn(), DeliveredAt: r.delivered[c.ID]}
	if r.theirs == c.ID {
		s.State = containers.OwnSignIn
	}
	return s
}

func (r *rig) Withdraw(_ context.Context, c containers.Container) containers.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.withdrew = append(r.withdrew, c.ID)
	if r.fails[c.ID] {
		return containers.Status{Name: c.Name, ID: c.ID, State: containers.Failed, Error: "the engine said no"}
	}
	delete(r.held, c.ID)
	return containers.Status{Name: c.Name, ID: c.ID, State: containers.Missing}
}

func (r *rig) Release(ctx context.Context, c containers.Container) containers.Status {
	return r.Withdraw(ctx, c)
}

func (r *rig) Uncovered(context.Context) []containers.Uncovered {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looked++
	return slices.Clone(r.uncovered)
}

func (r *rig) Question(_ context.Context, c containers.Container) containers.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := containers.Status{ID: c.ID, State: containers.Missing, Consent: r.asks[c.ID]}
	if s.Consent != (containers.Consent{}) {
		s.Error = "It runs privileged."
	}
	return s
}

func (r *rig) Answer(c containers.Container, q containers.Question, allow bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = append(r.answers, fmt.Sprint(c.Name, " ", q, " ", allow))
	return nil
}

func (r *rig) Verify(context.Context, containers.Container, auth.Token) containers.Verified {
	return containers.Verified{Result: containers.Obtained}
}

func (r *rig) Restart(ctx context.Context, chosen []containers.Container, o containers.RestartOptions) []containers.Restart {
	var all []containers.Restart
	for _, c := range chosen {
		res := containers.Restart{Name: c.Name, ID: c.ID, State: containers.Restarted}
		if st := o.Deliver(ctx, c); st.State == containers.Failed {
			res.State, res.Error = containers.Broken, st.Error
		}
		r.mu.Lock()
		r.restarted = append(r.restarted, c.Name)
		r.mu.Unlock()
		all = append(all, res)
	}
	select { // a restart takes its time
	case <-time.After(10 * time.Second):
	case <-ctx.Done():
	}
	return all
}

// current is the tenant that bare az acts in.
func (r *rig) current() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.files.Profile.Current().TenantID
}

func (r *rig) Prepare(_ context.Context, b auth.Bundle) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prepared = append(r.prepared, b)
	if r.fails["ahead"] {
		return errors.New("the disk is full")
	}
	return nil
}

// peek is a copy of what the world has seen.
func (r *rig) peek() (p struct {
	held             map[string]auth.Bundle
	tries            map[string][]time.Time
	logins           []auth.LoginOptions
	probes, withdrew int
	prepared         int
	watching         bool // the engine
	calls            []string
}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.held, p.tries, p.logins = maps.Clone(r.held), maps.Clone(r.tries), slices.Clone(r.logins)
	p.probes, p.withdrew = len(r.probes), len(r.withdrew)
	p.prepared, p.watching = len(r.prepared), r.tell != nil
	p.calls = slices.Clone(r.calls)
	return p
}

// say has a container's log tell of a failure.
func (r *rig) say(id string, cause symptom.Cause) {
	r.mu.Lock()
	tell := r.says[id]
	r.mu.Unlock()
	tell(containers.Finding{ContainerID: id, Cause: cause, At: time.Now().UTC()})
}

// refuse makes silent renewal in Contoso fail with p, or work again with nil.
func (r *rig) refuse(p *auth.Problem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused[contoso] = p
}
