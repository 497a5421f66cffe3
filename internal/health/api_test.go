package health

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
)

func TestHealthSaysHowThingsStand(t *testing.T) {
	changed := func(change func(*agent.Snapshot)) agent.Snapshot {
		s := signedIn()
		change(&s)
		return s
	}
	for _, c := range []struct {
		name string
		s    agent.Snapshot
		code int
		all  Status
		auth Status
	}{
		{"nothing is known yet", agent.Snapshot{}, 200, Degraded, Degraded},
		{"signed in", signedIn(), 200, Healthy, Healthy},
		{"a person is needed, and there is time", changed(func(s *agent.Snapshot) { s.Level, s.Deadline = auth.Expiring, s.At.Add(time.Minute) }), 200, Degraded, Degraded},
		{"expired", expired(), 503, Unhealthy, Unhealthy},
		{"signed out", changed(func(s *agent.Snapshot) { s.Level = auth.SignedOut }), 503, Unhealthy, Unhealthy},
		{"a renewal while it is good", changed(func(s *agent.Snapshot) { s.Level = auth.Renewing }), 200, Healthy, Healthy},
		{"a renewal after the end", changed(func(s *agent.Snapshot) { s.Level, s.Before = auth.Renewing, auth.Expired }), 503, Unhealthy, Unhealthy},
		{"a container without the token", changed(func(s *agent.Snapshot) { s.Containers[0].State = containers.Missing }), 200, Degraded, Healthy},
		{"the settings can't be used, so no container is looked at", changed(func(s *agent.Snapshot) { s.Held, s.Containers = true, nil }), 200, Degraded, Healthy},
		{"no engine", changed(func(s *agent.Snapshot) {
			s.Missing = []*auth.Problem{{Code: "DOCKER_NOT_RUNNING", Kind: auth.EngineMissing}}
		}), 200, Degraded, Healthy},
		{"the endpoint refuses the token", changed(func(s *agent.Snapshot) {
			s.OpenAI = &openai.Result{Status: openai.Unhealthy, Deployments: []openai.Deployment{}, Problem: refusedProblem}
		}), 503, Unhealthy, Healthy},
		{"the endpoint was not asked yet", changed(func(s *agent.Snapshot) {
			s.OpenAI = &openai.Result{Status: openai.Unknown, Deployments: []openai.Deployment{}}
		}), 200, Degraded, Healthy},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := start(t, c.s).served()
			for _, path := range []string{"/health", "/v1/health"} {
				resp, body := x.ask("GET", path)
				r := x.report(body)
				if resp.StatusCode != c.code || r.Status != c.all || r.Components.AzureAuth.Status != c.auth || r.Version != "1.2.3" {
					t.Errorf("%s: %d, %s, azure_auth %s; want %d, %s, %s", path, resp.StatusCode, r.Status, r.Components.AzureAuth.Status, c.code, c.all, c.auth)
				}
			}
		})
	}
}

func TestASignedOutScriptIsToldWhatToDo(t *testing.T) {
	x := start(t, agent.Snapshot{Level: auth.SignedOut}).served()
	_, body := x.ask("GET", "/health")
	if p := x.report(body).Components.AzureAuth.Details.Problem; p == nil || p.Advice == "" {
		t.Errorf("problem %+v", p)
	}
}

// Each row is somebody who must not be answered, or who must.
func TestWhoIsAnswered(t *testing.T) {
	x := start(t, expired()).served()
	at := strings.TrimSuffix(strings.TrimPrefix(x.URL(), "http://"), "/")
	port := strings.TrimPrefix(at, "127.0.0.1:")
	for _, c := range []struct {
		name, method, path string
		headers            []string
		want               int
	}{
		{"curl", "GET", "/health", nil, 503},
		{"by the name localhost", "GET", "/health", []string{"Host", "localhost:" + port}, 503},
		{"by another loopback address", "GET", "/health", []string{"Host", "[::1]:" + port}, 503},
		{"the address bar", "GET", "/health", []string{"Sec-Fetch-Site", "none"}, 503},
		{"our own page", "GET", "/health", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://" + at, "Referer", "http://" + at + "/"}, 503},
		{"a form that sends no referrer", "GET", "/health", []string{"Sec-Fetch-Site", "same-origin", "Origin", "null"}, 403},

		{"a name that leads to loopback", "GET", "/health", []string{"Host", "rebind.example:" + port}, 403},
		{"one with localhost in it", "GET", "/health", []string{"Host", "localhost.rebind.example:" + port}, 403},
		{"a name below localhost", "GET", "/health", []string{"Host", "evil.localhost:" + port}, 403},
		{"another port's name", "GET", "/health", []string{"Host", "127.0.0.1:1"}, 403},
		{"no port", "GET", "/health", []string{"Host", "127.0.0.1"}, 403},
		{"the machine's other address", "GET", "/health", []string{"Host", "192.168.1.5:" + port}, 403},
		{"all addresses", "GET", "/health", []string{"Host", "0.0.0.0:" + port}, 403},
		{"a picture on another site", "GET", "/health?auto_fix=true", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"another port of this machine", "GET", "/health?auto_fix=true", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"a script on another site, in an old browser", "POST", "/auth-renew", []string{"Origin", "https://evil.example"}, 403},
		{"a page with no origin, on another site", "POST", "/auth-renew", []string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, 403},
		{"a page with no origin, from the address bar", "POST", "/auth-renew", []string{"Sec-Fetch-Site", "none", "Origin", "null"}, 403},
		{"a page with no origin", "POST", "/auth-renew", []string{"Origin", "null"}, 403},
		{"a link from another site, in an old browser", "GET", "/health?auto_fix=true", []string{"Referer", "https://evil.example/"}, 403},
		{"an origin that begins like ours", "POST", "/auth-renew", []string{"Origin", "http://" + at + ".evil.example"}, 403},
		{"the page, framed by another site", "GET", "/", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"the events, from another site", "GET", "/events", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"the metrics, from another site", "GET", "/metrics", []string{"Origin", "https://evil.example"}, 403},

		{"a wait that is none", "GET", "/health?auto_fix=true&wait=soon", nil, 400},
		{"a wait without end", "GET", "/health?auto_fix=true&wait=11m", nil, 400},
		{"a wait before now", "POST", "/auth-renew?wait=-1", nil, 400},
		{"auto_fix that is neither", "GET", "/health?auto_fix=perhaps", nil, 400},
		{"a tenant that is an option of az", "POST", "/auth-renew?tenant_id=--debug", nil, 400},
		{"a tenant with a blank", "POST", "/auth-renew?tenant_id=a%20b", nil, 400},
		{"a renewal by GET", "GET", "/auth-renew", nil, 405},
		{"an action without the secret", "POST", "/actions/renew", nil, 403},
		{"nothing there", "GET", "/nothing", nil, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body := x.ask(c.method, c.path, c.headers...)
			if resp.StatusCode != c.want {
				t.Errorf("%d, want %d: %s", resp.StatusCode, c.want, body)
			}
			if c.want == 403 && !strings.HasSuffix(strings.TrimSpace(string(body)), ".\"\n}") {
				t.Errorf("no sentence: %s", body)
			}
		})
	}
	if got := x.commands(); len(got) != 0 {
		t.Errorf("they had the agent do %v", got)
	}
}

func TestABodyIsBounded(t *testing.T) {
	x := start(t, signedIn()).served()
	body := strings.NewReader(strings.Repeat("x", 1<<20))
	resp, _ := x.send("POST", "/actions/renew", body, "Content-Type", "application/x-www-form-urlencoded")
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// renews makes the agent's stand-in renew: it runs, and then ends as end says when go is closed.
func (x *run) renews(way string, end func(*agent.Snapshot), goOn <-chan struct{}) {
	x.do = func(c agent.Command) {
		if _, ok := c.(agent.Fix); !ok {
			return
		}
		go func() {
			s, _ := x.now.get()
			under := agent.Renewal{Way: way, Tenant: contoso, Since: time.Now().UTC()}
			s.Before, s.Level, s.Renewal = s.Level, auth.Renewing, &under
			x.updates <- s
			<-goOn
			s.Renewal, s.Level = nil, s.Before
			s.Past.Last = &agent.Ended{Renewal: under, EndedAt: time.Now().UTC(), Outcome: agent.OutcomeOK}
			end(&s)
			x.updates <- s
		}()
	}
}

func succeeds(s *agent.Snapshot) {
	last := s.Past.Last
	*s = signedIn()
	s.Past.Last = last
}

func fails(s *agent.Snapshot) {
	s.Past.Last.Outcome, s.Past.Last.Problem = agent.OutcomeTimedOut, &auth.Problem{Code: "SIGN_IN_TIMED_OUT", Kind: auth.TimedOut, Message: "Nobody answered.", Advice: "Again."}
}

func TestARenewalOnDemand(t *testing.T) {
	now := make(chan struct{})
	close(now)
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	for _, c := range []struct {
		name, method, path string
		before             agent.Snapshot
		end                func(*agent.Snapshot)
		when               <-chan struct{}
		code               int
		state              RenewalState
	}{
		{"a good sign-in needs none", "GET", "/health?auto_fix=true", signedIn(), succeeds, now, 200, NotNeeded},
		{"without auto_fix nothing is done", "GET", "/health", expired(), succeeds, now, 503, ""},
		{"decided: it is good again", "GET", "/health?auto_fix=true", expired(), succeeds, now, 200, Succeeded},
		{"decided: in vain", "GET", "/health?auto_fix=true", expired(), fails, now, 503, Failed},
		{"not decided within the wait", "GET", "/health?auto_fix=true&wait=50ms", expired(), succeeds, never, 503, Running},
		{"nobody waits", "GET", "/v1/health?auto_fix=1&wait=0", expired(), succeeds, never, 503, Running},
		{"on demand, decided", "POST", "/auth-renew?tenant_id=contoso.example", signedIn(), succeeds, now, 200, Succeeded},
		{"on demand, in vain", "POST", "/auth-renew", expired(), fails, now, 503, Failed},
		{"on demand, still under way", "POST", "/auth-renew?wait=50ms", signedIn(), succeeds, never, 202, Running},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := start(t, c.before).served()
			x.renews("browser", c.end, c.when)
			resp, body := x.ask(c.method, c.path)
			got := x.report(body).Components.AzureAuth.Details.Renewal
			state := RenewalState("")
			if got != nil {
				state = got.State
			}
			if resp.StatusCode != c.code || state != c.state {
				t.Errorf("%d, renewal %+v; want %d, %s", resp.StatusCode, got, c.code, c.state)
			}
			if strings.Contains(c.path, "tenant_id") && !slices.Contains(x.commands(), agent.Command(agent.Fix{TenantID: "contoso.example"})) {
				t.Errorf("the agent was asked for %v", x.commands())
			}
		})
	}
}

func TestConcurrentCallersShareOneRenewal(t *testing.T) {
	x := start(t, expired()).served()
	goOn := make(chan struct{})
	x.renews("browser", succeeds, goOn)
	var all sync.WaitGroup
	answers := make(chan string, 20)
	for i := range 20 {
		all.Go(func() {
			method, path := "GET", "/health?auto_fix=true&wait=20s"
			if i%2 == 1 {
				method, path = "POST", "/auth-renew?wait=20s"
			}
			resp, body := x.ask(method, path)
			answers <- fmt.Sprint(resp.StatusCode, x.report(body).Components.AzureAuth.Details.Renewal.State)
		})
	}
	x.until("progress can be polled", func() bool {
		_, body := x.ask("GET", "/health")
		r := x.report(body).Components.AzureAuth.Details.Renewal
		return r != nil && r.State == Running && r.Way == "browser" && r.Since != nil
	})
	x.until("all of them wait", func() bool { return x.waiting.Load() == 20 })
	close(goOn)
	all.Wait()
	close(answers)
	for a := range answers {
		if a != "200succeeded" {
			t.Errorf("answered %s", a)
		}
	}
	if n := len(x.commands()); n != 1 {
		t.Errorf("the agent was asked %d times", n)
	}
}

func TestARenewalOfThePersonsOwnIsShared(t *testing.T) {
	s := expired()
	s.Level, s.Renewal = auth.Renewing, &agent.Renewal{Way: "browser", Tenant: contoso, Since: s.At}
	x := start(t, s).served()
	resp, body := x.ask("POST", "/auth-renew?wait=20ms")
	if r := x.report(body).Components.AzureAuth.Details.Renewal; resp.StatusCode != 202 || r == nil || r.Way != "browser" {
		t.Errorf("%d, %+v", resp.StatusCode, r)
	}
	if n := len(x.commands()); n != 0 {
		t.Errorf("the agent was asked %d times besides", n)
	}
}

func TestWhoAsksBeforeItBeginsSharesItToo(t *testing.T) {
	x := start(t, expired()).served() // its agent has not taken up anything yet
	for range 2 {
		if resp, body := x.ask("POST", "/auth-renew?wait=10ms"); resp.StatusCode != 202 {
			t.Errorf("%d %s", resp.StatusCode, body)
		}
	}
	if n := len(x.commands()); n != 1 {
		t.Errorf("the agent was asked %d times", n)
	}
}

func TestRenewalsAreLimitedInRate(t *testing.T) {
	x := start(t, expired()).served()
	now := make(chan struct{})
	close(now)
	x.renews("browser", fails, now)
	for i := range renewalsAtOnce {
		if resp, body := x.ask("GET", "/health?auto_fix=true"); resp.StatusCode != 503 {
			t.Fatalf("the call %d: %d %s", i, resp.StatusCode, body)
		}
	}
	for _, c := range [][2]string{{"GET", "/health?auto_fix=true"}, {"POST", "/auth-renew"}} {
		resp, body := x.ask(c[0], c[1])
		r := x.report(body).Components.AzureAuth.Details.Renewal
		if resp.StatusCode != 429 || r.State != Limited || resp.Header.Get("Retry-After") != fmt.Sprint(r.RetryIn) || r.RetryIn < 1 || r.RetryIn > 300 {
			t.Errorf("%s %s: %d, Retry-After %q, %+v", c[0], c[1], resp.StatusCode, resp.Header.Get("Retry-After"), r)
		}
	}
	if n := len(x.commands()); n != renewalsAtOnce {
		t.Errorf("the agent was asked %d times", n)
	}
	if resp, _ := x.ask("GET", "/health"); resp.StatusCode != 503 {
		t.Errorf("asking for the health alone: %d", resp.StatusCode)
	}
}

func TestTooManyAtOnceAreSentAway(t *testing.T) {
	x := start(t, expired()).served()
	goOn := make(chan struct{})
	x.renews("browser", succeeds, goOn)
	var all sync.WaitGroup
	for range maxRequests {
		all.Go(func() { x.ask("POST", "/auth-renew?wait=20s") })
	}
	x.until("all of them wait", func() bool { return x.waiting.Load() == maxRequests })
	resp, body := x.ask("GET", "/health")
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !bytes.Contains(body, []byte("error")) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	close(goOn)
	all.Wait()
}

func TestMetrics(t *testing.T) {
	s := signedIn()
	s.Deadline = s.At.Add(time.Hour)
	s.Past.Renewals = map[agent.RenewalCount]uint64{{Way: "silent", Outcome: "ok"}: 7, {Way: "browser", Outcome: "cancelled"}: 1}
	s.Past.Deliveries = map[containers.State]agent.Durations{containers.Fresh: {Count: 2, Seconds: 0.3, Within: [9]uint64{0, 1, 2, 2, 2, 2, 2, 2, 2}}}
	x := start(t, s).served()
	_, body := x.ask("GET", "/metrics")
	for _, line := range []string{
		`aztray_level{level="ok"} 1`, `aztray_level{level="expired"} 0`, `aztray_build_info{version="1.2.3"} 1`,
		`aztray_renewals_total{outcome="ok",way="silent"} 7`, `aztray_renewals_total{outcome="cancelled",way="browser"} 1`,
		`aztray_deliveries_total{outcome="fresh"} 2`, `aztray_delivery_duration_seconds_bucket{outcome="fresh",le="0.1"} 1`,
		`aztray_delivery_duration_seconds_sum{outcome="fresh"} 0.3`, `aztray_containers{state="fresh"} 1`, `aztray_containers{state="error"} 0`,
	} {
		if !strings.Contains(string(body), line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	for _, name := range []string{"aztray_deadline_seconds 35", "aztray_access_token_expiry_seconds 35"} {
		if !strings.Contains(string(body), "\n"+name) {
			t.Errorf("no %s", name)
		}
	}
	x.show(agent.Snapshot{})
	if _, body := x.ask("GET", "/metrics"); strings.Contains(string(body), "\naztray_deadline_seconds ") {
		t.Error("a deadline that is not known")
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	x := start(t, signedIn()).served()
	resp, body := x.ask("GET", "/openapi.json")
	if resp.StatusCode != 200 || !bytes.Contains(body, []byte(`"openapi": "3.0.3"`)) {
		t.Errorf("%d %.100s", resp.StatusCode, body)
	}
}

// A browser may be opened only while somebody is there, and not where the settings say that it never is.
func TestABrowserIsOpenedForWhoIsThere(t *testing.T) {
	for _, c := range []struct {
		name     string
		unlocked func(context.Context) bool
		want     bool
	}{
		{"unlocked", func(context.Context) bool { return true }, true},
		{"locked, or nothing tells", func(context.Context) bool { return false }, false},
		{"never, by the settings", nil, false},
	} {
		for _, way := range [][2]string{{"GET", "/health?auto_fix=true&wait=0"}, {"POST", "/auth-renew?wait=0"}} {
			x := start(t, expired(), func(o *Options) { o.Unlocked = c.unlocked }).served()
			x.ask(way[0], way[1])
			if got := x.commands(); len(got) != 1 || got[0] != agent.Command(agent.Fix{Browser: c.want}) {
				t.Errorf("%s, %s: %+v", c.name, way[1], got)
			}
		}
	}
}
