package cloud_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aztray/test/rig/cloud"
)

// start runs a cloud for the length of a test.
func start(t *testing.T, o cloud.Options) *cloud.Cloud {
	t.Helper()
	o.Dir = t.TempDir()
	c, err := cloud.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 4, 5, 6, 7, 123456700, time.UTC)} }

func (k *clock) Now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.now
}

func (k *clock) pass(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = k.now.Add(d)
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

func (a answer) field(name string) string { return fmt.Sprint(a.json[name]) }

// errorCode is the error's, of Entra's form or of ARM's.
func (a answer) errorCode() string {
	if e, ok := a.json["error"].(map[string]any); ok {
		return fmt.Sprint(e["code"])
	}
	code, _, _ := strings.Cut(a.field("error_description"), ":")
	return code
}

// noFollow is the cloud's client, which shows redirects instead of following them.
func noFollow(c *cloud.Cloud) *http.Client {
	return &http.Client{Transport: c.HTTPClient().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func do(t *testing.T, c *cloud.Cloud, r *http.Request) answer {
	t.Helper()
	resp, err := noFollow(c).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(text, &a.json); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func get(t *testing.T, c *cloud.Cloud, address, bearer string) answer {
	t.Helper()
	return send(t, c, http.MethodGet, address, bearer, "")
}

func send(t *testing.T, c *cloud.Cloud, method, address, bearer, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	return do(t, c, r)
}

func post(t *testing.T, c *cloud.Cloud, address string, form url.Values) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return do(t, c, r)
}

const (
	verifier    = "a-verifier-that-is-long-enough-for-rfc-7636-which-wants-43"
	redirectURI = "http://localhost:53999"
)

// authorizeURL is what az would open; more overrides parameters, and an empty value removes one.
func authorizeURL(tenant, scope string, more url.Values) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"client_id": {cloud.AzureCLI}, "response_type": {"code"}, "redirect_uri": {redirectURI}, "state": {"the-state"},
		"scope": {scope + " openid offline_access profile"}, "prompt": {"select_account"}, "nonce": {"the-nonce"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "client_info": {"1"},
	}
	for k, v := range more {
		q[k] = v
	}
	return cloud.Authority + "/" + tenant + "/oauth2/v2.0/authorize?" + q.Encode()
}

func tokenURL(tenant string) string { return cloud.Authority + "/" + tenant + "/oauth2/v2.0/token" }

// codeForm redeems the code in a redirect.
func codeForm(t *testing.T, back answer) url.Values {
	t.Helper()
	to, err := url.Parse(back.header.Get("Location"))
	if err != nil || back.status != http.StatusFound || to.Query().Get("state") != "the-state" || to.Query().Get("code") == "" {
		t.Fatalf("authorize answered %d %q, want a redirect with code and state", back.status, back.header.Get("Location"))
	}
	return url.Values{"grant_type": {"authorization_code"}, "client_id": {cloud.AzureCLI}, "code": {to.Query().Get("code")},
		"redirect_uri": {redirectURI}, "code_verifier": {verifier}}
}

// signIn does the whole of a sign-in by hand.
func signIn(t *testing.T, c *cloud.Cloud, tenant, scope string) answer {
	t.Helper()
	a := post(t, c, tokenURL(tenant), codeForm(t, get(t, c, authorizeURL(tenant, scope, nil), "")))
	if a.status != http.StatusOK {
		t.Fatalf("sign-in: %d %s", a.status, a.text)
	}
	return a
}

func refresh(t *testing.T, c *cloud.Cloud, tenant, scope, refreshToken string) answer {
	t.Helper()
	return post(t, c, tokenURL(tenant), url.Values{"grant_type": {"refresh_token"}, "client_id": {cloud.AzureCLI},
		"refresh_token": {refreshToken}, "scope": {scope + " openid offline_access profile"}})
}

// claims decodes a JWT's middle.
func claims(t *testing.T, jwt string) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %d parts", len(parts))
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheLogHoldsNoSecretAndIssuedHoldsAll(t *testing.T) {
	c := start(t, cloud.Options{})
	first := signIn(t, c, "organizations", cloud.ScopeARM)
	second := refresh(t, c, cloud.Fabrikam.ID, cloud.ScopeCognitive, first.field("refresh_token"))
	get(t, c, cloud.FabrikamOpenAI+"/openai/models?api-version="+cloud.APIVersion, second.field("access_token"))
	log, err := json.Marshal(c.Requests())
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, i := range c.Issued() {
		values = append(values, i.Value)
		if strings.Contains(string(log), i.Value) {
			t.Errorf("the log holds a token: %s of %s", i.Kind, i.Tenant)
		}
	}
	for _, a := range []answer{first, second} {
		for _, field := range []string{"access_token", "refresh_token"} {
			if !slices.Contains(values, a.field(field)) {
				t.Errorf("a %s was not recorded", field)
			}
		}
	}
	requests := c.Requests()
	last := requests[len(requests)-1]
	if last.Service != cloud.OpenAI || last.Account != cloud.Ada.Username || last.Tenant != cloud.Fabrikam.ID ||
		last.TokenID != fmt.Sprint(claims(t, second.field("access_token"))["jti"]) || last.Outcome != "ok" {
		t.Errorf("last request: %+v", last)
	}
}

func TestWaitForSeesThePastAndTheFuture(t *testing.T) {
	c := start(t, cloud.Options{})
	byGrant := func(grant string) func(cloud.Request) bool {
		return func(r cloud.Request) bool { return r.Grant == grant }
	}
	got := signIn(t, c, cloud.Contoso.ID, cloud.ScopeCognitive)
	if r, err := c.WaitFor(t.Context(), byGrant("authorization_code")); err != nil || r.Outcome != "ok" {
		t.Errorf("past: %+v, %v", r, err)
	}
	found := make(chan error, 1)
	go func() {
		_, err := c.WaitFor(t.Context(), byGrant("refresh_token"))
		found <- err
	}()
	refresh(t, c, cloud.Contoso.ID, cloud.ScopeCognitive, got.field("refresh_token"))
	if err := <-found; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.WaitFor(ctx, byGrant("never")); err == nil {
		t.Error("waiting for what never comes succeeded")
	}
}
