package health

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
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
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
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

// act presses a button of the page that has the key.
func (x *run) act(what string, form url.Values, headers ...string) (*http.Response, []byte) {
	x.t.Helper()
	body := form.Encode()
	signed := []string{signatureHeader, x.sign("POST", "/actions/"+what, body, time.Now()), "Content-Type", "application/x-www-form-urlencoded"}
	return x.send("POST", "/actions/"+what, strings.NewReader(body), append(signed, headers...)...)
}

// sign is what the page's script sends as a signature.
func (s *Server) sign(method, uri, body string, at time.Time) string {
	ms, nonce := strconv.FormatInt(at.UnixMilli(), 10), fmt.Sprintf("%032x", rand.Uint64())
	return ms + " " + nonce + " " + s.signed.signature(method, uri, ms, nonce, []byte(body))
}

// said is an answer as the page's form sends it.
func said(id string, q containers.Question, answer string) url.Values {
	return url.Values{"container": {id}, "question": {string(q)}, "answer": {answer}}
}

func TestActions(t *testing.T) {
	for _, c := range []struct {
		name, what string
		form       url.Values
		headers    []string
		code       int
		want       agent.Command
	}{
		{"renew", "renew", nil, nil, 202, agent.Renew{}},
		{"cancel", "cancel", nil, nil, 202, agent.CancelSignIn{}},
		{"sync", "sync", nil, nil, 202, agent.Sync{}},
		{"restart", "restart", nil, nil, 202, agent.Restart{}},
		{"another tenant", "tenant", url.Values{"tenant": {contoso.ID}}, nil, 202, agent.UseTenant{TenantID: contoso.ID}},
		{"a tenant that is an option of az", "tenant", url.Values{"tenant": {"--debug"}}, nil, 400, nil},
		{"yes to one that controls the engine", "answer", said("p1", containers.AskEngine, "allow"), nil, 202, agent.Answer{ContainerID: "p1", Question: containers.AskEngine, Allow: true}},
		{"never", "answer", said("p1", containers.AskEngine, "never"), nil, 202, agent.Answer{ContainerID: "p1", Question: containers.AskEngine}},
		{"never is taken back", "answer", said("p2", containers.AskEngine, "allow"), nil, 202, agent.Answer{ContainerID: "p2", Question: containers.AskEngine, Allow: true}},
		{"the refresh token is given", "answer", said("r1", containers.AskRefresh, "allow"), nil, 202, agent.Answer{ContainerID: "r1", Question: containers.AskRefresh, Allow: true}},
		{"the refresh token is refused", "answer", said("r1", containers.AskRefresh, "never"), nil, 202, agent.Answer{ContainerID: "r1", Question: containers.AskRefresh}},
		{"an answer about a container that is not there", "answer", said("p9", containers.AskEngine, "allow"), nil, 404, nil},
		{"an answer about none", "answer", said("", containers.AskEngine, "allow"), nil, 404, nil},
		{"a container is named by its id alone", "answer", said("proxy", containers.AskEngine, "allow"), nil, 404, nil},
		{"yes to the refresh token of one that asks for the token", "answer", said("p1", containers.AskRefresh, "allow"), nil, 409, nil},
		{"about a container that nothing is asked of", "answer", said("abc", containers.AskEngine, "allow"), nil, 409, nil},
		{"no question about a container that nothing is asked of", "answer", said("abc", containers.NoQuestion, "allow"), nil, 409, nil},
		{"no answer", "answer", said("p1", containers.AskEngine, ""), nil, 400, nil},
		{"another answer", "answer", said("p1", containers.AskEngine, "yes"), nil, 400, nil},
		{"a good answer in a form that is too long", "answer", url.Values{"container": {"p1"}, "question": {"engine"}, "answer": {"allow"}, "more": {strings.Repeat("x", maxBody)}}, nil, 400, nil},
		{"an answer from another site, with the key", "answer", said("r1", containers.AskRefresh, "allow"), []string{"Sec-Fetch-Site", "cross-site"}, 403, nil},
		{"nothing that there is", "format", nil, nil, 404, nil},
		{"from another site, with the key", "renew", nil, []string{"Origin", "https://evil.example"}, 403, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := start(t, questioned(signedIn())).served()
			resp, body := x.act(c.what, c.form, c.headers...)
			if resp.StatusCode != c.code {
				t.Errorf("%d, want %d: %s", resp.StatusCode, c.code, body)
			}
			var why refusal
			if json.Unmarshal(body, &why); c.code >= 400 && !strings.HasSuffix(why.Error, ".") {
				t.Errorf("refused without a sentence: %s", body)
			}
			got := x.commands()
			if c.want == nil && len(got) != 0 || c.want != nil && (!reflect.DeepEqual(got, []agent.Command{c.want})) {
				t.Errorf("the agent was asked for %v, want %v", got, c.want)
			}
		})
	}
	a, b := New(Options{}), New(Options{})
	if a.signed.key == b.signed.key || len(a.signed.key) < 26 { // base 32: 5 bits each
		t.Errorf("a key %d long, the same at each start: %v", len(a.signed.key), a.signed.key == b.signed.key)
	}
}

// A link, a picture or a bookmark is a GET.
func TestActionsArePosted(t *testing.T) {
	x := start(t, questioned(signedIn())).served()
	for _, what := range []string{"renew", "answer"} {
		form := said("p1", containers.AskEngine, "allow")
		path := "/actions/" + what + "?" + form.Encode()
		if resp, _ := x.ask("GET", path, signatureHeader, x.sign("GET", path, "", time.Now())); resp.StatusCode != 405 || len(x.commands()) != 0 {
			t.Errorf("%s: %d, the agent was asked for %v", what, resp.StatusCode, x.commands())
		}
	}
}

func TestWhatIsAskedAboutAContainer(t *testing.T) {
	asked := func(state containers.State, q containers.Question, never bool) containers.Status {
		return containers.Status{Name: "a", ID: "1", State: state, Running: true, Consent: containers.Consent{Question: q, Never: never}}
	}
	more := func(q containers.Question, never bool) containers.Status {
		b := asked(containers.Fresh, q, never)
		b.Asks = "manage all your Azure subscriptions"
		return b
	}
	holds := asked(containers.Fresh, containers.NoQuestion, false)
	holds.Refresh = true
	for _, c := range []struct {
		name         string
		box          containers.Status
		state, error string
		ask          *ask
	}{
		{"nothing is asked", asked(containers.Fresh, containers.NoQuestion, false), "has the token", "", nil},
		{"it controls the engine", asked(containers.Missing, containers.AskEngine, false), "gets the token only if you say so", "",
			&ask{containers.AskEngine, "Give it the token, though it controls the engine", "give the token to a"}},
		{"never was the answer: it can be taken back", asked(containers.Missing, containers.AskEngine, true), "never gets the token, as you said", "The command aztray service sync --allow a takes that back.",
			&ask{containers.AskEngine, "Give it the token, though it controls the engine", ""}},
		{"its label asks for the refresh token", asked(containers.Fresh, containers.AskRefresh, false), "has the token", "",
			&ask{containers.AskRefresh, "Give it your refresh token", "give your refresh token to a"}},
		{"its label asks for more", more(containers.AskScopes, false), "has the token", "",
			&ask{containers.AskScopes, "Let it manage all your Azure subscriptions", "let a manage all your Azure subscriptions"}},
		{"that was never to be, either", more(containers.AskTenant, true), "has the token", "Its label asks for more, which you said that it never gets; aztray service sync --allow-tenant a takes that back.",
			&ask{containers.AskTenant, "Let it manage all your Azure subscriptions", ""}},
		{"that was never to be", asked(containers.Fresh, containers.AskRefresh, true), "has the token", "Its label asks for your refresh token, which you said that it never gets; aztray service sync --allow-refresh-token a takes that back.",
			&ask{containers.AskRefresh, "Give it your refresh token", ""}},
		{"it holds the refresh token", holds, "holds your refresh token", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := newBox(c.box, clock{time.UTC}, time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC))
			if got.State != c.state || got.Error != c.error || !reflect.DeepEqual(got.Ask, c.ask) {
				t.Errorf("%q, %q, %+v", got.State, got.Error, got.Ask)
			}
		})
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

func TestASignOutOnTheTimeline(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	at := func(hours float64) time.Time { return now.Add(time.Duration(hours * float64(time.Hour))) }
	renewed := func(from, until float64) agent.Moment {
		return agent.Moment{At: at(from), Kind: agent.Renewed, Way: "silent", Tenant: contoso.ID, Outcome: "ok", Until: at(until), Times: 1}
	}
	in := func(h float64) agent.Moment {
		return agent.Moment{At: at(h), Kind: agent.SignedIn, Tenant: contoso.ID, Outcome: "ok", Times: 1}
	}
	out := func(h float64, outcome string) agent.Moment {
		return agent.Moment{At: at(h), Kind: agent.SignedOut, Outcome: outcome, Times: 1}
	}
	for _, c := range []struct {
		name    string
		moments []agent.Moment
		level   auth.Level
		bars    []string
		marks   []string
		list    string // its first line
	}{
		{"signed out, and in again", []agent.Moment{in(-8), renewed(-8, -6), out(-7, "ok"), in(-2), renewed(-2, 1)}, auth.OK,
			[]string{"was Signed in from 04:00 to 05:00", "is Signed in since 10:00", "open No end is known",
				"was A live token from 04:00 to 05:00", "is A live token from 10:00 to 13:00", "will The token in hand lasts until 13:00"},
			[]string{"out 05:00: You signed out of Azure"}, "Renewed silently; the token lasts until 13:00"},
		{"signed out, and nobody is there since", []agent.Moment{in(-8), renewed(-2, 1), out(-1, "ok")}, auth.SignedOut,
			[]string{"was Signed in from 04:00 to 11:00", "was A live token from 10:00 to 11:00"},
			[]string{"out 11:00: You signed out of Azure"}, "You signed out of Azure"},
		{"that was before a start", []agent.Moment{in(-8), renewed(-8, -6), out(-3, agent.OutcomeUnseen)}, auth.SignedOut,
			[]string{"was Signed in from 04:00 to 09:00", "was A live token from 04:00 to 06:00"},
			[]string{"out 09:00: Nobody was signed in to Azure any more"}, "Nobody was signed in to Azure any more"},
		{"longer ago than is shown", []agent.Moment{in(-40), out(-30, "ok"), in(-2)}, auth.OK,
			[]string{"is Signed in since 10:00", "open No end is known"}, nil, "You signed in to Contoso"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := signedIn()
			s.At, s.Level, s.Past.Moments = now, c.level, c.moments
			ch := timeline(s, 1, clock{time.UTC}, now)
			var bars, marks []string
			for _, b := range append(append([]bar{}, ch.SignIns...), ch.Tokens...) {
				bars = append(bars, b.Class+" "+b.Title)
			}
			for _, m := range ch.SignOuts {
				marks = append(marks, m.Class+" "+m.Title)
			}
			if !slices.Equal(bars, c.bars) {
				t.Errorf("bars:\n%s", strings.Join(bars, "\n"))
			}
			if !slices.Equal(marks, c.marks) {
				t.Errorf("marks: %q", marks)
			}
			if ch.List[0].Text != c.list {
				t.Errorf("the list begins with %q", ch.List[0].Text)
			}
		})
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
