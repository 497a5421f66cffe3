package openai

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"aztray/internal/auth"
)

const (
	defaultVersion = "2024-10-21"
	defaultTimeout = 15 * time.Second
	maxBody        = 64 << 10 // an error is far below; of the list of models only the first byte counts
)

// probe is one run.
type probe struct {
	client   Client
	http     *http.Client
	endpoint endpoint
	version  string
	token    auth.Token
	now      time.Time
}

// Probe asks the endpoint, and then each deployment, whether the token works there. Without a token
// that is alive it learns only the endpoint's tenant. It takes at most four requests, one after the
// other, each with its own time-out; ctx ends it, and then the result is [Unknown].
func (c Client) Probe(ctx context.Context, s Settings, token auth.Token) Result {
	now := time.Now().UTC()
	r := Result{Endpoint: shown(s.Endpoint), Status: Unknown, Deployments: s.deployments(), At: now}
	e, bad := parseEndpoint(s.Endpoint)
	p := &probe{client: c, http: direct(c.HTTP), endpoint: e, version: cmp.Or(s.APIVersion, defaultVersion), token: token, now: now}
	switch {
	case s.Endpoint == "":
		return r
	case bad != "":
		return p.refused(r, finding{code: bad})
	case token.Secret.IsZero(), !token.ExpiresOn.IsZero() && !token.Alive(now, 0):
		r.TenantID = p.tenant(ctx)
		return r
	case e.otherCloud(token):
		return p.refused(r, finding{code: wrongScope})
	}
	r = p.run(ctx, r)
	if errors.Is(ctx.Err(), context.Canceled) {
		return Result{Endpoint: r.Endpoint, Status: Unknown, Deployments: s.deployments(), At: now}
	}
	return r
}

// direct is the client without redirects, which would carry the token elsewhere, and without cookies.
func direct(h *http.Client) *http.Client {
	if h == nil {
		h = http.DefaultClient
	}
	return &http.Client{Transport: h.Transport, Timeout: h.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// run asks for the models, and then each deployment until the endpoint as a whole refuses.
func (p *probe) run(ctx context.Context, r Result) Result {
	models := p.judge(ctx, p.ask(ctx, http.MethodGet, p.modelsURL(), p.token.Secret), false)
	if models.row().ends || models.code == throttled || models.code == unavailable {
		return p.refused(r, p.withTenant(ctx, models))
	}
	works := models.code == "" || models.code == roleMissing // both come after the tenant was compared
	for i, d := range r.Deployments {
		f := p.judge(ctx, p.ask(ctx, http.MethodPost, p.deploymentURL(d), p.token.Secret), true)
		if f.row().ends {
			return p.refused(r, p.withTenant(ctx, f))
		}
		works = works || f.code == ""
		r.RetryAfter = max(r.RetryAfter, f.retryAfter)
		r.Deployments[i].Status = f.status()
		if f.code != "" {
			r.Deployments[i].Problem = f.problem(p.endpoint, d)
		}
	}
	if works && p.endpoint.login != "" {
		r.TenantID = p.token.TenantID
	}
	return p.sum(r, models)
}

// withTenant asks for the endpoint's tenant where it is wanted and the answer did not tell it.
func (p *probe) withTenant(ctx context.Context, f finding) finding {
	if f.code == wrongTenant && f.tenant == "" {
		if id := p.tenant(ctx); !strings.EqualFold(id, p.token.TenantID) {
			f.tenant = id
		}
	}
	return f
}

// refused is the result where the endpoint as a whole did not take the call.
func (p *probe) refused(r Result, f finding) Result {
	r.Problem, r.TenantID, r.RetryAfter = f.problem(p.endpoint, Deployment{}), f.tenant, f.retryAfter
	for i, d := range r.Deployments {
		if d.Problem == nil && d.Status == Unknown {
			r.Deployments[i].Status = f.status()
		}
	}
	r.Status = together(r.Deployments, f.status())
	return r
}

// sum makes the whole of its parts. The models count only where there is no deployment: a role may
// allow the calls and not the list, and a gateway may have no list.
func (p *probe) sum(r Result, models finding) Result {
	r.Status = together(r.Deployments, models.status())
	for _, d := range r.Deployments {
		r.Problem = cmp.Or(r.Problem, d.Problem)
	}
	if len(r.Deployments) == 0 && models.code != "" {
		r.Problem, r.RetryAfter = models.problem(p.endpoint, Deployment{}), models.retryAfter
	}
	return r
}

// together is the status of several deployments; of none it is otherwise.
func together(list []Deployment, otherwise Status) Status {
	if len(list) == 0 {
		return otherwise
	}
	all := list[0].Status
	for _, d := range list[1:] {
		switch {
		case d.Status == all:
		case d.Status.works() || all.works():
			all = Degraded
		default:
			all = Unhealthy // one is refused, of the other nothing is known
		}
	}
	return all
}

func (s Status) works() bool { return s == Healthy || s == Degraded }

// tenant asks without a token, for the challenge that names the tenant; "" where it names none.
func (p *probe) tenant(ctx context.Context) string {
	a := p.ask(ctx, http.MethodGet, p.modelsURL(), auth.Secret{})
	if a.err != nil {
		return ""
	}
	return tenantIn(strings.Join(a.header.Values("WWW-Authenticate"), " "), "")
}

func (p *probe) modelsURL() string {
	return p.endpoint.base + "/openai/models?api-version=" + url.QueryEscape(p.version)
}

func (p *probe) deploymentURL(d Deployment) string {
	action := "chat/completions"
	if d.Kind == Embedding {
		action = "embeddings"
	}
	return p.endpoint.base + "/openai/deployments/" + url.PathEscape(d.Name) + "/" + action + "?api-version=" + url.QueryEscape(p.version)
}

// ask sends one request. A POST has an empty object for a body, which no model answers.
func (p *probe) ask(ctx context.Context, method, address string, bearer auth.Secret) answer {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(p.client.Timeout, defaultTimeout))
	defer cancel()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader("{}")
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set("User-Agent", "aztray")
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if !bearer.IsZero() {
		req.Header.Set("Authorization", "Bearer "+bearer.Reveal())
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil && len(text) == 0 {
		return answer{err: err}
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: string(text)}
}
