package health

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
)

func TestThePageNeedsNothingFromElsewhere(t *testing.T) {
	x := start(t, expired()).served()
	resp, body := x.ask("GET", "/")
	policy := resp.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q has no %s", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy %q", policy)
	}
	page := string(body)
	for _, bad := range []string{" style=", " onclick", "javascript:", "//cdn", "https://fonts"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[1], "/") && !strings.HasPrefix(m[1], "#") {
			t.Errorf("the page leads to %s", m[1])
		}
	}
	for _, want := range []string{"The sign-in to Contoso has ended", "Your organisation wants you to sign in again.", "Run aztray service auth-renew.", "AADSTS70043",
		"codestory-service", "needs the new token", "Renew now"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// What others wrote stays text.
func TestNamesAreNoMarkup(t *testing.T) {
	s := signedIn()
	s.Concerns.Name, s.Containers[0].Name = "<script>alert(1)</script>", "<img src=x>"
	s.Problem = &auth.Problem{Message: "</section><b>", Code: "X"}
	x := start(t, s).served()
	_, body := x.ask("GET", "/")
	for _, bad := range []string{"<script>alert", "<img src=x", "</section><b>"} {
		if strings.Contains(string(body), bad) {
			t.Errorf("the page has %s", bad)
		}
	}
}

func (x *run) act(what, secret string, form url.Values, headers ...string) (*http.Response, []byte) {
	x.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	form.Set("secret", secret)
	return x.send("POST", "/actions/"+what, strings.NewReader(form.Encode()), append(headers, "Content-Type", "application/x-www-form-urlencoded")...)
}

func TestActions(t *testing.T) {
	for _, c := range []struct {
		name, what string
		form       url.Values
		headers    []string
		secret     func(string) string
		code       int
		want       agent.Command
	}{
		{"renew", "renew", nil, nil, nil, 303, agent.Renew{}},
		{"renew, by the script", "renew", nil, []string{"Accept", "application/json"}, nil, 202, agent.Renew{}},
		{"cancel", "cancel", nil, nil, nil, 303, agent.CancelSignIn{}},
		{"sync", "sync", nil, nil, nil, 303, agent.Sync{}},
		{"restart", "restart", nil, nil, nil, 303, agent.Restart{}},
		{"another tenant", "tenant", url.Values{"tenant": {contoso.ID}}, nil, nil, 303, agent.UseTenant{TenantID: contoso.ID}},
		{"a tenant that is an option of az", "tenant", url.Values{"tenant": {"--debug"}}, nil, nil, 400, nil},
		{"nothing that there is", "format", nil, nil, nil, 404, nil},
		{"no secret", "renew", nil, nil, func(string) string { return "" }, 403, nil},
		{"that of another start", "renew", nil, nil, func(string) string { return "ABCDEFGHIJKLMNOPQRSTUVWXYZ" }, 403, nil},
		{"from another site, with the secret", "renew", nil, []string{"Origin", "https://evil.example"}, nil, 403, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := start(t, signedIn()).served()
			_, page := x.ask("GET", "/")
			secret := regexp.MustCompile(`name="secret" value="([^"]+)"`).FindStringSubmatch(string(page))[1]
			if c.secret != nil {
				secret = c.secret(secret)
			}
			resp, body := x.act(c.what, secret, c.form, c.headers...)
			if resp.StatusCode != c.code {
				t.Errorf("%d, want %d: %s", resp.StatusCode, c.code, body)
			}
			got := x.commands()
			if c.want == nil && len(got) != 0 || c.want != nil && (!reflect.DeepEqual(got, []agent.Command{c.want})) {
				t.Errorf("the agent was asked for %v, want %v", got, c.want)
			}
		})
	}
	if a, b := New(Options{}).secret, New(Options{}).secret; a == b || len(a) < 26 {
		t.Errorf("secrets %d long, the same at each start: %v", len(a), a == b)
	}
}

func TestThePageIsKeptUpToDate(t *testing.T) {
	x := start(t, signedIn()).served()
	resp, err := http.Get(x.URL() + "events?days=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	next := func() (u update) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &u); err != nil {
					t.Fatal(err)
				}
				return u
			}
		}
		t.Fatal("the events ended:", lines.Err())
		return u
	}
	first := next()
	if len(first.Parts) != len(parts) || first.Level != "ok" || !strings.Contains(first.Parts["state"], "Signed in to Contoso") {
		t.Errorf("the first: %+v", first)
	}
	x.show(expired())
	second := next()
	if second.Level != "expired" || second.Start != first.Start || !strings.Contains(second.Parts["state"], "has ended") || second.Parts["tenants"] != "" {
		t.Errorf("the second: %+v", second)
	}
}

func TestTooManyPages(t *testing.T) {
	x := start(t, signedIn()).served()
	for range maxLive {
		resp, err := http.Get(x.URL() + "events")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
	}
	if resp, _ := x.ask("GET", "/events"); resp.StatusCode != 503 {
		t.Errorf("one more: %d", resp.StatusCode)
	}
	if resp, _ := x.ask("GET", "/health"); resp.StatusCode != 200 {
		t.Errorf("health meanwhile: %d", resp.StatusCode)
	}
}

func TestTimeline(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	at := func(hours float64) time.Time { return now.Add(time.Duration(hours * float64(time.Hour))) }
	s := signedIn()
	s.At, s.Deadline, s.DeadlineSource = now, at(2), auth.DeadlineLearned
	s.Past.Moments = []agent.Moment{
		{At: at(-30), Kind: agent.SignedIn, Tenant: contoso.ID, Outcome: "ok", Times: 1},
		{At: at(-30), Kind: agent.Renewed, Way: "silent", Tenant: contoso.ID, Outcome: "ok", Until: at(-19), Times: 1},
		{At: at(-20), Kind: agent.Renewed, Way: "silent", Tenant: contoso.ID, Outcome: "ok", Until: at(-18), Times: 1},
		{At: at(-17), Kind: agent.Renewed, Way: "silent", Tenant: contoso.ID, Outcome: "refused", Times: 3, Last: at(-12)},
		{At: at(-10), Kind: agent.SignedIn, Tenant: contoso.ID, Outcome: "ok", Times: 1},
		{At: at(-10), Kind: agent.Renewed, Way: "browser", Tenant: contoso.ID, Outcome: "ok", Until: at(1), Times: 1},
		{At: at(-10), Kind: agent.Delivered, Outcome: "fresh", Times: 2, Names: []string{"a", "b"}},
		{At: at(-9), Kind: agent.Delivered, Outcome: string(containers.Failed), Times: 1, Names: []string{"c"}},
	}
	ch := timeline(s, 1, clock{time.UTC}, now)
	var bars, marks []string
	for _, b := range append(append([]bar{}, ch.SignIns...), ch.Tokens...) {
		bars = append(bars, b.Class+" "+b.Title)
	}
	for _, m := range append(append([]tip{}, ch.Renewals...), ch.Delivers...) {
		marks = append(marks, m.Class+" "+m.Title)
	}
	want := []string{
		"was Signed in from yesterday 06:00 to yesterday 19:00",
		"is Signed in since 02:00",
		"will Expected to end 14:00",
		"was A live token from yesterday 06:00 to yesterday 18:00",
		"is A live token from 02:00 to 13:00",
		"will The token in hand lasts until 13:00",
	}
	if got := strings.Join(bars, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("bars:\n%s", got)
	}
	want = []string{
		"done yesterday 16:00: Renewed silently; the token lasts until yesterday 18:00",
		"bad yesterday 19:00: Silent renewal was refused, 3 times until 00:00",
		"person 02:00: Signed in with the browser; the token lasts until 13:00",
		"done 02:00: Delivered to 2 containers",
		"bad 03:00: Not delivered to c: the token could not be delivered",
	}
	if got := strings.Join(marks, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("marks:\n%s", got)
	}
	if ch.Now <= 80 || ch.Now >= 95 || ch.Ends == nil || ch.Ends.X <= ch.Now || len(ch.Ticks) < 3 || len(ch.Ticks) > maxTicks+1 {
		t.Errorf("now at %v, the end %+v, %d ticks", ch.Now, ch.Ends, len(ch.Ticks))
	}
	for _, b := range append(ch.SignIns, ch.Tokens...) {
		if b.X < 0 || b.W < 0 || b.X+b.W > 100.001 {
			t.Errorf("outside of the paper: %+v", b)
		}
	}
}

func TestTheButtonIsOffWhereASignInIsOfNoUse(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*agent.Snapshot)
		text   string
		off    bool
	}{
		{"all is well", func(*agent.Snapshot) {}, "Renew now", false},
		{"nobody is signed in", func(s *agent.Snapshot) { s.Level, s.Account, s.Kind = auth.SignedOut, "", auth.AccountNone }, "Sign in", false},
		{"a policy bars the device", func(s *agent.Snapshot) {
			s.Level, s.Problem = auth.Expired, &auth.Problem{Kind: auth.PolicyBlocked}
		}, "Renew now", true},
		{"no az", func(s *agent.Snapshot) { s.Missing = []*auth.Problem{{Kind: auth.AZMissing}} }, "Renew now", true},
		{"a service principal", func(s *agent.Snapshot) { s.Kind = auth.AccountSecret }, "Renew now", true},
		{"a renewal runs", func(s *agent.Snapshot) { s.Renewal = &agent.Renewal{Way: "silent"} }, "Renew now", true},
	} {
		s := signedIn()
		c.change(&s)
		if text, off := renewButton(s); text != c.text || off != c.off {
			t.Errorf("%s: %q, off %v", c.name, text, off)
		}
	}
}
