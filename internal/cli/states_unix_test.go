//go:build unix

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
)

var update = flag.Bool("update", false, "write the golden files anew")

// noon is when the document is printed.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

const (
	contoso  = "c0000000-aaaa-4aaa-8aaa-000000000001"
	fabrikam = "fab00000-bbbb-4bbb-8bbb-000000000002"
	robot    = "5e71a0b7-3c1d-4b6e-9f0a-2d8c4e6f1a03"
	scope    = "https://cognitiveservices.azure.com/.default"
)

// signedIn is Ada in Contoso, with a token that lasts until ends.
func signedIn(ends time.Time) signIn {
	s := signIn{tenant: auth.Tenant{ID: contoso, Name: "Contoso", Domain: "contoso.example"}, silent: auth.SilentWorks}
	s.row = auth.ProfileSubscription{ID: "50b00000-0000-4000-8000-000000000011", Name: "Contoso Development", State: "Enabled", IsDefault: true, TenantID: contoso, HomeTenantID: contoso}
	s.row.User.Name, s.row.User.Type = "ada@contoso.example", "user"
	s.files.Profile.Subscriptions = []auth.ProfileSubscription{s.row}
	s.token = auth.Token{Scope: scope, TenantID: contoso, ExpiresOn: ends}
	return s
}

// principal is the service principal in Ada's place.
func principal(s signIn) signIn {
	s.row.User.Name, s.row.User.Type = robot, "servicePrincipal"
	s.files.Profile.Subscriptions = []auth.ProfileSubscription{s.row}
	return s
}

// machine is the machine's own identity in Ada's place.
func machine(s signIn) signIn {
	s.row.User.Name, s.row.User.Type, s.row.User.Identity = "systemAssignedIdentity", "servicePrincipal", true
	s.files.Profile.Subscriptions = []auth.ProfileSubscription{s.row}
	return s
}

// box is a container that is covered.
func box(name string, state containers.State, ends time.Time, path, why string) containers.Status {
	return containers.Status{Name: name, ID: name, Delivery: "copy", State: state, Path: path, ExpiresOn: ends, Running: true, Error: why}
}

// azSaid are words of az's and of Entra's, shortened.
const (
	saidFrequency = "ERROR: AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token was issued on 2026-03-03T23:40:00.0000000Z and the maximum allowed lifetime for this request is 43200."
	saidIdle      = "ERROR: AADSTS700082: The refresh token has expired due to inactivity. The token was issued on 2025-12-01T11:50:24.4394320Z and was inactive for 90.00:00:00."
	saidMFA       = "ERROR: AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '7d312290-28c8-473c-a0ed-8e53749b6d6d'."
	saidDevice    = "ERROR: AADSTS53000: Device is not in required device state: compliant."
	saidGuest     = "ERROR: AADSTS50020: User account '{EmailHidden}' from identity provider 'https://sts.windows.net/x/' does not exist in tenant 'Fabrikam'."
	saidSecret    = "ERROR: AADSTS7000222: The provided client secret keys for app '" + robot + "' are expired."
	saidIdentity  = "ERROR: Failed to connect to MSI. Please make sure MSI is configured correctly.\nGet Token request returned: <Response [400]>"
	saidOffline   = "ERROR: HTTPSConnectionPool(host='login.microsoftonline.com', port=443): Max retries exceeded with url: /organizations (Caused by NewConnectionError('Failed to establish a new connection: [Errno 101] Network is unreachable'))"
	saidNoAccount = "ERROR: Please run 'az login' to setup account."
	saidBroken    = "Traceback (most recent call last):\n  File \"/usr/bin/az\", line 5\nModuleNotFoundError: No module named 'azure'"
	saidTooOld    = "ERROR: unrecognized arguments: --scope https://cognitiveservices.azure.com/.default"
	saidUnknown   = "ERROR: AADSTS9988776: Something that was never seen before."
)

// state is one state of the world.
type state struct {
	name     string
	signIn   signIn
	said     string // why az gives no token; "" where it was not asked
	boxes    []containers.Status
	engine   *auth.Problem // why there is no engine
	noAZ     bool
	known    auth.Policy // of the tenant
	signedAt time.Time
	used     time.Time     // when az last used its sign-in
	setting  time.Duration // azure.sign_in_lifetime
	openai   *openai.Result
}

var hour = noon.Add(time.Hour)

func states() []state {
	noDocker := &auth.Problem{Code: "ENGINE_NOT_FOUND", Kind: auth.EngineMissing, Message: "No Docker engine was found on this machine.", Advice: "Start Docker, or set engine.hosts to where it is."}
	several := signedIn(hour)
	for i, t := range []string{fabrikam, contoso} {
		row := several.row
		row.ID, row.Name, row.TenantID, row.IsDefault = fmt.Sprint("s-", i), "Lab", t, false
		row.User.Name = []string{"ada@contoso.example", "bob@fabrikam.example"}[i]
		several.files.Profile.Subscriptions = append(several.files.Profile.Subscriptions, row)
	}
	guest := signedIn(hour)
	guest.tenant, guest.token = auth.Tenant{ID: fabrikam}, auth.Token{}
	level := signedIn(hour)
	level.row.ID, level.row.Name = contoso, "N/A(tenant level account)"
	expired := signedIn(noon.Add(-3 * time.Hour))
	all := []containers.Status{
		box("shop-api", containers.Fresh, hour, "/root/.azure", ""), box("shop-web", containers.Stale, noon.Add(-time.Minute), "/home/app/.azure", ""),
		box("shop-job", containers.Missing, time.Time{}, "/root/.azure", ""), box("shop-mine", containers.Shared, time.Time{}, "/root/.azure", ""),
		box("shop-own", containers.OwnSignIn, time.Time{}, "/root/.azure", ""), box("shop-ro", containers.Unwritable, time.Time{}, "/root/.azure", ""),
		box("shop-bare", containers.Unreachable, time.Time{}, "", ""), box("shop-odd", containers.Failed, time.Time{}, "/root/.azure", "The engine did not answer in time."),
	}
	return []state{
		{name: "Signed in", signIn: signedIn(hour), boxes: all[:1]},
		{name: "Signed in, the end learned", signIn: signedIn(hour), known: auth.Policy{SignIn: auth.Learned{Lasts: 12 * time.Hour}}, signedAt: noon.Add(-5 * time.Hour)},
		{name: "Signed in, the end of an unused sign-in learned", signIn: signedIn(hour), known: auth.Policy{Idle: auth.Learned{Lasts: 90 * 24 * time.Hour}}, used: noon.Add(-5 * time.Hour)},
		{name: "Signed in, the end configured", signIn: signedIn(hour), setting: 12 * time.Hour, signedAt: noon.Add(-5 * time.Hour)},
		{name: "The end comes near, learned", signIn: signedIn(hour), known: auth.Policy{SignIn: auth.Learned{Lasts: 12 * time.Hour}}, signedAt: noon.Add(-11*time.Hour - 40*time.Minute), boxes: all[:1]},
		{name: "The end comes near, configured", signIn: signedIn(hour), setting: 12 * time.Hour, signedAt: noon.Add(-11*time.Hour - 40*time.Minute)},
		{name: "Refused by the sign-in frequency, while the token lives", signIn: signedIn(noon.Add(35 * time.Minute)), said: saidFrequency, boxes: []containers.Status{box("shop-api", containers.Fresh, noon.Add(35*time.Minute), "/root/.azure", "")}},
		{name: "Ended by the sign-in frequency", signIn: expired, said: saidFrequency, boxes: all[1:2]},
		{name: "Ended because it was not used", signIn: expired, said: saidIdle},
		{name: "Multifactor authentication is wanted", signIn: expired, said: saidMFA},
		{name: "Blocked by policy", signIn: expired, said: saidDevice},
		{name: "Wrong tenant", signIn: guest, said: saidGuest},
		{name: "A refusal that nobody knows", signIn: expired, said: saidUnknown},
		{name: "Nobody is signed in", signIn: signIn{}, said: saidNoAccount, boxes: all[2:3]},
		{name: "No network, the token lives", signIn: signedIn(noon.Add(8 * time.Minute)), said: saidOffline},
		{name: "No network, and the token has ended", signIn: expired, said: saidOffline},
		{name: "A service principal", signIn: principal(signedIn(hour)), boxes: all[:1]},
		{name: "A service principal whose secret has expired", signIn: principal(expired), said: saidSecret, boxes: all[1:2]},
		{name: "The machine's managed identity", signIn: machine(signedIn(hour))},
		{name: "The machine's managed identity, refused", signIn: machine(expired), said: saidIdentity},
		{name: "A tenant without a subscription", signIn: level},
		{name: "Several tenants and people", signIn: several},
		{name: "az is not installed, and a token lives", signIn: signedIn(hour), noAZ: true},
		{name: "az is not installed, and nobody was ever signed in", signIn: signIn{}, said: saidNoAccount, noAZ: true},
		{name: "az is too old", signIn: principal(expired), said: saidTooOld},
		{name: "az is broken", signIn: principal(expired), said: saidBroken},
		{name: "No Docker", signIn: signedIn(hour), engine: noDocker},
		{name: "A container that lacks the new credential", signIn: signedIn(hour), boxes: all[:3]},
		{name: "Every state of a container", signIn: signedIn(hour), boxes: all},
		{name: "The endpoint refuses for want of a role", signIn: signedIn(hour), openai: &openai.Result{Endpoint: "https://contoso-openai.openai.azure.com", Status: openai.Unhealthy,
			Problem: &auth.Problem{Code: "PermissionDenied", Kind: auth.ConfigError, Message: "The account lacks a role at the endpoint.", Advice: "Ask for the role Cognitive Services OpenAI User on it; signing in again does not help."}}},
	}
}

// Every state as `aztray service status` prints it, in one document that can be read from top to bottom.
func TestStatusInEveryState(t *testing.T) {
	var doc strings.Builder
	doc.WriteString("# What aztray service status says in each state, on Wednesday 4 March 2026 at 12:00\n")
	for _, st := range states() {
		fmt.Fprintf(&doc, "\n## %s\n\n", st.name)
		out, code := st.print(t)
		for line := range strings.Lines(out) {
			doc.WriteString(strings.TrimRight("    "+strings.TrimRight(line, "\n"), " ") + "\n")
		}
		fmt.Fprintf(&doc, "\nExit code %d.\n", code)
	}
	golden := filepath.Join("testdata", "status.md")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(golden, []byte(doc.String()), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := doc.String(); got != string(want) {
		t.Errorf("%s is out of date; read what changed and write it anew with -update:\n%s", golden, differing(got, string(want)))
	}
}

// differing is the first lines that differ.
func differing(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, a[i], strings.Join(b[min(i, len(b)):min(i+1, len(b))], ""))
		}
	}
	return "it is shorter"
}

// print is the state as a command prints it, with its exit code.
func (st state) print(t *testing.T) (string, int) {
	t.Helper()
	here := time.Local
	time.Local = time.UTC // where the document is printed
	defer func() { time.Local = here }()
	dir := t.TempDir()
	known, err := json.Marshal(agent.Memory{Signs: map[string]agent.History{contoso: {SignedInAt: st.signedAt, Policy: st.known}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stateFile(dir), known, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := &command{Env: Env{Out: &out, Err: &out, Now: func() time.Time { return noon }}, format: "table"}
	c.settings.Azure.Scope, c.settings.Azure.SignInLifetime = scope, st.setting
	c.settings.Notify.Warn = []time.Duration{30 * time.Minute, 10 * time.Minute, 2 * time.Minute}
	az := filepath.Join(dir, "az")
	if !st.noAZ {
		script := "#!/bin/sh\ncat >&2 <<'END'\n" + st.said + "\nEND\nexit 1\n"
		if err := os.WriteFile(az, []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	c.client = auth.Client{AZ: auth.CLI{Path: az}, Dir: auth.Dir(dir), StateDir: dir}
	var f found
	if st.engine != nil {
		f = found{away: []*auth.Problem{st.engine}, none: true}
	}
	if !st.used.IsZero() {
		st.signIn.files.Cache = usedAt(t, dir, st.used)
	}
	if st.said != "" {
		st.signIn = c.refused(t, st.signIn, st.said)
	}
	r := c.report(t.Context(), st.signIn, f, st.boxes)
	r.Report.OpenAI = st.openai
	err = c.print(r)
	code := 0
	if e, ok := errors.AsType[exit](err); ok {
		code = int(e)
	} else if err != nil {
		t.Fatal(err)
	}
	return out.String(), code
}

// refused is a sign-in that az says this of.
func (c *command) refused(t *testing.T, s signIn, said string) signIn {
	t.Helper()
	s.problem = auth.Classify(said, nil).With(s.tenant.ID, scope)
	if _, err := c.client.Token(t.Context(), s.files, s.row.User.Name, s.tenant.ID, scope); c.client.AZ.Problem() == nil {
		s.problem = problemOf(err)
	}
	s.silent = auth.SilentUntried
	if s.problem.Refuses() {
		s.silent = auth.SilentRefused
	}
	return s
}

// usedAt is a token cache of az's, last used at a moment.
func usedAt(t *testing.T, dir string, at time.Time) *auth.Cache {
	t.Helper()
	cache := fmt.Sprintf(`{"Account": {"a": {"home_account_id": "o.%s", "environment": "login.microsoftonline.com", "username": "ada@contoso.example"}},
		"RefreshToken": {"r": {"home_account_id": "o.%s", "last_modification_time": "%d"}}}`, contoso, contoso, at.Unix())
	if err := os.WriteFile(filepath.Join(dir, "msal_token_cache.json"), []byte(cache), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := auth.Dir(dir).Read(t.Context())
	if err != nil || f.Cache == nil {
		t.Fatal("the token cache cannot be read: ", err)
	}
	return f.Cache
}
