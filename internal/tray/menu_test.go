package tray

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
)

// It is Tuesday, 13:28 on a clock two hours ahead of UTC.
var (
	cest  = Clock{Loc: time.FixedZone("CEST", 2*3600)}
	noon  = time.Date(2026, 7, 14, 11, 28, 0, 0, time.UTC)
	alice = auth.Tenant{ID: "11111111-0000-0000-0000-000000000001", Name: "Contoso", Domain: "contoso.example"}
	other = auth.Tenant{ID: "22222222-0000-0000-0000-000000000002", Name: "Fabrikam", Domain: "fabrikam.example"}

	refused = &auth.Problem{Code: "AADSTS70043", Kind: auth.SignInRequired,
		Message: "Your organisation asks for a new sign-in every 12 hours.", Advice: "Choose Renew now."}
	device = &auth.Problem{Code: "AADSTS53000", Kind: auth.PolicyBlocked,
		Message: "Your organisation lets only managed devices in.", Advice: "Enrol this device in Company Portal."}
)

func clock(hour, minute int) time.Time { return time.Date(2026, 7, 14, hour-2, minute, 0, 0, time.UTC) }

// signedIn is a good sign-in; change makes something else of it.
func signedIn(change func(*agent.Snapshot)) agent.Snapshot {
	s := agent.Snapshot{Level: auth.OK, Account: "ada@contoso.example", Tenant: alice,
		Tenants: []auth.Tenant{alice, other}, Refreshable: true, TokenExpires: clock(14, 30),
		Containers: []containers.Status{{Name: "web", State: containers.Fresh, ExpiresOn: clock(14, 30)}}}
	if change != nil {
		change(&s)
	}
	return s
}

func TestMenuSaysWhatIsKnownAndUntilWhen(t *testing.T) {
	for _, c := range []struct {
		what  string
		s     agent.Snapshot
		lines []string
		renew string // "-" before it: not to be clicked
		title string // "": the first line
	}{
		{"all is well, no end is known", signedIn(nil),
			[]string{"Signed in to Contoso as ada@contoso.example", "Renews by itself; no end is known"}, "Renew now", ""},
		{"the end is learned, and from what", signedIn(func(s *agent.Snapshot) {
			s.Deadline, s.DeadlineSource, s.Lifetime = clock(17, 40), auth.DeadlineLearned, 12*time.Hour
		}), []string{"Signed in to Contoso as ada@contoso.example", "Sign-in ends today at 17:40 (learned: 12 hours)"}, "Renew now",
			"Signed in to Contoso until 17:40"},
		{"another tenant in use is the worst", signedIn(func(s *agent.Snapshot) {
			other := auth.Tenant{ID: "f", Name: "Fabrikam"}
			s.Level, s.Concerns, s.Deadline = auth.Expired, other, clock(13, 0)
			s.InUse = []agent.TenantState{{Tenant: s.Tenant, Level: auth.OK}, {Tenant: other, Level: auth.Expired}}
		}), []string{"The sign-in to Fabrikam has ended", "Containers are failing since 13:00", "Also in use: Contoso, signed in"}, "Renew now", ""},
		{"the endpoint is another tenant's", signedIn(func(s *agent.Snapshot) {
			s.Refreshable = true
			s.OpenAI = &openai.Result{Problem: &auth.Problem{Kind: auth.WrongTenant, Message: "The endpoint belongs to Fabrikam.", Advice: "Switch."}}
		}), []string{"Signed in to Contoso as ada@contoso.example", "Renews by itself; no end is known", "The endpoint belongs to Fabrikam. Switch."}, "Renew now", ""},
		{"a service principal", signedIn(func(s *agent.Snapshot) { s.Refreshable, s.Kind = true, auth.AccountSecret }),
			[]string{"Signed in to Contoso as ada@contoso.example", "Renews by itself; no end is known", "az is signed in as a service principal with a secret; no", "    browser renews that"}, "-Renew now", ""},
		{"the end is learned", signedIn(func(s *agent.Snapshot) {
			s.Deadline, s.DeadlineSource = clock(17, 40), auth.DeadlineLearned
		}), []string{"Signed in to Contoso as ada@contoso.example", "Sign-in ends today at 17:40 (learned)"}, "Renew now",
			"Signed in to Contoso until 17:40"},
		{"the end is configured, and on another day", signedIn(func(s *agent.Snapshot) {
			s.Deadline, s.DeadlineSource = clock(9, 0).AddDate(0, 0, 2), auth.DeadlineConfigured
		}), []string{"Signed in to Contoso as ada@contoso.example", "Sign-in ends on Thursday at 09:00 (your setting)"}, "Renew now",
			"Signed in to Contoso until Thursday 09:00"},
		{"silent renewal was not tried yet", signedIn(func(s *agent.Snapshot) { s.Refreshable = false }),
			[]string{"Signed in to Contoso as ada@contoso.example", "The token lasts until 14:30"}, "Renew now", ""},
		{"renewal is refused, the token lives", signedIn(func(s *agent.Snapshot) {
			s.Level, s.Problem = auth.Expiring, refused
			s.Deadline, s.DeadlineSource = clock(14, 5), auth.DeadlineAccessToken
		}), []string{"Sign in to Contoso again by 14:05 (in 37 min)", "Signed in to Contoso as ada@contoso.example",
			"Renewal is refused: containers work until 14:05 (in 37 min)",
			"Your organisation asks for a new sign-in every 12 hours."}, "Renew now", ""},
		{"renewal is refused, and no sign-in cures that", signedIn(func(s *agent.Snapshot) {
			s.Level, s.Problem = auth.Expiring, &auth.Problem{Code: "AADSTS53003", Kind: auth.PolicyBlocked, Message: "A policy blocks this.", Advice: "Ask."}
			s.Deadline, s.DeadlineSource = clock(14, 5), auth.DeadlineAccessToken
		}), []string{"Access to Contoso ends at 14:05 (in 37 min)", "Signed in to Contoso as ada@contoso.example",
			"Renewal is refused: containers work until 14:05 (in 37 min)", "A policy blocks this.", "Ask."}, "-Renew now", ""},
		{"an idle limit was learned", signedIn(func(s *agent.Snapshot) {
			s.Deadline, s.DeadlineSource = clock(9, 0).AddDate(0, 0, 2), auth.DeadlineLearned
			s.Lifetime, s.IdleLimit = 72*time.Hour, true
		}), []string{"Signed in to Contoso as ada@contoso.example", "Sign-in ends on Thursday at 09:00 if unused (learned: 3 days)"}, "Renew now",
			"Signed in to Contoso until Thursday 09:00"},
		{"the learned end is near", signedIn(func(s *agent.Snapshot) {
			s.Level, s.Deadline, s.DeadlineSource = auth.Expiring, clock(13, 40), auth.DeadlineLearned
		}), []string{"Sign in to Contoso again by 13:40 (in 12 min)", "Signed in to Contoso as ada@contoso.example",
			"Sign-in ends today at 13:40, in 12 min (learned)"}, "Renew now", ""},
		{"it has ended", signedIn(func(s *agent.Snapshot) {
			s.Level, s.Problem, s.Deadline = auth.Expired, refused, clock(13, 10)
		}), []string{"The sign-in to Contoso has ended", "Containers are failing since 13:10",
			"Your organisation asks for a new sign-in every 12 hours."}, "Renew now", ""},
		{"it has ended and no sign-in helps", signedIn(func(s *agent.Snapshot) { s.Level, s.Problem = auth.Expired, device }),
			[]string{"Access to Contoso is refused", "Your organisation lets only managed devices in.",
				"Enrol this device in Company Portal."}, "-Renew now", ""},
		{"good, with a problem that no sign-in cures", signedIn(func(s *agent.Snapshot) { s.Problem = device }),
			[]string{"Signed in to Contoso as ada@contoso.example", "Renews by itself; no end is known",
				"Your organisation lets only managed devices in.", "Enrol this device in Company Portal."}, "Renew now", ""},
		{"offline while the token lives", signedIn(func(s *agent.Snapshot) {
			s.OfflineSince, s.TokenExpires = clock(13, 2), clock(14, 0)
			s.Problem = &auth.Problem{Kind: auth.Offline, Message: "No network."}
		}), []string{"Signed in to Contoso as ada@contoso.example", "Renews by itself; no end is known",
			"Microsoft Entra can't be reached since 13:02; the token lasts", "    until 14:00 (in 32 min)"}, "Renew now", ""},
		{"offline, and the token is over", signedIn(func(s *agent.Snapshot) {
			s.Level, s.OfflineSince, s.TokenExpires = auth.Expired, clock(12, 2), clock(13, 0)
		}), []string{"The sign-in to Contoso has ended",
			"Microsoft Entra can't be reached since 12:02; the token ended", "    today at 13:00"}, "Renew now", ""},
		{"offline since before anything was known", agent.Snapshot{OfflineSince: clock(12, 2)},
			[]string{"The sign-in is not known yet", "Microsoft Entra can't be reached since 12:02"}, "Sign in", ""},
		{"nobody is signed in", agent.Snapshot{Level: auth.SignedOut},
			[]string{"Nobody is signed in to Azure", "Containers get no token until you sign in"}, "Sign in", ""},
		{"az is missing", agent.Snapshot{Level: auth.SignedOut, Missing: []*auth.Problem{
			{Kind: auth.AZMissing, Message: "The Azure CLI is not installed.", Advice: "Install it: aka.ms/azcli."}}},
			[]string{"Nobody is signed in to Azure", "Containers get no token until you sign in",
				"The Azure CLI is not installed. Install it: aka.ms/azcli."}, "-Sign in", ""},
		{"the browser is asking", signedIn(func(s *agent.Snapshot) {
			s.Level, s.Renewal = auth.Renewing, &agent.Renewal{Way: "browser", Tenant: other, Since: clock(13, 25)}
		}), []string{"Signing in to Fabrikam: your browser is asking you", "Started at 13:25"}, "", ""},
		{"a silent renewal cannot be cancelled", signedIn(func(s *agent.Snapshot) {
			s.Level, s.Renewal = auth.Renewing, &agent.Renewal{Way: "silent", Since: clock(13, 28)}
		}), []string{"Renewing the token for Contoso", "Started at 13:28"}, "-Renew now", ""},
		{"the last sign-in was cancelled", signedIn(func(s *agent.Snapshot) {
			s.Failure = &auth.Problem{Kind: auth.Cancelled, Message: "You cancelled it.", Advice: "Choose Renew now."}
		}), []string{"Signed in to Contoso as ada@contoso.example", "Renews by itself; no end is known",
			"The last sign-in: You cancelled it."}, "Renew now", ""},
	} {
		m := Menu(c.s, noon, cest)
		if got, want := strings.Join(m.Lines, "\n"), strings.Join(c.lines, "\n"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", c.what, got, want)
		}
		renew := m.Renew.Text
		if m.Renew.Disabled {
			renew = "-" + renew
		}
		if renew != c.renew {
			t.Errorf("%s: button %q, want %q", c.what, renew, c.renew)
		}
		if want := cmp.Or(c.title, c.lines[0]); m.Title != want {
			t.Errorf("%s: title %q, want %q", c.what, m.Title, want)
		}
		running := c.s.Renewal != nil && c.s.Renewal.Way != "silent"
		if (m.Cancel.Text == sayCancel) != running {
			t.Errorf("%s: Cancel is %q", c.what, m.Cancel.Text)
		}
	}
}

// While nobody knows which containers are the person's, nothing is said of how they stand.
func TestNoContainersWhileTheSettingsAreNotKnown(t *testing.T) {
	if m := Menu(signedIn(func(s *agent.Snapshot) { s.Held = true }), noon, cest); m.Containers.Text != "" {
		t.Errorf("the submenu %q", m.Containers.Text)
	}
}

func TestTenantMenu(t *testing.T) {
	twin := auth.Tenant{ID: "33333333-0000-0000-0000-000000000003", Name: "Contoso", Domain: "contoso-test.example"}
	m := Menu(signedIn(func(s *agent.Snapshot) { s.Tenants = []auth.Tenant{other, twin, alice} }), noon, cest)
	want := []Item{
		{Text: "Contoso (contoso.example)", Ticked: true},
		{Text: "Contoso (contoso-test.example)", Command: agent.UseTenant{TenantID: twin.ID}},
		{Text: "Fabrikam", Command: agent.UseTenant{TenantID: other.ID}},
	}
	if got := fmt.Sprintf("%#v", m.Tenants); got != fmt.Sprintf("%#v", Submenu{"Tenant: Contoso", want}) {
		t.Errorf("%s\nwant %#v", got, want)
	}
	busy := Menu(signedIn(func(s *agent.Snapshot) { s.Renewal = &agent.Renewal{Way: "browser"} }), noon, cest)
	for _, it := range busy.Tenants.Items {
		if !it.Disabled {
			t.Errorf("%q can be chosen while a sign-in runs", it.Text)
		}
	}
	if none := Menu(agent.Snapshot{}, noon, cest).Tenants; none.Text != "" {
		t.Errorf("a submenu of no tenants: %+v", none)
	}
}

func TestContainerMenu(t *testing.T) {
	sync := func(name string) agent.Command { return agent.Sync{Names: []string{name}} }
	m := Menu(signedIn(func(s *agent.Snapshot) {
		s.Containers = []containers.Status{
			{Name: "h", State: containers.Failed, Error: "the disk is full"},
			{Name: "g", State: containers.Unreachable},
			{Name: "f", State: containers.Unwritable},
			{Name: "e", State: containers.OwnSignIn},
			{Name: "d", State: containers.Shared},
			{Name: "c", State: containers.Missing},
			{Name: "b", State: containers.Stale},
			{Name: "a", State: containers.Fresh, ExpiresOn: clock(14, 0)},
		}
	}), noon, cest)
	want := Submenu{"Containers: 1 of 8 have the token", []Item{
		{Text: "Sync now", Command: agent.Sync{}},
		{Text: "a: has the token until 14:00 (in 32 min)", Command: sync("a")},
		{Text: "b: needs the new token", Command: sync("b")},
		{Text: "c: has no token yet", Command: sync("c")},
		{Text: "d: uses your own az directory, never written"},
		{Text: "e: has a sign-in of its own, left alone"},
		{Text: "f: its az directory is read-only"},
		{Text: "g: nothing in its image can use the token"},
		{Text: "h: the disk is full", Command: sync("h")},
	}}
	if got := fmt.Sprintf("%#v", m.Containers); got != fmt.Sprintf("%#v", want) {
		t.Errorf("%s\nwant %#v", got, want)
	}
	m = Menu(signedIn(func(s *agent.Snapshot) {
		s.Containers = []containers.Status{
			{Name: "a", State: containers.Fresh, Running: true, Restarting: true},
			{Name: "b", State: containers.Fresh, Running: true, Broken: true, Error: "It ended with exit code 3."},
			{Name: "c", State: containers.Fresh, Error: "Its log says that it got no token.", RestartHelps: true},
			{Name: "d", ID: "d", State: containers.Missing, Error: "It runs privileged.", Consent: containers.Consent{Question: containers.AskEngine}},
			{Name: "d2", ID: "d2", State: containers.Fresh, Consent: containers.Consent{Question: containers.AskRefresh}},
			{Name: "d3", ID: "d3", State: containers.Fresh, Refresh: true},
			{Name: "e", ID: "e", State: containers.Missing, Consent: containers.Consent{Question: containers.AskEngine, Never: true}},
			{Name: "f", ID: "f", State: containers.Fresh, Consent: containers.Consent{Question: containers.AskScopes}, Asks: "manage all your Azure subscriptions"},
			{Name: "g", ID: "g", State: containers.Fresh, Consent: containers.Consent{Question: containers.AskTenant, Never: true}, Asks: "act as you in the tenant fabrikam.example"},
			{Name: "h", ID: "h", State: containers.Fresh, Consent: containers.Consent{Question: containers.AskScopes},
				Asks: "act as you at a-harmless-name.example.com and manage all your Azure subscriptions"},
		}
	}), noon, cest)
	want = Submenu{"Containers: 8 of 10 have the token", []Item{
		{Text: "Sync now", Command: agent.Sync{}},
		{Text: "Restart containers (1 running)", Command: agent.Restart{}},
		{Text: "a: is being restarted", Command: sync("a")},
		{Text: "b: did not come back: It ended with exit code 3.", Command: sync("b")},
		{Text: "c: has the token, its log tells of a failure", Command: sync("c")},
		{Text: "    Restart c", Command: agent.Restart{Names: []string{"c"}}},
		{Text: "d: is to get the token only if you say so", Command: sync("d")},
		{Text: "    Give the token to d, which controls the engine", Command: agent.Answer{ContainerID: "d", Question: containers.AskEngine, Allow: true}},
		{Text: "    Never give the token to d", Command: agent.Answer{ContainerID: "d", Question: containers.AskEngine}},
		{Text: "d2: has the token, asks for your refresh token", Command: sync("d2")},
		{Text: "    Give your refresh token to d2", Command: agent.Answer{ContainerID: "d2", Question: containers.AskRefresh, Allow: true}},
		{Text: "    Never give your refresh token to d2", Command: agent.Answer{ContainerID: "d2", Question: containers.AskRefresh}},
		{Text: "d3: holds your refresh token", Command: sync("d3")},
		{Text: "e: never gets the token, as you said", Command: sync("e")},
		{Text: "    Give the token to e, which controls the engine", Command: agent.Answer{ContainerID: "e", Question: containers.AskEngine, Allow: true}},
		{Text: "f: has the token, asks for more", Command: sync("f")},
		{Text: "    Let it manage all your Azure subscriptions", Command: agent.Answer{ContainerID: "f", Question: containers.AskScopes, Allow: true}},
		{Text: "    Never let it manage all your Azure subscriptions", Command: agent.Answer{ContainerID: "f", Question: containers.AskScopes}},
		{Text: "g: has the token", Command: sync("g")},
		{Text: "    Let it act as you in the tenant fabrikam.example", Command: agent.Answer{ContainerID: "g", Question: containers.AskTenant, Allow: true}},
		{Text: "h: has the token, asks for more", Command: sync("h")},
		{Text: "    With its label, it may act as you at", Disabled: true},
		{Text: "    a-harmless-name.example.com and manage all your Azure", Disabled: true},
		{Text: "    subscriptions.", Disabled: true},
		{Text: "    Let it do that", Command: agent.Answer{ContainerID: "h", Question: containers.AskScopes, Allow: true}},
		{Text: "    Never let it do that", Command: agent.Answer{ContainerID: "h", Question: containers.AskScopes}},
	}}
	if got := fmt.Sprintf("%#v", m.Containers); got != fmt.Sprintf("%#v", want) {
		t.Errorf("%s\nwant %#v", got, want)
	}
	if m := Menu(agent.Snapshot{Uncovered: []containers.Uncovered{{Name: "web"}}}, noon, cest).Containers; len(m.Items) < 2 {
		t.Errorf("with none covered, those that are not are not named: %+v", m)
	}
	m = Menu(signedIn(func(s *agent.Snapshot) {
		s.Uncovered = []containers.Uncovered{{Name: "web", Why: "Its environment names AZURE_TENANT_ID.", Cover: `Cover it: add "web" to containers.names, or make it with --label aztray.deliver=true.`}}
	}), noon, cest)
	want = Submenu{"Containers: 1, it has the token", []Item{
		{Text: "Sync now", Command: agent.Sync{}},
		{Text: "web: has the token until 14:30", Command: sync("web")},
		{Text: "Not covered: web. Its environment names AZURE_TENANT_ID.", Disabled: true},
		{Text: `    Cover it: add "web" to containers.names, or make it with`, Disabled: true},
		{Text: "    --label aztray.deliver=true.", Disabled: true},
	}}
	if got := fmt.Sprintf("%#v", m.Containers); got != fmt.Sprintf("%#v", want) {
		t.Errorf("%s\nwant %#v", got, want)
	}
	if m := Menu(agent.Snapshot{}, noon, cest).Containers; m.Text != "Containers: none found" {
		t.Errorf("no containers: %+v", m)
	}
	gone := agent.Snapshot{Missing: []*auth.Problem{{Kind: auth.EngineMissing, Message: "Docker is not running."}}}
	if m := Menu(gone, noon, cest); m.Containers.Text != "" || m.Lines[len(m.Lines)-1] != "Docker is not running." {
		t.Errorf("no engine: %+v", m)
	}
	gone.Containers = []containers.Status{
		{Name: "a", Engine: "unix:///run/docker.sock", State: containers.Stale},
		{Name: "b", Engine: "ssh://ada@build", State: containers.Stale, Away: true},
	}
	if m := Menu(gone, noon, cest).Containers; len(m.Items) != 2 || m.Items[1].Text != "a: needs the new token" {
		t.Errorf("one engine of two: %+v", m)
	}
	gone.Containers[1].Away = false
	if m := Menu(gone, noon, cest).Containers; len(m.Items) != 3 || m.Items[2].Text != "b on ada@build: needs the new token" || m.Items[2].Command == nil {
		t.Errorf("two engines: %+v", m)
	}
}

// TestMenuFitsTheScreen: whatever arrives, lines stay short and few.
func TestMenuFitsTheScreen(t *testing.T) {
	long := strings.Repeat("Verylongwordindeed ", 40) + strings.Repeat("x", 300)
	s := agent.Snapshot{Level: auth.Expiring, Deadline: noon, Account: long, Tenant: auth.Tenant{Name: long},
		Problem: &auth.Problem{Message: long, Advice: long}, Missing: []*auth.Problem{{Message: long}}}
	for i := range 100 {
		s.Tenants = append(s.Tenants, auth.Tenant{ID: fmt.Sprint(i), Name: long})
		s.Containers = append(s.Containers, containers.Status{Name: long, State: containers.Failed, Error: long})
	}
	m := Menu(s, noon, cest)
	if len(m.Lines) > maxLines || len(m.Tenants.Items) != subItems || len(m.Containers.Items) != subItems {
		t.Errorf("%d lines, %d tenants, %d containers", len(m.Lines), len(m.Tenants.Items), len(m.Containers.Items))
	}
	if got, want := m.Tenants.Items[subItems-1].Text, "61 more: aztray tenant list"; got != want {
		t.Errorf("the last tenant is %q, want %q", got, want)
	}
	texts := append([]string{m.Tenants.Text, m.Containers.Text}, m.Lines...)
	for _, it := range append(m.Tenants.Items, m.Containers.Items...) {
		texts = append(texts, it.Text)
	}
	for _, text := range texts {
		if n := utf8.RuneCountInString(text); n == 0 || n > lineRunes {
			t.Errorf("%d runes: %q", n, text)
		}
	}
	if n := utf8.RuneCountInString(m.Title); n > titleRunes {
		t.Errorf("the title has %d runes", n)
	}
}

func TestLifeLeft(t *testing.T) {
	for _, c := range []struct {
		what string
		s    agent.Snapshot
		want float64
	}{
		{"no deadline", agent.Snapshot{Level: auth.OK}, NoLife},
		{"half of a sign-in of twelve hours", agent.Snapshot{Level: auth.OK, SignedInAt: noon.Add(-6 * time.Hour),
			Deadline: noon.Add(6 * time.Hour), DeadlineSource: auth.DeadlineLearned}, 0.5},
		{"its start is not known: a clock of one hour", agent.Snapshot{Level: auth.OK,
			Deadline: noon.Add(15 * time.Minute), DeadlineSource: auth.DeadlineLearned}, 0.25},
		{"only the token counts: a clock too", agent.Snapshot{Level: auth.Expiring, SignedInAt: noon.Add(-time.Hour),
			Deadline: noon.Add(30 * time.Minute), DeadlineSource: auth.DeadlineAccessToken}, 0.5},
		{"further than the clock's hour", agent.Snapshot{Level: auth.OK, Deadline: noon.Add(9 * time.Hour)}, 1},
		{"the deadline has just passed", agent.Snapshot{Level: auth.Expiring, Deadline: noon.Add(-time.Second)}, 0},
		{"red has no life", agent.Snapshot{Level: auth.Expired, Deadline: noon.Add(time.Hour)}, NoLife},
		{"a start after the end is no start", agent.Snapshot{Level: auth.OK, SignedInAt: noon.Add(time.Hour),
			Deadline: noon.Add(30 * time.Minute), DeadlineSource: auth.DeadlineConfigured}, 0.5},
	} {
		if got := lifeLeft(c.s, noon); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

func TestMoment(t *testing.T) {
	us := Clock{Loc: cest.Loc, Hour12: true}
	for _, c := range []struct {
		what         string
		c            Clock
		t            time.Time
		moment, verb string
	}{
		{"in less than a minute", cest, noon.Add(59 * time.Second), "13:28 (in less than a minute)", "today at 13:28, in less than a minute"},
		{"rounded down", cest, noon.Add(119 * time.Second), "13:29 (in 1 min)", "today at 13:29, in 1 min"},
		{"an hour is not relative", cest, noon.Add(time.Hour), "14:28", "today at 14:28"},
		{"just past", cest, noon.Add(-time.Minute), "13:27", "today at 13:27"},
		{"today, twelve hours to a face", us, clock(17, 40), "5:40 PM", "today at 5:40 PM"},
		{"near, but after midnight", Clock{Loc: time.FixedZone("", 12*3600+1800)}, noon.Add(40 * time.Minute),
			"Wednesday 00:38 (in 40 min)", "on Wednesday at 00:38, in 40 min"},
		{"within six days", cest, clock(9, 0).AddDate(0, 0, 5), "Sunday 09:00", "on Sunday at 09:00"},
		{"six days on, the weekday would mislead", cest, clock(9, 0).AddDate(0, 0, 6), "20 July 09:00", "on 20 July at 09:00"},
		{"last week", cest, clock(9, 0).AddDate(0, 0, -7), "7 July 09:00", "on 7 July at 09:00"},
	} {
		if got := c.c.moment(c.t, noon); got != c.moment {
			t.Errorf("%s: %q, want %q", c.what, got, c.moment)
		}
		if got := c.c.on(c.t, noon); got != c.verb {
			t.Errorf("%s: %q, want %q", c.what, got, c.verb)
		}
	}
}

func TestDetailsHoldEverythingButTokens(t *testing.T) {
	jwt := "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwcyJ9.c2lnbmF0dXJl"
	refresh := "0." + strings.Repeat("AXkA-x_9", 40)
	s := signedIn(func(s *agent.Snapshot) {
		s.Level, s.Deadline, s.DeadlineSource = auth.Expiring, clock(14, 5), auth.DeadlineAccessToken
		p := *refused
		p.Err = fmt.Errorf("az: %w", errors.New("AADSTS70043: expired\n"+jwt+" and "+refresh))
		s.Problem = &p
	})
	got := Details(s, noon)
	for _, want := range []string{"expiring", "ada@contoso.example", "Contoso contoso.example " + alice.ID,
		"2026-07-14T12:05:00Z (access-token)", "AADSTS70043", "sign-in-required", "AADSTS70043: expired", "web, , fresh, until 2026-07-14T12:30:00Z"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
	for _, secret := range []string{jwt, refresh, jwt[:40], refresh[:40]} {
		if strings.Contains(got, secret) {
			t.Errorf("holds %q:\n%s", secret, got)
		}
	}
}

func TestClipboardPackage(t *testing.T) {
	for _, c := range []struct {
		noTool, wayland bool
		want            string
	}{{true, true, "wl-clipboard"}, {true, false, "xclip"}, {false, true, ""}} {
		if got := clipboardPackage("linux", c.noTool, c.wayland); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// TestMenu_PageElsewhere: the menu says where the page is when that is not the usual place, and why.
func TestMenu_PageElsewhere(t *testing.T) {
	s := agent.Snapshot{Page: agent.Page{Address: "127.0.0.1:8001", Why: "port 8000 is left to the container web"}}
	said := func() bool {
		text := strings.Join(strings.Fields(strings.Join(Menu(s, time.Now(), Clock{}).Lines, " ")), " ")
		return strings.Contains(text, "Status page: 127.0.0.1:8001 (port 8000 is left to the container web)")
	}
	if !said() {
		t.Error("the menu does not say where the page is")
	}
	if s.Page.Why = ""; said() {
		t.Error("the menu names an address that is the usual one")
	}
}
