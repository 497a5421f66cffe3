package health

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"aztray/assets"
	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
)

var contoso = auth.Tenant{ID: "11111111-aaaa-4aaa-8aaa-000000000001", Name: "Contoso", Domain: "contoso.example"}

// run is a server on loopback, and what stands for the agent.
type run struct {
	*Server
	t       *testing.T
	updates chan agent.Snapshot
	mu      sync.Mutex
	asked   []agent.Command
	lacks   []*auth.Problem
	do      func(agent.Command) // what the agent does; nil: nothing
	end     func()              // stops it
}

// start starts a server that shows s.
func start(t *testing.T, s agent.Snapshot, change ...func(*Options)) *run {
	t.Helper()
	x := &run{t: t, updates: make(chan agent.Snapshot)}
	o := Options{Listen: "127.0.0.1:0", Version: "1.2.3", Updates: x.updates, Log: slog.New(slog.DiscardHandler),
		Do: func(c agent.Command) {
			x.mu.Lock()
			x.asked = append(x.asked, c)
			do := x.do
			x.mu.Unlock()
			if do != nil {
				do(c)
			}
		},
		Lacks: func(_ context.Context, p *auth.Problem) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.lacks = append(x.lacks, p)
		}}
	for _, c := range change {
		c(&o)
	}
	x.Server = New(o)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	x.end = sync.OnceFunc(func() {
		stop()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("it does not end")
		}
	})
	t.Cleanup(x.end)
	x.show(s)
	return x
}

// served waits until it listens.
func (x *run) served() *run {
	x.t.Helper()
	x.until("it serves", func() bool { return x.URL() != "" })
	return x
}

func (x *run) until(what string, holds func() bool) {
	x.t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); {
		if time.Now().After(end) {
			x.t.Fatal("never: " + what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// show publishes a snapshot, and waits until it is the newest.
func (x *run) show(s agent.Snapshot) {
	x.t.Helper()
	_, changed := x.now.get()
	x.updates <- s
	<-changed
}

// commands are what the agent was asked for so far.
func (x *run) commands() []agent.Command {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]agent.Command(nil), x.asked...)
}

// ask sends a request with headers, name and value in turn; Host is one of them.
func (x *run) ask(method, path string, headers ...string) (*http.Response, []byte) {
	x.t.Helper()
	return x.send(method, path, nil, headers...)
}

func (x *run) send(method, path string, body io.Reader, headers ...string) (*http.Response, []byte) {
	x.t.Helper()
	r, err := http.NewRequest(method, x.URL()+path[1:], body)
	if err != nil {
		x.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 20 * time.Second}
	resp, err := c.Do(r)
	if err != nil {
		x.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	x.described(method, r.URL.Path, resp, b)
	return resp, b
}

// described holds every answer against the OpenAPI document that is served.
func (x *run) described(method, path string, resp *http.Response, body []byte) {
	x.t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(assets.OpenAPI)
	if err == nil {
		err = doc.Validate(context.Background())
	}
	if err != nil {
		x.t.Fatal(err)
	}
	item := doc.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil {
		return // the page's own, or nothing
	}
	answer := item.GetOperation(method).Responses.Status(resp.StatusCode)
	if answer == nil {
		x.t.Errorf("%s %s: status %d is not described", method, path, resp.StatusCode)
		return
	}
	content := answer.Value.Content.Get(resp.Header.Get("Content-Type"))
	if content == nil {
		x.t.Errorf("%s %s: %d with %s is not described", method, path, resp.StatusCode, resp.Header.Get("Content-Type"))
		return
	}
	if content.Schema.Value.Type.Is("string") {
		return
	}
	var v any
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&v); err != nil {
		x.t.Errorf("%s %s: %v\n%s", method, path, err, body)
		return
	}
	if err := content.Schema.Value.VisitJSON(v, openapi3.EnableFormatValidation()); err != nil {
		x.t.Errorf("%s %s: %d: %v\n%s", method, path, resp.StatusCode, err, body)
	}
}

// report reads an answer.
func (x *run) report(body []byte) (r Report) {
	x.t.Helper()
	type details struct {
		AuthDetails
		Level string `json:"level"`
	}
	var wire struct {
		Status     Status
		Version    string
		Components struct {
			AzureAuth  Component[details] `json:"azure_auth"`
			OpenAI     *struct{ Status Status }
			Docker     struct{ Status Status }
			Containers Component[ContainersDetails]
		}
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		x.t.Fatalf("%v\n%s", err, body)
	}
	r.Status, r.Version = wire.Status, wire.Version
	r.Components.AzureAuth = Component[AuthDetails]{wire.Components.AzureAuth.Status, wire.Components.AzureAuth.Details.AuthDetails}
	r.Components.Docker.Status, r.Components.Containers = wire.Components.Docker.Status, wire.Components.Containers
	return r
}

// signedIn is a sign-in with nothing to be said about it.
func signedIn() agent.Snapshot {
	now := time.Now().UTC()
	return agent.Snapshot{At: now, Level: auth.OK, Before: auth.OK, DeadlineSource: auth.DeadlineNone, Concerns: contoso, Tenant: contoso,
		Account: "ada@contoso.example", Kind: auth.AccountPerson, Subscription: auth.Subscription{ID: "s", Name: "Development"}, Credential: "AzureCLICredential",
		Scope: "https://cognitiveservices.azure.com/.default", TokenExpires: now.Add(time.Hour), Refreshable: true, Tenants: []auth.Tenant{contoso},
		InUse:      []agent.TenantState{{Tenant: contoso, Level: auth.OK}},
		Containers: []containers.Status{{Name: "codestory-service", ID: "abc", Delivery: "copy", State: containers.Fresh, Running: true, ExpiresOn: now.Add(time.Hour), DeliveredAt: now}}}
}

// questioned adds containers about which the person is asked: two that wait, and two of which the answer was never.
func questioned(s agent.Snapshot) agent.Snapshot {
	add := func(name, id string, state containers.State, c containers.Consent, why string) {
		b := containers.Status{Name: name, ID: id, Project: "codestory", Delivery: "copy", State: state, Running: true, Consent: c, Error: why}
		if state == containers.Fresh {
			b.ExpiresOn = s.TokenExpires
		}
		s.Containers = append(s.Containers, b)
	}
	add("proxy", "p1", containers.Missing, containers.Consent{Question: containers.AskEngine},
		"It holds an engine's socket (/var/run/docker.sock), so it controls the engine: it gets the credential only if you say so. Allow it: aztray service sync --allow proxy")
	add("runner", "p2", containers.Missing, containers.Consent{Question: containers.AskEngine, Never: true},
		"You said that it never gets the credential; aztray service sync --allow runner takes that back.")
	add("nightly", "r1", containers.Fresh, containers.Consent{Question: containers.AskRefresh},
		"It holds access tokens. Its label asks for your refresh token, which it gets only if you say so: aztray service sync --allow-refresh-token nightly")
	add("weekly", "r2", containers.Fresh, containers.Consent{Question: containers.AskRefresh, Never: true}, "")
	return s
}

var refusedProblem = &auth.Problem{Code: "AADSTS70043", Kind: auth.SignInRequired, Message: "Your organisation wants you to sign in again.", Advice: "Run aztray service auth-renew."}

func expired() agent.Snapshot {
	s := signedIn()
	s.Level, s.Before, s.Refreshable, s.Problem = auth.Expired, auth.Expired, false, refusedProblem
	s.Deadline, s.DeadlineSource, s.TokenExpires = s.At.Add(-time.Minute), auth.DeadlineAccessToken, s.At.Add(-time.Minute)
	s.Containers[0].State, s.Containers[0].ExpiresOn = containers.Stale, s.TokenExpires
	return s
}
