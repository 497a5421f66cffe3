package openai

import (
	"context"
	"errors"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aztray/internal/auth"
)

// answer is what came back, or why nothing did.
type answer struct {
	status int
	header http.Header
	body   string // at most maxBody bytes
	err    error
}

// finding is what one answer means.
type finding struct {
	code       code   // "" where the call would have been taken
	tenant     string // the endpoint's, where the answer tells it
	retryAfter time.Duration
	cause      error
	claims     *auth.Problem // for claimsRequired
}

func (f finding) status() Status {
	if f.code == "" {
		return Healthy
	}
	return f.row().status
}

func (f finding) row() fault {
	if f.code == claimsRequired {
		return faults[tokenRefused]
	}
	return faults[f.code]
}

// rule is one way in which the endpoint words an answer.
type rule struct {
	status int
	says   string // lower case, somewhere in the body; "" means whatever it says
	code   code   // "" means that the call would have been taken
}

// rules are tried in order. Their texts are Azure's, of several years.
// https://learn.microsoft.com/azure/ai-services/authentication
// https://learn.microsoft.com/azure/ai-foundry/openai/how-to/role-based-access-control
var rules = []rule{
	{400, "does not match resource t", wrongTenant}, // "… resource token" is the code, "… resource tenant" the text
	{400, "custom subdomain", regionalEndpoint},
	{400, "operationnotsupported", otherModel},
	{400, "does not work with the specified model", otherModel},
	{400, "deploymentnotfound", noDeployment},
	{400, "api version not supported", badVersion},
	{400, "unsupportedapiversion", badVersion},

	{401, "permissiondenied", roleMissing},
	{401, "required data action", roleMissing},
	{401, "principal does not have access", roleMissing},
	{401, "wrong issuer", wrongTenant},
	{401, "authenticationtokentenant", wrongTenant},
	{401, "invalid subscription key", badEndpoint},
	{401, "", tokenRefused},

	{403, "firewall rules", firewall},
	{403, "public access is disabled", privateOnly},
	{403, "private endpoint", privateOnly},
	{403, "permissiondenied", roleMissing},
	{403, "required data action", roleMissing},
	{403, "principal does not have access", roleMissing},
	{403, "", forbidden},

	{404, "deploymentnotfound", noDeployment},
	{404, "api deployment for this resource does not exist", noDeployment},
	{404, "", badVersion},
	{408, "", unavailable},
	{429, "", throttled},
}

// complaints are how an empty request is refused where all else was found good. Older and newer
// models word it differently.
var complaints = []string{"invalid_request_error", "missing_required_parameter", "required property", "missing required", "field required", "is required", "unsupported_parameter", "unsupported_value"}

// read says what an answer means. empty tells that the request was an empty one, which is refused
// for that where all else is good.
func (a answer) read(empty bool) code {
	said := strings.ToLower(a.body)
	for _, r := range rules {
		if r.status == a.status && strings.Contains(said, r.says) {
			return r.code
		}
	}
	switch {
	case a.status == http.StatusOK && strings.HasPrefix(strings.TrimSpace(said), "{"):
		return ""
	case a.status == http.StatusOK, a.status/100 == 3: // a page, or the way to one
		return badEndpoint
	case a.status/100 == 5:
		return unavailable
	case empty && (a.status == 400 || a.status == 422) && slices.ContainsFunc(complaints, func(c string) bool { return strings.Contains(said, c) }):
		return ""
	}
	return unexpected
}

// judge makes a finding of an answer to a call with token.
func (p *probe) judge(ctx context.Context, a answer, empty bool) finding {
	if a.err != nil {
		return p.unanswered(ctx, a.err)
	}
	f := finding{code: a.read(empty)}
	if f.code == "" {
		return f
	}
	f.cause = p.redacted(strconv.Itoa(a.status) + " " + a.body)
	f.retryAfter = retryAfter(a, p.now)
	challenge := strings.Join(a.header.Values("WWW-Authenticate"), " ")
	switch {
	case f.code == tokenRefused && strings.Contains(challenge, "insufficient_claims"):
		f.code, f.claims = claimsRequired, auth.Classify(p.hide(challenge), nil).With(p.token.TenantID, p.token.Scope)
	case f.code == tokenRefused && !takes(p.token.Scope) && p.token.Scope != "":
		f.code = wrongScope
	case f.code == wrongTenant:
		f.tenant = tenantIn(challenge+" "+a.body, p.token.TenantID)
	}
	return f
}

// unanswered says why there was no answer.
func (p *probe) unanswered(ctx context.Context, err error) finding {
	known := auth.Classify(p.hide(err.Error()), err)
	f := finding{cause: known.Err, code: unreachable}
	dns, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case isDNS && dns.IsNotFound && p.client.resolves(ctx, signInHost):
		f.code = noSuchName
	case known.Code == "NET_DNS":
		f.code = noNetwork
	case known.Code == "NET_TIMEOUT":
		f.code = timedOut
	case known.Code == "NET_CERTIFICATE":
		f.code = certificate
	case known.Code == "NET_PROXY":
		f.code = proxy
	}
	return f
}

// signInHost resolves wherever there is a network that az works in.
const signInHost = "login.microsoftonline.com"

func (c Client) resolves(ctx context.Context, host string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if c.Resolve != nil {
		return c.Resolve(ctx, host) == nil
	}
	_, err := net.DefaultResolver.LookupHost(ctx, host)
	return err == nil
}

// hide takes the token out of a text that may repeat it.
func (p *probe) hide(text string) string {
	if p.token.Secret.IsZero() {
		return text
	}
	return strings.ReplaceAll(text, p.token.Secret.Reveal(), "[redacted]")
}

// redacted keeps what may be shown of a text.
func (p *probe) redacted(text string) error { return auth.Classify(p.hide(text), nil).Err }

const guid = `([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})`

// tenantSaid finds a tenant in a challenge (authorization_uri="https://login.windows.net/…") or in a sentence.
var tenantSaid = regexp.MustCompile(`(?i)(?:login\.windows\.net|login\.microsoftonline\.com|login\.microsoftonline\.us|login\.chinacloudapi\.cn|login\.partner\.microsoftonline\.cn|sts\.windows\.net|sts\.chinacloudapi\.cn)/` + guid + `|resource tenant:? '?` + guid)

// tenantIn finds the endpoint's tenant in a text, which may name the token's beside it.
func tenantIn(text, not string) string {
	for _, m := range tenantSaid.FindAllStringSubmatch(text, 8) {
		if id := strings.ToLower(m[1] + m[2]); !strings.EqualFold(id, not) {
			return id
		}
	}
	return ""
}

// maxRetryAfter is the longest pause that is believed.
const maxRetryAfter = 24 * time.Hour

var secondsSaid = regexp.MustCompile(`(?i)(?:retry|try again) (?:after|in) (\d{1,6}) (milli)?seconds?`)

// retryAfter reads how long the endpoint wants to be left alone: its headers, else its sentence.
func retryAfter(a answer, now time.Time) time.Duration {
	for _, name := range []string{"retry-after-ms", "x-ms-retry-after-ms"} {
		if ms, err := strconv.ParseInt(a.header.Get(name), 10, 32); err == nil {
			return believed(time.Duration(ms) * time.Millisecond)
		}
	}
	header := a.header.Get("Retry-After")
	if s, err := strconv.ParseInt(header, 10, 32); err == nil {
		return believed(time.Duration(s) * time.Second)
	}
	if t, err := http.ParseTime(header); err == nil {
		return believed(t.Sub(now))
	}
	m := secondsSaid.FindStringSubmatch(a.body)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseInt(m[1], 10, 32) // digits by the pattern
	if m[2] != "" {
		return believed(time.Duration(n) * time.Millisecond)
	}
	return believed(time.Duration(n) * time.Second)
}

func believed(d time.Duration) time.Duration { return min(max(d, 0), maxRetryAfter) }
