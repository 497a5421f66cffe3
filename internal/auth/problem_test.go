package auth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The texts as az, Entra, MSAL and azidentity wrote them are in testdata/problems.
var textCases = []struct {
	file, code string
	kind       Kind
	message    string // "" means any
}{
	{"signin-frequency-az-2.45", "AADSTS70043", SignInRequired, "Your organisation ends sign-ins after 12 hours, and this one has reached its end."},
	{"signin-frequency-az-2.83", "AADSTS70043", SignInRequired, "Your organisation ends sign-ins after 30 days, and this one has reached its end."},
	{"signin-frequency-session", "AADSTS70044", SignInRequired, "Your organisation limits how long a session lasts, and this one has reached its end."},
	{"idle-90-days", "AADSTS700082", SignInRequired, "This sign-in ended because it was not used for 90 days."},
	{"idle-12-hours", "AADSTS700082", SignInRequired, "This sign-in ended because it was not used for 12 hours."},
	{"idle-wam", "AADSTS700082", SignInRequired, "This sign-in ended because it was not used for 90 days."},
	{"revoked", "AADSTS50173", SignInRequired, ""},
	{"revoked-body", "AADSTS50173", SignInRequired, ""},
	{"spa-token", "AADSTS700084", SignInRequired, ""},
	{"mfa-required", "AADSTS50076", ClaimsRequired, ""},
	{"mfa-expired", "AADSTS50078", ClaimsRequired, ""},
	{"mfa-claims-body", "AADSTS50076", ClaimsRequired, ""},
	{"claims-az-2.76", "CLAIMS_REQUIRED", ClaimsRequired, ""},
	{"claims-azidentity", "CLAIMS_REQUIRED", ClaimsRequired, ""},
	{"claims-challenge", "CLAIMS_REQUIRED", ClaimsRequired, ""},
	{"device-not-compliant", "AADSTS53000", PolicyBlocked, "Your organisation requires a compliant device for this, and this one is not."},
	{"conditional-access", "AADSTS53003", PolicyBlocked, ""},
	{"device-deleted", "AADSTS700003", SignInRequired, ""},
	{"password-expired", "AADSTS50055", PasswordFirst, ""},
	{"account-locked", "AADSTS50053", AccountBlocked, ""},
	{"guest-missing", "AADSTS50020", WrongTenant, "This account is not a member of the tenant."},
	{"tenant-unknown", "AADSTS90002", WrongTenant, ""},
	{"consent", "AADSTS65001", ConsentNeeded, ""},
	{"declined", "AADSTS65004", Cancelled, ""},
	{"resource-unknown", "AADSTS500011", ConfigError, ""},
	{"secret-expired", "AADSTS7000222", ConfigError, "The service principal's secret has expired."},
	{"certificate-unknown", "AADSTS700027", ConfigError, ""},
	{"federated-token-over", "AADSTS700024", ConfigError, "The service principal's federated token or certificate proof is out of date."},
	{"federation-untrusted", "AADSTS700213", ConfigError, ""},
	{"az-identity-refused", "MANAGED_IDENTITY_REFUSED", ConfigError, "The managed identity endpoint gives az no token."},
	{"az-identity-busy", "MANAGED_IDENTITY_UNREACHABLE", Offline, ""},
	{"az-identity-unreachable", "MANAGED_IDENTITY_UNREACHABLE", Offline, "The managed identity endpoint of this machine does not answer."},
	{"saml", "AADSTS750054", ConfigError, ""},
	{"loop", "AADSTS50196", Transient, ""},
	{"unknown-code", "AADSTS9988776", Unclassified, ""},
	{"warning-of-another-tenant", "AZ_NO_SUBSCRIPTIONS", SignInRequired, ""},

	{"az-not-signed-in", "AZ_NOT_SIGNED_IN", SignInRequired, "az is not signed in."},
	{"az-not-signed-in-azidentity", "AZ_NOT_SIGNED_IN", SignInRequired, ""},
	{"az-account-not-cached", "AZ_ACCOUNT_NOT_CACHED", SignInRequired, ""},
	{"az-token-not-cached", "AZ_TOKEN_NOT_CACHED", SignInRequired, ""},
	{"az-no-subscriptions", "AZ_NO_SUBSCRIPTIONS", SignInRequired, ""},
	{"az-subscription-unknown", "AZ_SUBSCRIPTION_UNKNOWN", ConfigError, ""},
	{"az-subscription-not-found", "AZ_SUBSCRIPTION_UNKNOWN", ConfigError, ""},
	{"az-interaction-2.45", "SIGN_IN_REQUIRED", SignInRequired, ""},
	{"az-interaction-2.83", "SIGN_IN_REQUIRED", SignInRequired, ""},
	{"az-wam-interaction", "SIGN_IN_REQUIRED", SignInRequired, ""},
	{"az-wam-account", "SIGN_IN_REQUIRED", SignInRequired, ""},
	{"az-wam-cancelled", "SIGN_IN_CANCELLED", Cancelled, ""},
	{"az-wam-offline", "NET_UNREACHABLE", Offline, ""},
	{"az-wam-transient", "ENTRA_UNAVAILABLE", Transient, ""},
	{"az-principal-not-cached", "AZ_PRINCIPAL_NOT_CACHED", ConfigError, ""},
	{"az-several-accounts", "AZ_SEVERAL_ACCOUNTS", ConfigError, ""},
	{"az-tenant-unresolved", "AZ_TENANT_UNKNOWN", WrongTenant, ""},
	{"az-authority", "AZ_TENANT_UNKNOWN", WrongTenant, ""},
	{"az-lockfile", "AZ_CACHE_LOCKED", Transient, ""},
	{"az-files-denied", "AZ_FILES_DENIED", AZBroken, ""},
	{"az-files-denied-windows", "AZ_FILES_DENIED", AZBroken, ""},
	{"az-read-only", "AZ_FILES_READ_ONLY", AZBroken, ""},
	{"az-disk-full", "DISK_FULL", AZBroken, ""},
	{"az-undecryptable", "AZ_CACHE_UNDECRYPTED", AZBroken, ""},
	{"az-torn-cache", "AZ_CACHE_TORN", Transient, ""},
	{"az-broken", "AZ_BROKEN", AZBroken, ""},
	{"az-broken-interpreter", "AZ_BROKEN", AZBroken, ""},
	{"az-crashed", "AZ_CRASHED", AZBroken, ""},
	{"az-crashed-in-throttled", "AZ_CRASHED", AZBroken, ""},
	{"az-two-versions", "AZ_VERSIONS_MIXED", AZBroken, ""},
	{"az-no-key-ring", "AZ_NO_KEY_RING", AZBroken, ""},
	{"az-modules-2.74", "AZ_NOT_SIGNED_IN", SignInRequired, ""},
	{"az-too-old", "AZ_TOO_OLD", AZBroken, ""},
	{"az-too-old-scope", "AZ_TOO_OLD", AZBroken, ""},
	{"az-usage", "AZ_USAGE", ConfigError, ""},
	{"az-missing-sh", "AZ_NOT_FOUND", AZMissing, ""},
	{"az-missing-cmd", "AZ_NOT_FOUND", AZMissing, ""},
	{"az-missing-azidentity", "AZ_NOT_FOUND", AZMissing, ""},

	{"net-offline-traceback", "NET_UNREACHABLE", Offline, ""},
	{"net-proxy", "NET_PROXY", Offline, ""},
	{"net-certificate", "NET_CERTIFICATE", Offline, "Your network presents a certificate that this machine does not trust."},
	{"net-ca-bundle", "CA_BUNDLE_UNREADABLE", ConfigError, ""},
	{"net-dns", "NET_DNS", Offline, ""},
	{"net-timeout", "NET_TIMEOUT", Offline, ""},
	{"net-go-text", "NET_UNREACHABLE", Offline, ""},
	{"entra-throttled", "ENTRA_THROTTLED", Transient, ""},
	{"entra-unavailable-go", "ENTRA_UNAVAILABLE", Transient, ""},
	{"entra-unavailable-py", "ENTRA_UNAVAILABLE", Transient, ""},
	{"entra-temporarily", "AADSTS9990001", Transient, ""},
	{"declined-no-code", "SIGN_IN_DECLINED", Cancelled, ""},
	{"nobody-knows", "UNCLASSIFIED", Unclassified, ""},
}

func TestClassifyTexts(t *testing.T) {
	files := problemTexts(t)
	for _, c := range textCases {
		text, ok := files[c.file]
		if !ok {
			t.Errorf("%s: no such text", c.file)
			continue
		}
		delete(files, c.file)
		p := Classify(text, errors.New("exit status 1"))
		if p.Code != c.code || p.Kind != c.kind {
			t.Errorf("%s: %s %s, want %s %s", c.file, p.Code, p.Kind, c.code, c.kind)
		}
		if c.message != "" && p.Message != c.message {
			t.Errorf("%s: %q, want %q", c.file, p.Message, c.message)
		}
		readsWell(t, c.file, p)
	}
	for name := range files {
		t.Errorf("%s: no row says what it is", name)
	}
}

// problemTexts reads testdata/problems: the text by the file's name without .txt.
func problemTexts(t testing.TB) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "problems", "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no texts: %v", err)
	}
	texts := make(map[string]string)
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[strings.TrimSuffix(filepath.Base(path), ".txt")] = string(b)
	}
	return texts
}

// readsWell checks what a person reads.
func readsWell(t *testing.T, name string, p *Problem) {
	t.Helper()
	m := p.Message
	if !strings.HasSuffix(m, ".") || strings.ContainsAny(m, "\n\r{}") || strings.Contains(m, ". ") || len(m) >= 120 {
		t.Errorf("%s: not one short sentence: %q", name, m)
	}
	if p.Advice == "" || strings.ContainsAny(p.Advice, "\n\r{}") || len(p.Advice) > 300 {
		t.Errorf("%s: advice %q", name, p.Advice)
	}
	if p.Code == "" || p.Kind == "" {
		t.Errorf("%s: code %q, kind %q", name, p.Code, p.Kind)
	}
}

// A sign-in that ended and that also wants claims is satisfied by nothing less than those claims.
func TestClaimsMakeAnySignInExact(t *testing.T) {
	p := Classify("ERROR: AADSTS50173: revoked. Run: az login --claims-challenge "+someClaims, nil)
	if p.Code != "AADSTS50173" || p.Kind != ClaimsRequired || !strings.HasSuffix(p.Advice, "az login --claims-challenge "+someClaims) {
		t.Errorf("%s %s: %s", p.Code, p.Kind, p.Advice)
	}
}

func TestClassifyErrors(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connect: connection refused")}
	for name, c := range map[string]struct {
		text string
		err  error
		code string
	}{
		"az is not on PATH":                       {"", &exec.Error{Name: "az", Err: exec.ErrNotFound}, "AZ_NOT_FOUND"},
		"az's path is wrong":                      {"", runs(t, "/nowhere/az"), "AZ_NOT_FOUND"},
		"a shell that finds no az":                {"", runs(t, "sh", "-c", "exit 127"), "AZ_NOT_FOUND"},
		"az does not know an option, says nought": {"", runs(t, "sh", "-c", "exit 2"), "AZ_USAGE"},
		"az was killed":                           {"", runs(t, "sh", "-c", "kill -9 $$"), "AZ_KILLED"},
		"az failed and said nought":               {"", runs(t, "sh", "-c", "exit 1"), "UNCLASSIFIED"},
		"text counts more than the exit code":     {"ERROR: Please run 'az login' to setup account.", runs(t, "sh", "-c", "exit 127"), "AZ_NOT_SIGNED_IN"},
		"no such name":                            {"", &url.Error{Op: "Post", URL: "https://login.example/", Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}}, "NET_DNS"},
		"a refused connection":                    {"", &url.Error{Op: "Post", URL: "https://login.example/", Err: refused}, "NET_UNREACHABLE"},
		"a proxy that is away":                    {"", &url.Error{Op: "Post", Err: &net.OpError{Op: "proxyconnect", Err: refused}}, "NET_PROXY"},
		"a slow answer":                           {"", &url.Error{Op: "Post", URL: "https://login.example/", Err: context.DeadlineExceeded}, "NET_TIMEOUT"},
		"no time left":                            {"", context.DeadlineExceeded, "NET_TIMEOUT"},
		"no time left, but Entra had answered":    {"ERROR: AADSTS50076: x", context.DeadlineExceeded, "AADSTS50076"},
		"no time left, but az had answered":       {"ERROR: Please run 'az login' to setup account.", fmt.Errorf("az: %w", context.DeadlineExceeded), "AZ_NOT_SIGNED_IN"},
		"nobody answered in the browser":          {"WARNING: A web browser has been opened at https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize. Please continue the login in the web browser.", fmt.Errorf("az: %w", context.DeadlineExceeded), "SIGN_IN_TIMED_OUT"},
		"cancelled, whatever else was said":       {"ERROR: AADSTS50076: x", fmt.Errorf("az: %w", context.Canceled), "SIGN_IN_CANCELLED"},
		"nothing at all":                          {"", nil, "UNCLASSIFIED"},
	} {
		p := Classify(c.text, c.err)
		if p.Code != c.code {
			t.Errorf("%s: %s, want %s", name, p.Code, c.code)
		}
		readsWell(t, name, p)
	}
	if p := notInTenant; Classify("ERROR: AADSTS50076", fmt.Errorf("az: %w", p)) != p {
		t.Error("a Problem is classified anew")
	}
	p := Classify("", fmt.Errorf("az: %w", context.DeadlineExceeded))
	if !errors.Is(p, context.DeadlineExceeded) || errors.Is(p, context.Canceled) {
		t.Errorf("errors.Is does not see the plain cause of %v", p.Err)
	}
}

// runs gives the error of a command that fails.
func runs(t *testing.T, name string, args ...string) error {
	t.Helper()
	err := exec.Command(name, args...).Run()
	if err == nil {
		t.Fatalf("%s %v did not fail", name, args)
	}
	return err
}

func TestClassifyEntra(t *testing.T) {
	for name, c := range map[string]struct {
		code, oauth, suberror, description string
		want                               string
		kind                               Kind
	}{
		"a known code":                          {"AADSTS53000", "interaction_required", "", "", "AADSTS53000", PolicyBlocked},
		"the code stands in the description":    {"", "invalid_grant", "", "AADSTS70043: x", "AADSTS70043", SignInRequired},
		"an unknown code that is busy":          {"AADSTS1234567", "temporarily_unavailable", "", "", "AADSTS1234567", Transient},
		"an unknown code that wants a person":   {"AADSTS1234567", "interaction_required", "", "", "AADSTS1234567", SignInRequired},
		"an unknown code that wants a device":   {"AADSTS1234567", "invalid_grant", "additional_action", "", "AADSTS1234567", PolicyBlocked},
		"an unknown code and nothing certain":   {"AADSTS1234567", "invalid_grant", "", "", "AADSTS1234567", Unclassified},
		"no code, the person said no":           {"", "access_denied", "", "the owner denied the request", "SIGN_IN_DECLINED", Cancelled},
		"no code, the device code grew old":     {"", "expired_token", "", "", "SIGN_IN_TIMED_OUT", TimedOut},
		"no code, the password has expired":     {"", "invalid_grant", "user_password_expired", "", "PASSWORD_EXPIRED", PasswordFirst},
		"no code, consent is missing":           {"", "invalid_grant", "consent_required", "", "CONSENT_REQUIRED", ConsentNeeded},
		"no code, the scope is wrong":           {"", "invalid_scope", "", "", "ENTRA_CONFIG", ConfigError},
		"no code, an error nobody has heard of": {"", "vexed", "", "", "UNCLASSIFIED", Unclassified},
	} {
		p := ClassifyEntra(c.code, c.oauth, c.suberror, c.description)
		if p.Code != c.want || p.Kind != c.kind {
			t.Errorf("%s: %s %s, want %s %s", name, p.Code, p.Kind, c.want, c.kind)
		}
		readsWell(t, name, p)
	}
}

// Every code that is known to end, block or delay a sign-in, by what it asks of the person.
var knownCodes = map[Kind]string{
	SignInRequired: "50058 50089 50132 50133 50173 70000 70008 700082 70043 70044 700084 700020 50085 54005 50140 50199 70018 50126 700003",
	Cancelled:      "65004",
	TimedOut:       "70019",
	ClaimsRequired: "50072 50079 50074 50076 50078 50158 500121 50125",
	PasswordFirst:  "50055 50144 50135",
	AccountBlocked: "50053 50057",
	PolicyBlocked:  "50097 50005 50127 50129 50131 50155 50187 53000 53001 53002 53003 53004 53010 53011 530003 530032 530034 530035 135011",
	WrongTenant:    "50020 50034 50128 51004 90072 16000 16003 50177 50178 90002 90038 500021 500022 500212 500213 50105",
	ConsentNeeded:  "65001 90094 90095 65002",
	ConfigError: "500011 500113 50011 650052 650057 70001 70011 700016 70002 7000215 7000222 7000218 900144 9002313 " +
		"7000112 700024 700027 70021 700211 700212 700213 50027 700023 75001 75003 75005 75008 75011 75016 7500514 750054",
	Transient: "50196 90033 90006 90012 90024 90055 90090 50033 50087 50088 80005",
}

func TestEveryKnownCodeHasARow(t *testing.T) {
	known := map[string]bool{"75xxx": true}
	for kind, codes := range knownCodes {
		for number := range strings.FieldsSeq(codes) {
			known[number] = true
			p := Classify("ERROR: AADSTS"+number+": Some words of the server.", nil)
			if p.Code != "AADSTS"+number || p.Kind != kind {
				t.Errorf("%s: %s %s, want %s", number, p.Code, p.Kind, kind)
			}
			readsWell(t, number, p)
		}
	}
	for number := range entraByNumber() {
		if !known[number] {
			t.Errorf("%s has a row and no place in this test", number)
		}
	}
}

func TestTablesHoldTogether(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range slices.Concat(entraFaults, ownFaults) {
		for code := range strings.FieldsSeq(f.codes) {
			if seen[code] {
				t.Errorf("%s has two rows", code)
			}
			seen[code] = true
			readsWell(t, code, problem(code, f, Lesson{}, nil))
		}
	}
	for _, p := range phrases {
		if !seen[p.code] {
			t.Errorf("%s is said and has no row", p.code)
		}
		for _, s := range p.says {
			if s != strings.ToLower(s) {
				t.Errorf("%q can never match: texts are compared in lower case", s)
			}
		}
	}
	for oauth, code := range oauthCodes {
		if !seen[code] {
			t.Errorf("%s leads to %s, which has no row", oauth, code)
		}
	}
}

func TestWhatSignInCures(t *testing.T) {
	cures := []Kind{SignInRequired, ClaimsRequired, Unclassified, TimedOut, Cancelled}
	refuses := []Kind{SignInRequired, ClaimsRequired, WrongTenant, PolicyBlocked, PasswordFirst, AccountBlocked, ConsentNeeded, ConfigError, Unclassified}
	for _, k := range []Kind{SignInRequired, ClaimsRequired, WrongTenant, PolicyBlocked, PasswordFirst, AccountBlocked, ConsentNeeded,
		ConfigError, Transient, Offline, AZMissing, AZBroken, Cancelled, TimedOut, EngineMissing, Unclassified} {
		p := &Problem{Code: "AADSTS1", Kind: k}
		if got := p.SignInCures(); got != slices.Contains(cures, k) {
			t.Errorf("%s: SignInCures is %v", k, got)
		}
		if got := p.Refuses(); got != slices.Contains(refuses, k) {
			t.Errorf("%s: Refuses is %v", k, got)
		}
	}
	for code, want := range map[string]bool{"CA_BUNDLE_UNREADABLE": false, "AZ_USAGE": false, "AZ_PRINCIPAL_NOT_CACHED": true, "MANAGED_IDENTITY_REFUSED": true} {
		if (&Problem{Code: code, Kind: ConfigError}).Refuses() != want {
			t.Errorf("%s: Refuses is %v", code, !want)
		}
	}
}

func TestAdviceNamesTenantAndScope(t *testing.T) {
	const tenant, scope = "eeff6f72-412a-4df3-9eac-064920c95e17", "https://cognitiveservices.azure.com/.default"
	texts := problemTexts(t)
	for name, c := range map[string]struct{ text, tenant, scope, want string }{
		"nothing known":          {texts["signin-frequency-az-2.45"], "", "", "Sign in again: aztray service auth-renew"},
		"tenant":                 {texts["signin-frequency-az-2.45"], tenant, scope, "Sign in again: aztray service auth-renew --tenant " + tenant},
		"tenant and scope":       {texts["mfa-required"], tenant, scope, "Sign in with this tenant and scope: az login --tenant " + tenant + " --scope " + scope},
		"claims":                 {texts["claims-azidentity"], tenant, "", "Sign in with this tenant and scope: az login --tenant " + tenant + " --claims-challenge eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlcyI6WyJwMSJdfX19"},
		"the code":               {texts["device-not-compliant"], tenant, scope, "Signing in again does not help: check the device in Company Portal, or ask your administrator, naming AADSTS53000."},
		"a scope with a quote":   {texts["mfa-required"], "", "a'b; c", `Sign in with this tenant and scope: az login --scope 'a'\''b; c'`},
		"its number, to look up": {texts["unknown-code"], "", "", "Sign in once: aztray service auth-renew (if it is refused again, see https://login.microsoftonline.com/error?code=9988776)"},
	} {
		p := Classify(c.text, nil)
		before := *p
		if got := p.With(c.tenant, c.scope).Advice; got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
		if *p != before {
			t.Errorf("%s: With changed the original", name)
		}
	}
	const app = "5e71a0b7-3c1d-4b6e-9f0a-2d8c4e6f1a03"
	expired := Classify(texts["secret-expired"], nil)
	for got, want := range map[string]string{
		expired.Advice:                         "Have an owner of the app make a new one (az ad app credential reset --id APP), then: az login --service-principal --username APP --tenant TENANT",
		expired.forApp(app, tenant, "").Advice: "Have an owner of the app make a new one (az ad app credential reset --id " + app + "), then: az login --service-principal --username " + app + " --tenant " + tenant,
	} {
		if got != want {
			t.Errorf("a service principal:\n got %s\nwant %s", got, want)
		}
	}
	plain := &Problem{Code: "X", Kind: ConfigError, Message: "m.", Advice: "a"}
	if got := plain.With(tenant, scope); got.Advice != "a" || got == plain {
		t.Errorf("an advice without placeholders became %q", got.Advice)
	}
}
