package auth

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

const (
	someTenant = "eeff6f72-412a-4df3-9eac-064920c95e17"
	someClaims = "eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlcyI6WyJwMSJdfX19"
	days       = 24 * time.Hour
)

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func TestLessons(t *testing.T) {
	texts := problemTexts(t)
	for name, want := range map[string]Lesson{
		"signin-frequency-az-2.45": {SignedInAt: utc("2021-04-14T21:31:07.1749157Z"), SignInFrequency: 12 * time.Hour},
		"signin-frequency-az-2.83": {SignedInAt: utc("2026-01-28T08:02:11Z"), SignInFrequency: 30 * days, TenantID: someTenant},
		"idle-90-days":             {IdleLimit: 90 * days},
		"idle-12-hours":            {IdleLimit: 12 * time.Hour},
		"idle-wam":                 {IdleLimit: 90 * days, TenantID: someTenant},
		"revoked":                  {SignedInAt: utc("2024-02-20T08:38:17.6250114Z")},
		"revoked-body":             {SignedInAt: utc("2024-02-20T08:38:17.6250114Z")},
		"mfa-required":             {Resource: "797f4846-ba00-4fd7-ba43-dac1f8f63013"},
		"mfa-expired":              {Resource: "278c3f7a-0513-4643-9b40-eb6e8ee3937e", TenantID: someTenant},
		"device-deleted":           {TenantID: someTenant},
		"tenant-unknown":           {TenantID: "contoso.example"},
		"resource-unknown":         {Resource: "https://cognitiveservices.azure.com", TenantID: someTenant},
		"guest-missing":            {}, // 'Contoso' is a name, not an id
		"claims-az-2.76":           {Claims: someClaims, TenantID: "f9800b67-61ea-4627-80e5-e7fc741e2497"},
		"claims-azidentity":        {Claims: someClaims, TenantID: someTenant},
		"claims-challenge":         {Claims: someClaims},
		"mfa-claims-body": {Resource: "00000003-0000-0000-c000-000000000000",
			Claims: base64.StdEncoding.EncodeToString([]byte(`{"access_token":{"capolids":{"essential":true,"values":["5dd0a2bb"]}}}`))},
		"spa-token":        {}, // the issue of a token is not a sign-in
		"az-too-old":       {}, // eyJ is no claims challenge
		"az-not-signed-in": {},
		"nobody-knows":     {},
	} {
		if got := Classify(texts[name], nil).Lesson; got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
	}
}

func TestLessonsNotBelieved(t *testing.T) {
	for _, text := range []string{
		"AADSTS70043: issued on 2021-13-14T21:31:07Z and the maximum allowed lifetime for this request is 0.",
		"AADSTS70043: issued on 0001-01-01T00:00:00Z and the maximum allowed lifetime for this request is 9999999999.",
		"AADSTS70043: the maximum allowed lifetime for this request is 30.",
		"AADSTS700082: inactive for 00:00:00.",
		"AADSTS700082: inactive for 9999.00:00:00.",
		"AADSTS700082: inactive for 1.25:00:00.",
		"AADSTS50076: x maximum allowed lifetime for this request is 43200. inactive for 12:00:00",
		"az login --claims-challenge bm90IGpzb24gYXQgYWxs",
		"AADSTS90002: Tenant '../../etc/passwd' not found; az login --tenant $(reboot)",
	} {
		if got := Classify(text, nil).Lesson; got != (Lesson{}) {
			t.Errorf("%s:\nbelieved %+v", text, got)
		}
	}
}

func TestPeriodsInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		90 * days: "90 days", 2 * days: "2 days", 1 * days: "24 hours", 36 * time.Hour: "36 hours", 12 * time.Hour: "12 hours",
		time.Hour: "1 hour", 90 * time.Minute: "90 minutes", time.Minute: "1 minute", 100*time.Second + time.Hour: "62 minutes",
	} {
		if got := PeriodWords(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// FuzzClassify: whatever a server or a log says, what a person reads is ours, and a lesson holds only
// what its type allows.
func FuzzClassify(f *testing.F) {
	for _, text := range problemTexts(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := Classify(text, nil)
		readsWellWithoutClaims(t, p)
		l := p.Lesson
		if l.SignInFrequency < 0 || l.SignInFrequency > maxPeriod || l.IdleLimit < 0 || l.IdleLimit > maxPeriod {
			t.Errorf("periods %v, %v", l.SignInFrequency, l.IdleLimit)
		}
		if l.SignedInAt.Location() != time.UTC {
			t.Errorf("%v is not UTC", l.SignedInAt)
		}
		if l.TenantID != "" && !tenantShape.MatchString(l.TenantID) {
			t.Errorf("tenant %q", l.TenantID)
		}
		if strings.ContainsAny(l.Resource, " '\"\n$`") {
			t.Errorf("resource %q", l.Resource)
		}
		if raw, err := base64.StdEncoding.DecodeString(l.Claims); err != nil || l.Claims != "" && !json.Valid(raw) {
			t.Errorf("claims %q", l.Claims)
		}
		if p.Err != nil && len(p.Err.Error()) > maxCause {
			t.Errorf("a cause of %d bytes", len(p.Err.Error()))
		}
	})
}

// readsWellWithoutClaims is readsWell for an advice whose claims challenge may be long.
func readsWellWithoutClaims(t *testing.T, p *Problem) {
	t.Helper()
	c := *p
	c.Lesson.Claims = ""
	readsWell(t, p.Code, c.With("", ""))
}
