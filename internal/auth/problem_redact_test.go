package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"
)

// Secrets of every shape that passes through az, MSAL and Entra; none is real.
var planted = map[string]string{
	"JWT":            "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL2NvZ25pdGl2ZXNlcnZpY2VzIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ",
	"JWT, cut":       "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQi",
	"JWE":            "eyJhbGciOiJSU0EtT0FFUCJ9.OKOawDo13gRp2ojaHV7LFpZcgV7T6D.48V1_ALb6US04U3b.5eym8TW_c8SuK0lt.XFBoMYUZodetZdvT",
	"refresh token":  "0.AXoAbcDEfGhIjKlMnOpQrStUvWxYz.AgABAwEAAAApTwJmzXqdR4BN2miheQMYAgDs_wUA9P",
	"short refresh":  "1.AXoAqQ",
	"MSA code":       "M.C507_BL2.2.U.5c1a7c2d-1111-2222-3333-444455556666",
	"opaque":         "OAQABAAAAAAD88wlzwO1kTqK3mJ7NQ4Hc9v2Zb5Ry0TfXs6Lp8Wd",
	"after a name":   "refresh_token=s3cr3t-value",
	"in JSON":        `"client_secret": "Q~8short"`,
	"in nested JSON": `\"access_token\":\"abc-def\"`,
	"as a header":    "Authorization: Bearer abc.def.ghi",
	"in a redirect":  "http://localhost:8400/?code=0AXshort&state=1",
}

// core is the part of a planted text that must not be seen.
func core(secret string) string {
	for _, mark := range []string{"token=", `secret": "`, `token\":\"`, "Bearer ", "?code="} {
		if _, rest, ok := strings.Cut(secret, mark); ok {
			return strings.TrimRight(strings.Split(rest, "&")[0], `"\`)
		}
	}
	return secret
}

func TestNoSecretPassesThroughAProblem(t *testing.T) {
	for shape, secret := range planted {
		for where, p := range map[string]*Problem{
			"text":        Classify("ERROR: AADSTS50076: x "+secret+" y", nil),
			"cause":       Classify("", errors.New("call failed: "+secret)),
			"both":        Classify("ERROR: "+secret, fmt.Errorf("az: %w", errors.New(secret))),
			"long text":   Classify(strings.Repeat("word ", 1_000)+secret+strings.Repeat(" word", 1_000), nil),
			"at the cut":  Classify(strings.Repeat("w ", causeHead/2-5)+secret+strings.Repeat(" word", 4000), nil),
			"description": ClassifyEntra("", "invalid_grant", "", "x "+secret),
		} {
			for how, out := range everyForm(t, p) {
				if strings.Contains(out, core(secret)) {
					t.Errorf("%s in the %s, printed by %s: %s", shape, where, how, out)
				}
			}
		}
	}
}

// everyForm prints a Problem in all the ways in which one gets printed.
func everyForm(t *testing.T, p *Problem) map[string]string {
	t.Helper()
	var text, js bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Error("x", "problem", p, "cause", p.Err)
	slog.New(slog.NewJSONHandler(&js, nil)).Error("x", "problem", p, "value", *p)
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	in := struct{ p *Problem }{p}
	forms := map[string]string{"slog text": text.String(), "slog JSON": js.String(), "JSON": string(b), "Unwrap": fmt.Sprint(errors.Unwrap(p))}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		forms[verb] = fmt.Sprintf(verb+" "+verb+" "+verb, p, *p, in)
	}
	return forms
}

func TestCauseKeepsWhatIsNoSecret(t *testing.T) {
	const text = "ERROR: AADSTS70043: The refresh token has expired. Trace ID: 0f1d2c3b-4a59-4867-9786-a5b4c3d20100 " +
		"Error code: 3399614467 for https://cognitiveservices.azure.com/.default in /opt/az/lib/python3.12/site-packages/azure/cli/core/auth/msal_authentication.py"
	if got := Classify(text, nil).Err.Error(); got != text {
		t.Errorf("got  %s\nwant %s", got, text)
	}
}

func TestCauseIsBounded(t *testing.T) {
	for shift := range 4 { // so that the cuts fall everywhere in a character
		causeIsBounded(t, Classify("ERROR: first"+strings.Repeat(".", shift)+"\n"+strings.Repeat("äöü 漢字 ", 2_000)+"\n"+strings.Repeat(".", shift)+"last", nil))
	}
}

func causeIsBounded(t *testing.T, p *Problem) {
	t.Helper()
	got := p.Err.Error()
	if len(got) > maxCause || len(got) < maxCause-16 || !strings.HasPrefix(got, "ERROR: first") || !strings.HasSuffix(got, "last") {
		t.Errorf("%d bytes, from %.20q to %q", len(got), got, got[len(got)-20:])
	}
	if !utf8.ValidString(got) {
		t.Error("a character was cut")
	}
}
