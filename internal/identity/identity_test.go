package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"aztray/internal/auth"
)

const (
	cognitive = "https://cognitiveservices.azure.com/.default"
	arm       = "https://management.core.windows.net//.default"
	resource  = "https%3A%2F%2Fcognitiveservices.azure.com"
	good      = "/token?api-version=2019-08-01&resource=" + resource
)

var (
	ended  = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	broken = &auth.Problem{Code: "AADSTS70043", Kind: auth.SignInRequired, Message: "The sign-in has ended.", Advice: "Sign in: aztray service auth-renew"}
)

// rig is a Server whose world is the test's.
type rig struct {
	*Server
	key   Key
	log   lockedBuffer
	known []Client
	lists int
	err   error  // of Token
	block bool   // Token waits until its context ends
	again func() // gives the running server an empty list, and returns when it was taken in
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func newRig(t *testing.T, o Options) *rig {
	t.Helper()
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{key: key, known: []Client{
		{Name: ContainerName("web"), ID: "1", Scopes: []string{cognitive}},
		{Name: ServiceName("story", "worker"), ID: "2", Tenant: "fabrikam", Scopes: []string{cognitive, arm}, Addresses: []netip.Addr{netip.MustParseAddr("172.17.0.5")}},
		{Name: ServiceName("story", "worker"), ID: "3", Tenant: "fabrikam", Scopes: []string{cognitive, arm}, Addresses: []netip.Addr{netip.MustParseAddr("172.17.0.6")}},
	}}
	o.Key, o.Log = key, slog.New(slog.NewTextHandler(&r.log, nil))
	o.Known = func(context.Context) ([]Client, error) { r.lists++; return r.known, nil }
	o.Token = func(ctx context.Context, c Client, q Question) (auth.Token, error) {
		if r.block {
			<-ctx.Done()
			return auth.Token{}, context.Cause(ctx)
		}
		return auth.Token{Scope: q.Scope, Secret: auth.NewSecret("token of " + c.ID + " in " + c.Tenant + " for " + q.Scope), ExpiresOn: ended}, r.err
	}
	r.Server = New(o)
	return r
}

// ask sends one request, as a container would, changed by change.
func (r *rig) ask(target, secret string, change func(*http.Request)) *httptest.ResponseRecorder {
	q := httptest.NewRequest(http.MethodGet, target, nil)
	q.Host, q.RemoteAddr = "host.docker.internal:8765", "172.17.0.5:40000"
	if secret != "" {
		q.Header.Set("X-IDENTITY-HEADER", secret)
	}
	if change != nil {
		change(q)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	return w
}

func TestWhoGetsAToken(t *testing.T) {
	header := func(name, value string) func(*http.Request) {
		return func(q *http.Request) { q.Header.Set(name, value) }
	}
	web := func(r *rig) string { return r.key.Header(ContainerName("web")).Reveal() }
	worker := func(r *rig) string { return r.key.Header(ServiceName("story", "worker")).Reveal() }
	for _, c := range []struct {
		name   string
		target string
		secret func(*rig) string
		change func(*http.Request)
		status int
		says   string // within the body
	}{
		{"a container with its secret", good, web, nil, 200, "token of 1 in  for " + cognitive},
		{"a copy of a service, told by its address", good, worker, func(q *http.Request) { q.RemoteAddr = "172.17.0.6:1" }, 200, "token of 3 in fabrikam"},
		{"a resource with slashes", "/token?api-version=2019-08-01&resource=https://management.core.windows.net/", worker, nil, 200, "for " + arm},
		{"a resource in capitals", "/token?api-version=2019-08-01&resource=HTTPS://cognitiveservices.azure.com", web, nil, 200, "token of 1"},
		{"a scope in place of a resource", "/token?api-version=2019-08-01&resource=" + cognitive, web, nil, 200, "token of 1"},
		{"AZURE_CLIENT_ID in the container", good + "&client_id=11111111-1111-1111-1111-111111111111", web, nil, 200, "token of 1"},
		{"Python's, which adds Metadata", good, web, header("Metadata", "true"), 200, "token of 1"},
		{"by this machine's loopback address", good, web, func(q *http.Request) { q.Host = "127.0.0.1:8765" }, 200, "token of 1"},
		{"an IPv4 address in IPv6's clothes", good, worker, func(q *http.Request) { q.RemoteAddr = "[::ffff:172.17.0.5]:1" }, 200, "token of 2"},

		{"no secret", good, func(*rig) string { return "" }, nil, 401, "has no X-IDENTITY-HEADER"},
		{"a wrong secret", good, func(*rig) string { return "guess" }, nil, 401, "has this IDENTITY_HEADER"},
		{"the secret of a container that is not there", good, func(r *rig) string { return r.key.Header(ContainerName("gone")).Reveal() }, nil, 401, ""},
		{"the container's name for a service's", good, func(r *rig) string { return r.key.Header(ContainerName("story/worker")).Reveal() }, nil, 401, ""},
		{"a right secret from another address", good, worker, func(q *http.Request) { q.RemoteAddr = "172.17.0.9:1" }, 401, "at this address"},
		{"a right secret from loopback where the address is known", good, worker, func(q *http.Request) { q.RemoteAddr = "127.0.0.1:1" }, 401, ""},
		{"a resource that is not allowed", "/token?api-version=2019-08-01&resource=https://vault.azure.net", web, nil, 403, "aztray.scopes"},
		{"a resource that only begins as an allowed one", "/token?api-version=2019-08-01&resource=https://cognitiveservices.azure.com.evil.example", web, nil, 403, "resource"},
		{"another container's resource", "/token?api-version=2019-08-01&resource=https://management.core.windows.net", web, nil, 403, "resource"},
		{"a slash behind an allowed resource, which is another audience", good + "/", web, nil, 403, "resource"},
		{"no resource", "/token?api-version=2019-08-01", web, nil, 403, "resource"},
		{"MSAL's next api-version, with what it adds", "/token?api-version=2025-03-30&xms_cc=cp1%2Ccp2&token_sha256_to_refresh=" + strings.Repeat("0a", 32) +
			"&resource=" + resource, web, nil, 200, "token of 1"},
		{"a preview of a later api-version", "/token?api-version=2031-01-01-preview&something=new&resource=" + resource, web, nil, 200, "token of 1"},
		{"an old api-version", "/token?api-version=2017-09-01&resource=" + resource, web, nil, 400, "2019-08-01"},
		{"Service Fabric's api-version", "/token?api-version=2019-07-01-preview&resource=" + resource, web, nil, 400, "2019-08-01"},
		{"an api-version that is no day", "/token?api-version=3&resource=" + resource, web, nil, 400, "2019-08-01"},
		{"no api-version", "/token?resource=" + resource, web, nil, 400, "2019-08-01"},
		{"X-Forwarded-For", good, web, header("X-Forwarded-For", "10.0.0.1"), 403, "NO_PROXY"},
		{"Forwarded", good, web, header("Forwarded", "for=10.0.0.1"), 403, "NO_PROXY"},
		{"through a proxy", good, web, header("Via", "1.1 squid"), 403, "NO_PROXY"},
		{"a web page", good, web, header("Origin", "https://evil.example"), 403, "web pages"},
		{"a web page's image", good, web, header("Sec-Fetch-Site", "cross-site"), 403, "web pages"},
		{"a name that was rebound to this machine", good, web, func(q *http.Request) { q.Host = "evil.example:8765" }, 403, "host"},
		{"an address that it did not come to", good, web, func(q *http.Request) { q.Host = "10.1.2.3:8765" }, 403, "host"},
		{"no host", good, web, func(q *http.Request) { q.Host = "" }, 403, "host"},
		{"POST", good, web, func(q *http.Request) { q.Method = http.MethodPost }, 405, "GET"},
		{"a body", good, web, func(q *http.Request) { q.ContentLength = 1 }, 413, "body"},
		{"a body of unknown length", good, web, func(q *http.Request) { q.ContentLength = -1 }, 413, "body"},
		{"another path", "/metadata/identity/oauth2/token", web, nil, 404, "/token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, Options{})
			w := r.ask(c.target, c.secret(r), c.change)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("%d %s\nwant %d with %q", w.Code, w.Body, c.status, c.says)
			}
			if c.status != 200 && (strings.Contains(w.Body.String(), "token of") || !strings.Contains(w.Body.String(), `"message":"aztray: `)) {
				t.Errorf("the refusal says %s", w.Body)
			}
			for _, secret := range []string{"token of", web(r), worker(r), "guess"} {
				if strings.Contains(r.log.String(), secret) {
					t.Errorf("the log holds %q: %s", secret, r.log.String())
				}
			}
			if lines := strings.Count(r.log.String(), "\n"); lines != 1 || !strings.Contains(r.log.String(), fmt.Sprint("status=", c.status)) {
				t.Errorf("%d lines of log: %s", lines, r.log.String())
			}
		})
	}
}

func TestTheWireFormat(t *testing.T) {
	r := newRig(t, Options{})
	w := r.ask(good, r.key.Header(ContainerName("web")).Reveal(), nil)
	var got map[string]string // expires_on must be text
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"access_token": "token of 1 in  for " + cognitive, "expires_on": "1795435200", "resource": "https://cognitiveservices.azure.com",
		"token_type": "Bearer", "client_id": auth.AzureCLIClientID}
	if fmt.Sprint(got) != fmt.Sprint(want) { // expires_in, which .NET would take for expires_on, is not there
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", w.Header())
	}
}

func TestWhatStandsInTheWayOfAToken(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		block  bool
		status int
		retry  bool
		says   string
	}{
		{"a person is needed", broken, false, 400, false, "aztray: The sign-in has ended. Sign in: aztray service auth-renew"},
		{"az is missing", &auth.Problem{Kind: auth.AZMissing, Message: "No az."}, false, 400, false, "No az."},
		{"Entra has a passing problem", &auth.Problem{Kind: auth.Transient, Message: "Busy."}, false, 503, true, "Busy."},
		{"no network", &auth.Problem{Kind: auth.Offline, Message: "Offline."}, false, 503, true, "Offline."},
		{"a renewal that takes its time", nil, true, 503, true, "being renewed"},
		{"something else, which is not told", errors.New("secret detail"), false, 503, true, "no token at the moment"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, Options{Wait: 10 * time.Millisecond})
			r.err, r.block = c.err, c.block
			w := r.ask(good, r.key.Header(ContainerName("web")).Reveal(), nil)
			var body struct {
				StatusCode             int
				Message, CorrelationID string
				Error                  string
				Description            string `json:"error_description"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if w.Code != c.status || body.StatusCode != c.status || (w.Header().Get("Retry-After") != "") != c.retry {
				t.Errorf("%d, in the body %d, Retry-After %q", w.Code, body.StatusCode, w.Header().Get("Retry-After"))
			}
			if !strings.Contains(body.Message, c.says) || body.Description != body.Message || body.Error != "invalid_request" || len(body.CorrelationID) != 36 {
				t.Errorf("body %s", w.Body)
			}
			if strings.Contains(w.Body.String(), "secret detail") {
				t.Errorf("the cause is told: %s", w.Body)
			}
		})
	}
}

// A container asks with its first instruction, before any list can have it.
func TestAContainerThatHasJustStarted(t *testing.T) {
	r := newRig(t, Options{Now: func() time.Time { return ended }}) // time stands still: the list is always young
	r.ask(good, r.key.Header(ContainerName("web")).Reveal(), nil)
	r.known = append(r.known, Client{Name: ContainerName("new"), ID: "9", Scopes: []string{cognitive}})
	if w := r.ask(good, r.key.Header(ContainerName("new")).Reveal(), nil); w.Code != 200 {
		t.Errorf("a new container: %d %s", w.Code, w.Body)
	}
	before := r.lists
	r.ask(good, r.key.Header(ContainerName("web")).Reveal(), nil)
	if r.lists != before {
		t.Error("the engine is asked again for a container that is known")
	}
}

func TestWhoAsksTooOftenIsHeldBack(t *testing.T) {
	now := ended
	r := newRig(t, Options{Now: func() time.Time { return now }})
	codes := func(secret string, n int) map[int]int {
		m := map[int]int{}
		for range n {
			m[r.ask(good, secret, nil).Code]++
		}
		return m
	}
	if m := codes("guess", 100); m[401] != 20 || m[429] != 80 {
		t.Errorf("100 guesses: %v", m)
	}
	if r.lists > 25 {
		t.Errorf("100 guesses made the engine list %d times", r.lists)
	}
	if m := codes(r.key.Header(ContainerName("web")).Reveal(), 300); m[200] != 200 || m[429] != 100 {
		t.Errorf("300 requests of one container, from the address of the one that guesses: %v", m)
	}
	if m := codes(r.key.Header(ServiceName("story", "worker")).Reveal(), 10); m[200] != 10 {
		t.Errorf("another container suffers: %v", m)
	}
	now = now.Add(time.Second)
	if m := codes(r.key.Header(ContainerName("web")).Reveal(), 20); m[200] != 10 {
		t.Errorf("a second later: %v", m)
	}
}

func TestTheKeyOutlivesARestartAndIsItsOwners(t *testing.T) {
	dir := t.TempDir()
	first := make(chan string, 8)
	for range cap(first) { // tray and command line at once
		go func() {
			k, err := LoadKey(dir)
			if err != nil {
				t.Error(err)
			}
			first <- k.Header("container:web").Reveal()
		}()
	}
	want := <-first
	for range cap(first) - 1 {
		if got := <-first; got != want {
			t.Fatal("two keys were made")
		}
	}
	k, err := LoadKey(dir)
	if err != nil || k.Header("container:web").Reveal() != want {
		t.Errorf("another secret after a restart; error %v", err)
	}
	if k.Header("container:other").Reveal() == want {
		t.Error("two containers have one secret")
	}
	if s := fmt.Sprintf("%v %+v %#v", k, k, k.Header("x")); strings.Contains(s, want) || strings.Contains(s, k.Header("x").Reveal()) {
		t.Errorf("printed: %s", s)
	}
	files, _ := os.ReadDir(dir)
	if len(files) != 1 {
		t.Errorf("files are left: %v", files)
	}
	if err := os.WriteFile(filepath.Join(dir, "endpoint.key"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(dir); err == nil {
		t.Error("a key of five bytes is taken")
	}
}
