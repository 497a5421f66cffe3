package cloud_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"aztray/test/rig/cloud"
)

func TestSignInGivesWhatMSALWants(t *testing.T) {
	k := newClock()
	c := start(t, cloud.Options{Now: k.Now})
	a := signIn(t, c, cloud.Fabrikam.Domain, cloud.ScopeCognitive)
	want := map[string]string{"token_type": "Bearer", "expires_in": "4500", "foci": "1",
		"scope": "https://cognitiveservices.azure.com/user_impersonation https://cognitiveservices.azure.com/.default"}
	for field, value := range want {
		if got := a.field(field); got != value {
			t.Errorf("%s is %q, want %q", field, got, value)
		}
	}
	id, access := claims(t, a.field("id_token")), claims(t, a.field("access_token"))
	for name, pair := range map[string][2]any{
		"id token's tenant":      {id["tid"], cloud.Fabrikam.ID},
		"id token's nonce":       {id["nonce"], "the-nonce"},
		"id token's user":        {id["preferred_username"], cloud.Ada.Username},
		"id token's oid":         {id["oid"], cloud.Ada.ObjectID(cloud.Fabrikam)},
		"access token's aud":     {access["aud"], "https://cognitiveservices.azure.com"},
		"access token's exp":     {access["exp"], float64(k.Now().Add(75 * time.Minute).Unix())},
		"access token's tenant":  {access["tid"], cloud.Fabrikam.ID},
		"home account's tenant":  {claims(t, "."+a.field("client_info")+".")["utid"], cloud.Contoso.ID},
		"home account's user id": {claims(t, "."+a.field("client_info")+".")["uid"], cloud.Ada.ObjectID(cloud.Contoso)},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v, want %v", name, pair[0], pair[1])
		}
	}
}

// refreshCases: what a sign-in in Contoso at 05:06:07.1234567 may do after a while.
var refreshCases = []struct {
	name   string
	policy func(*cloud.Policy)
	after  time.Duration
	tenant cloud.Tenant
	scope  string
	want   string // the text, or "" where a token is given
}{
	{"the same tenant", nil, time.Hour, cloud.Contoso, cloud.ScopeCognitive, ""},
	{"a tenant where she is a guest", nil, time.Hour, cloud.Fabrikam, cloud.ScopeARM, ""},
	{"a tenant that demands MFA", nil, time.Hour, cloud.Northwind, cloud.ScopeCognitive,
		"AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '7d312290-28c8-473c-a0ed-8e53749b6d6d'."},
	{"exactly at the sign-in frequency", frequency(12 * time.Hour), 12 * time.Hour, cloud.Contoso, cloud.ScopeCognitive, ""},
	{"beyond the sign-in frequency", frequency(12 * time.Hour), 12*time.Hour + 1, cloud.Contoso, cloud.ScopeCognitive,
		"AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token was issued on 2026-03-04T05:06:07.1234567Z and the maximum allowed lifetime for this request is 43200."},
	{"the frequency of another tenant", frequency(12 * time.Hour), 13 * time.Hour, cloud.Fabrikam, cloud.ScopeCognitive, ""},
	{"a frequency for one resource only", func(p *cloud.Policy) {
		*p.Tenant(cloud.Contoso) = cloud.TenantPolicy{SignInFrequency: time.Hour, Only: "https://cognitiveservices.azure.com"}
	}, 2 * time.Hour, cloud.Contoso, cloud.ScopeARM, ""},
	{"idle for too long", func(p *cloud.Policy) { p.IdleLimit = 90 * 24 * time.Hour }, 91 * 24 * time.Hour, cloud.Contoso, cloud.ScopeCognitive,
		"AADSTS700082: The refresh token has expired due to inactivity. The token was issued on 2026-03-04T05:06:07.1234567Z and was inactive for 90.00:00:00."},
	{"idle for too long by a short policy", func(p *cloud.Policy) { p.IdleLimit = 12 * time.Hour }, 13 * time.Hour, cloud.Contoso, cloud.ScopeCognitive,
		"and was inactive for 12:00:00."},
	{"revoked since", func(p *cloud.Policy) { p.Revoked = time.Date(2026, 3, 4, 6, 0, 0, 0, time.UTC) }, 2 * time.Hour, cloud.Contoso, cloud.ScopeCognitive,
		"The grant was issued on '2026-03-04T05:06:07.1234567Z' and the TokensValidFrom date (before which tokens are not valid) for this user is '2026-03-04T06:00:00.0000000Z'."},
	{"revoked before", func(p *cloud.Policy) { p.Revoked = time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC) }, 2 * time.Hour, cloud.Contoso, cloud.ScopeCognitive, ""},
	{"blocked", func(p *cloud.Policy) { p.Tenant(cloud.Contoso).ConditionalAccess = 53003 }, 0, cloud.Contoso, cloud.ScopeCognitive,
		"AADSTS53003: Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."},
	{"a code without a text of its own", func(p *cloud.Policy) { p.Tenant(cloud.Contoso).ConditionalAccess = 530034 }, 0, cloud.Contoso, cloud.ScopeCognitive,
		"AADSTS530034: The request was refused by a policy of the organization."},
	{"a resource that nobody knows", nil, 0, cloud.Contoso, "https://nowhere.example/.default", "AADSTS500011: The resource principal named https://nowhere.example"},
	{"a resource that the tenant never used", func(p *cloud.Policy) { p.Tenant(cloud.Contoso).MissingResource = "https://cognitiveservices.azure.com" },
		0, cloud.Contoso, cloud.ScopeCognitive, "AADSTS500011: The resource principal named https://cognitiveservices.azure.com was not found in the tenant named Contoso."},
}

func frequency(d time.Duration) func(*cloud.Policy) {
	return func(p *cloud.Policy) { p.Tenant(cloud.Contoso).SignInFrequency = d }
}

func TestRefresh(t *testing.T) {
	for _, tc := range refreshCases {
		t.Run(tc.name, func(t *testing.T) {
			k := newClock()
			c := start(t, cloud.Options{Now: k.Now})
			first := signIn(t, c, cloud.Contoso.ID, cloud.ScopeARM)
			k.pass(tc.after)
			if tc.policy != nil {
				c.SetPolicy(tc.policy)
			}
			a := refresh(t, c, tc.tenant.ID, tc.scope, first.field("refresh_token"))
			if tc.want == "" {
				if a.status != http.StatusOK || claims(t, a.field("access_token"))["tid"] != tc.tenant.ID {
					t.Errorf("%d %s, want a token of %s", a.status, a.text, tc.tenant.Name)
				}
				return
			}
			if a.status != http.StatusBadRequest || !strings.Contains(a.field("error_description"), tc.want) {
				t.Errorf("%d %s\nwant %s", a.status, a.field("error_description"), tc.want)
			}
			if !regexp.MustCompile(` Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: 2026-\d\d-\d\d \d\d:\d\d:\d\dZ$`).MatchString(a.field("error_description")) {
				t.Errorf("the description ends %q", a.field("error_description"))
			}
			if got := c.Requests()[len(c.Requests())-1].Outcome; got != a.errorCode() {
				t.Errorf("logged as %s, want %s", got, a.errorCode())
			}
		})
	}
}

func TestRotationKeepsTheMomentOfSignIn(t *testing.T) {
	k := newClock()
	c := start(t, cloud.Options{Now: k.Now})
	c.SetPolicy(func(p *cloud.Policy) {
		p.Tenant(cloud.Contoso).SignInFrequency = 12 * time.Hour
		p.IdleLimit = 8 * time.Hour
	})
	first := signIn(t, c, cloud.Contoso.ID, cloud.ScopeARM).field("refresh_token")
	k.pass(7 * time.Hour)
	second := refresh(t, c, cloud.Contoso.ID, cloud.ScopeARM, first).field("refresh_token")
	if again := refresh(t, c, cloud.Contoso.ID, cloud.ScopeARM, first); again.status != http.StatusOK || second == first {
		t.Errorf("the old refresh token: %d; rotated: %t", again.status, second != first)
	}
	k.pass(2 * time.Hour) // nine hours after the first, two after the second
	if got := refresh(t, c, cloud.Contoso.ID, cloud.ScopeARM, first).errorCode(); got != "AADSTS700082" {
		t.Errorf("the first, idle: %s", got)
	}
	if got := refresh(t, c, cloud.Contoso.ID, cloud.ScopeARM, second).status; got != http.StatusOK {
		t.Errorf("the second, in use: %d", got)
	}
	k.pass(4 * time.Hour)
	if got := refresh(t, c, cloud.Contoso.ID, cloud.ScopeARM, second).field("error_description"); !strings.Contains(got, "issued on 2026-03-04T05:06:07.1234567Z") {
		t.Errorf("the second after the frequency: %s, want the moment of sign-in", got)
	}
}

func TestMFAIsPassedBySigningInThere(t *testing.T) {
	c := start(t, cloud.Options{})
	got := signIn(t, c, cloud.Northwind.ID, cloud.ScopeCognitive).field("refresh_token")
	if a := refresh(t, c, cloud.Northwind.ID, cloud.ScopeCognitive, got); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.text)
	}
	plain := signIn(t, c, "organizations", cloud.ScopeARM).field("refresh_token")
	a := refresh(t, c, cloud.Northwind.ID, cloud.ScopeCognitive, plain)
	if a.errorCode() != "AADSTS50076" || a.field("suberror") != "basic_action" || !strings.Contains(a.field("claims"), "capolids") {
		t.Errorf("without MFA: %s", a.text)
	}
}

func TestCodeIsCheckedAndUsedOnce(t *testing.T) {
	c := start(t, cloud.Options{})
	for _, tc := range []struct{ name, field, value, want string }{
		{"another verifier", "code_verifier", "wrong", "AADSTS501481"},
		{"another redirect", "redirect_uri", "http://localhost:1", "AADSTS500112"},
		{"another client", "client_id", cloud.RobotID, "AADSTS700005"},
		{"no such code", "code", "wrong", "AADSTS70000"},
		{"no such grant", "grant_type", "password", "AADSTS70003"},
		{"no grant", "grant_type", "", "AADSTS900144"},
	} {
		form := codeForm(t, get(t, c, authorizeURL(cloud.Contoso.ID, cloud.ScopeARM, nil), ""))
		form.Set(tc.field, tc.value)
		if got := post(t, c, tokenURL(cloud.Contoso.ID), form).errorCode(); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
	form := codeForm(t, get(t, c, authorizeURL(cloud.Contoso.ID, cloud.ScopeARM, nil), ""))
	if got := post(t, c, tokenURL(cloud.Contoso.ID), form); got.status != http.StatusOK {
		t.Errorf("first use: %s", got.text)
	}
	if got := post(t, c, tokenURL(cloud.Contoso.ID), form).errorCode(); got != "AADSTS54005" {
		t.Errorf("second use: %s", got)
	}
}

func TestAuthorizeShowsWhatIsWrong(t *testing.T) {
	c := start(t, cloud.Options{})
	for _, tc := range []struct{ name, tenant, field, value, want string }{
		{"a redirect to elsewhere", "organizations", "redirect_uri", "http://elsewhere.example", "AADSTS50011"},
		{"an unknown program", "organizations", "client_id", "00000000-0000-0000-0000-000000000000", "AADSTS700016"},
		{"no scope", "organizations", "scope", "", "AADSTS900144"},
		{"not a member", cloud.Contoso.ID, "login_hint", cloud.Bob.Username, "AADSTS50020"},
	} {
		a := get(t, c, authorizeURL(tc.tenant, cloud.ScopeARM, url.Values{tc.field: {tc.value}}), "")
		if a.status != http.StatusBadRequest || !strings.Contains(a.text, tc.want) {
			t.Errorf("%s: %d, want a page that says %s", tc.name, a.status, tc.want)
		}
	}
	if a := get(t, c, cloud.Authority+"/nowhere.example/v2.0/.well-known/openid-configuration", ""); a.errorCode() != "AADSTS90002" {
		t.Errorf("an unknown tenant: %s", a.text)
	}
}

func TestPageIsClickedOrCancelled(t *testing.T) {
	for choice, want := range map[string]string{"account": "code=", "cancel": "error=access_denied"} {
		c := start(t, cloud.Options{})
		c.SetPolicy(func(p *cloud.Policy) { p.Authorize = cloud.Page })
		shown := get(t, c, authorizeURL("organizations", cloud.ScopeARM, nil), "")
		for _, part := range []string{"<title>Sign in to your account</title>", cloud.Ada.Username, "autofocus", `value="cancel"`} {
			if !strings.Contains(shown.text, part) {
				t.Errorf("the page has no %s", part)
			}
		}
		flow := regexp.MustCompile(`name="flow" value="([^"]+)"`).FindStringSubmatch(shown.text)
		form := url.Values{"flow": {html.UnescapeString(flow[1])}, "choice": {choice}}
		back := post(t, c, cloud.Authority+"/common/login", form)
		if to := back.header.Get("Location"); !strings.HasPrefix(to, redirectURI) || !strings.Contains(to, want) || !strings.Contains(to, "state=the-state") {
			t.Errorf("%s leads to %q, want %s", choice, to, want)
		}
		if again := post(t, c, cloud.Authority+"/common/login", form); again.status != http.StatusBadRequest {
			t.Errorf("a second click: %d", again.status)
		}
	}
}

func TestNeverAndDeny(t *testing.T) {
	c := start(t, cloud.Options{})
	c.SetPolicy(func(p *cloud.Policy) { p.Authorize = cloud.Never })
	if a := get(t, c, authorizeURL("organizations", cloud.ScopeARM, nil), ""); a.status != http.StatusOK || strings.Contains(a.text, "<form") {
		t.Errorf("never: %d, want a page that leads nowhere", a.status)
	}
	c.SetPolicy(func(p *cloud.Policy) { p.Authorize = cloud.Deny })
	a := get(t, c, authorizeURL("organizations", cloud.ScopeARM, url.Values{"response_mode": {"form_post"}}), "")
	if !strings.Contains(a.text, `name="error" value="access_denied"`) || !strings.Contains(a.text, `action="`+redirectURI+`"`) {
		t.Errorf("denied by form_post: %s", a.text)
	}
}

func TestDeviceCodeIsTypedByAPerson(t *testing.T) {
	c := start(t, cloud.Options{})
	c.SetPolicy(func(p *cloud.Policy) { p.Authorize = cloud.Page; p.Person = cloud.Bob })
	begun := post(t, c, cloud.Authority+"/organizations/oauth2/v2.0/devicecode", url.Values{"client_id": {cloud.AzureCLI}, "scope": {cloud.ScopeCognitive}})
	poll := func() answer {
		return post(t, c, tokenURL("organizations"), url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"},
			"client_id": {cloud.AzureCLI}, "device_code": {begun.field("device_code")}})
	}
	if a := poll(); a.field("error") != "authorization_pending" {
		t.Errorf("before: %s", a.text)
	}
	typed := url.Values{"otc": {"WRONG"}, "choice": {"account"}}
	if a := post(t, c, begun.field("verification_uri"), typed); a.status != http.StatusBadRequest {
		t.Errorf("a wrong code: %d", a.status)
	}
	typed.Set("otc", begun.field("user_code"))
	post(t, c, begun.field("verification_uri"), typed)
	if a := poll(); a.status != http.StatusOK || claims(t, a.field("access_token"))["tid"] != cloud.Fabrikam.ID {
		t.Errorf("after: %s", a.text)
	}
	if a := poll(); a.errorCode() != "AADSTS54005" {
		t.Errorf("a second time: %s", a.text)
	}
}
