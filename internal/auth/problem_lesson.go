package auth

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Lesson is what the text of a failure taught. Every field is zero where the text said nothing, or
// nothing that can be believed. Texts come from a server or a log: a field holds only what its type
// or the characters named here allow.
type Lesson struct {
	SignedInAt      time.Time     // UTC; from AADSTS70043, 70044 and 50173, whose "issued on" is the moment of sign-in
	SignInFrequency time.Duration // how long the organisation lets a sign-in last (AADSTS70043, 70044)
	IdleLimit       time.Duration // how long a sign-in may stay unused (AADSTS700082, 70008)
	TenantID        string        // a GUID or a domain
	Resource        string        // the application id or address that was to be accessed
	Claims          string        // the claims challenge, in base64, as az login --claims-challenge takes it
}

// maxClaims bounds a claims challenge, which must fit into a command; Entra's are below 300 bytes.
const maxClaims = 3000

// maxPeriod is the longest period that is believed.
const maxPeriod = 10 * 365 * 24 * time.Hour

var (
	aadsts      = regexp.MustCompile(`AADSTS(\d{4,8})`)
	issuedOn    = regexp.MustCompile(`issued on '?(\d{4}-\d\d-\d\dT[\d:.]{8,20}Z)'?`)
	maxLifetime = regexp.MustCompile(`lifetime for this request is (\d{1,10})\b`)
	inactiveFor = regexp.MustCompile(`inactive for (?:(\d{1,4})\.)?(\d{1,2}):(\d\d):(\d\d)`)
	tenantSaid  = regexp.MustCompile(`(?i)(?:tenant(?: named)?|directory) '?([0-9a-z][0-9a-z.-]{3,100}[0-9a-z])'?|--tenant "?([0-9a-z][0-9a-z.-]{3,100}[0-9a-z])`)
	tenantShape = regexp.MustCompile(`(?i)^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-z-]+(?:\.[0-9a-z-]+)+)$`)
	accessTo    = regexp.MustCompile(`(?:to access '|resource principal named '?)([0-9A-Za-z][0-9A-Za-z.:/_-]{3,200})`)
	claimsSaid  = regexp.MustCompile(`(?:--claims-challenge ["']?|claims=")([0-9A-Za-z+/_=-]{8,})`)
	claimsJSON  = regexp.MustCompile(`"claims": ?"((?:[^"\\]|\\.)+)"`)
)

// learn reads what a text teaches. The text is as plain makes it.
func learn(text string) Lesson {
	var l Lesson
	number := submatch(aadsts, text)
	switch number {
	case "70043", "70044", "50173":
		l.SignedInAt = signInMoment(text)
	}
	switch number {
	case "70043", "70044":
		if n, err := strconv.ParseInt(submatch(maxLifetime, text), 10, 64); err == nil {
			l.SignInFrequency = believed(n)
		}
	case "700082", "70008":
		l.IdleLimit = timeSpan(inactiveFor.FindStringSubmatch(text))
	}
	for _, m := range tenantSaid.FindAllStringSubmatch(text, 8) {
		if id := m[1] + m[2]; tenantShape.MatchString(id) {
			l.TenantID = id
			break
		}
	}
	l.Resource = strings.TrimRight(submatch(accessTo, text), ".")
	l.Claims = claims(text)
	return l
}

// signInMoment reads "issued on 2021-04-14T21:31:07.1749157Z": .NET writes seven digits.
func signInMoment(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, submatch(issuedOn, text))
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		return time.Time{}
	}
	return t.UTC()
}

// timeSpan reads .NET's [d.]hh:mm:ss from its four parts.
func timeSpan(parts []string) time.Duration {
	if len(parts) != 5 {
		return 0
	}
	var n [4]int64
	for i, p := range parts[1:] {
		n[i], _ = strconv.ParseInt(p, 10, 64) // "" is no days; the rest are digits
	}
	if n[1] > 23 || n[2] > 59 || n[3] > 59 {
		return 0
	}
	return believed(n[0]*86400 + n[1]*3600 + n[2]*60 + n[3])
}

func believed(seconds int64) time.Duration {
	if seconds < 60 || seconds > int64(maxPeriod/time.Second) {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// claims finds a claims challenge: base64 in a command or a WWW-Authenticate header, or the JSON
// itself in Entra's answer. It must be a JSON object.
func claims(text string) string {
	var raw []byte
	if b64 := submatch(claimsSaid, text); b64 != "" {
		s := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(b64), "=")
		raw, _ = base64.RawStdEncoding.DecodeString(s)
	} else if quoted := submatch(claimsJSON, text); quoted != "" {
		var s string
		if json.Unmarshal([]byte(`"`+quoted+`"`), &s) == nil {
			raw = []byte(s)
		}
	}
	var object map[string]json.RawMessage
	if len(raw) > maxClaims || json.Unmarshal(raw, &object) != nil || len(object) == 0 {
		return ""
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func submatch(re *regexp.Regexp, text string) string {
	if m := re.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// plain puts a text on one line: every blank, of any alphabet, and every line end, also one written
// as \r\n in JSON, becomes one space; a quote that .NET escaped is a quote again.
func plain(text string) string {
	text = strings.NewReplacer(`\r\n`, " ", `\u0027`, "'").Replace(text)
	blank := func(r rune) bool { return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc) }
	return strings.Join(strings.FieldsFunc(text, blank), " ")
}

// PeriodWords says a period as a person would: 90 days, 12 hours, 45 minutes.
func PeriodWords(d time.Duration) string {
	const day = 24 * time.Hour
	for _, u := range []struct {
		of   time.Duration
		name string
	}{{day, "day"}, {time.Hour, "hour"}} {
		if n := d / u.of; d%u.of == 0 && (n > 1 || u.of == time.Hour && n == 1) {
			return counted(int64(n), u.name)
		}
	}
	return counted(int64(d.Round(time.Minute)/time.Minute), "minute")
}

func counted(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.FormatInt(n, 10) + " " + unit + "s"
}
