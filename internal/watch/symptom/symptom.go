// Package symptom knows how a program that fails for want of an Azure credential says so, in its
// log or in the answer of its health URL. It knows texts only: not where they come from nor what to
// do about them. It keeps nothing of what it reads, which may hold tokens, and imports nothing of
// ours; what an AADSTS number means is for package auth to say.
package symptom

import (
	"bytes"
	"time"
)

// Cause is what went wrong, as far as a program's own words tell.
type Cause string

const (
	RoleMissing  Cause = "role-missing"  // the token was accepted, but the account has no role there: no sign-in cures it
	WrongTenant  Cause = "wrong-tenant"  // the token is of another tenant than the endpoint
	Entra        Cause = "aadsts"        // Entra refused; the code says why
	TokenRefused Cause = "token-refused" // the service did not accept the token, or there was none
	AzLogin      Cause = "az-login"      // az is there and wants a sign-in
	NoCredential Cause = "no-credential" // no source of a credential gave one
)

// Credential reports whether a good credential is what the program lacks. It is false where the
// credential was accepted, and for the zero Cause.
func (c Cause) Credential() bool { return c != "" && c != RoleMissing }

// Hit is what a text said.
type Hit struct {
	Cause Cause
	Code  string // such as AADSTS70043; "" unless Cause is Entra
}

// rule is one Cause and the ways it is said: lower case, without quotation marks.
type rule struct {
	cause Cause
	says  []string
}

// rules are tried in order: what says most stands first, since a traceback on one line says several
// things. Seen in azure-identity and openai for Python, Azure.Identity for .NET, @azure/identity for
// JavaScript, azidentity for Go, azure-identity for Java, az, aztray's small az, and Code Story.
var rules = []rule{
	{RoleMissing, []string{"lacks the required data action", "principal does not have access to api/operation"}},
	{WrongTenant, []string{"tenant provided in token does not match resource", "does not match resource tenant"}},
	{Entra, nil}, // by its number: see code
	{TokenRefused, []string{"access token is missing, invalid"}},
	{NoCredential, []string{ // az isn't there or does not run: its hints to az login are of no use
		"azure cli not found on path", "azureclicredential: executable not found on path", "azure cli not installed",
		"azure cli could not be found", "failed to invoke azure cli", "failed to invoke the azure cli", "azure cli authentication timed out",
		"azureclicredential: signal: killed", // azidentity's: az took longer than ten seconds
	}},
	{AzLogin, []string{
		"run az login", "azure cli could not login. interactive login", "interactive authentication is needed",
		"run the command below to authenticate interactively", "azure cli requires multifactor authentication",
		"credential doesnt support claims challenges", // of JavaScript and Python
		"aztray has delivered nothing that", "aztray has withdrawn the sign-in", "aztray delivers no token for",
		"token that aztray delivered has expired",
	}},
	{NoCredential, []string{
		"failed to retrieve a token from the included credentials",
		"credential: failed to acquire a token",
		"chainedtokencredential authentication failed",
		"defaultazurecredential authentication failed",
		"azure cli authentication failed",
		"com.azure.identity.credentialunavailableexception:",
		"error details: environmentcredential authentication unavailable",
	}},
}

// anchors are words of which every saying has one, as it stands in a log. Most lines have none, and
// only a line that has one is read any further.
var anchors = [][]byte{
	[]byte("aadsts"), []byte("az login"), []byte("azure cli"), []byte("credential"), []byte("interactive"),
	[]byte("aztray"), []byte("access token is"), []byte("not match resource"), []byte("data action"), []byte("to api/operation"),
}

// again is how long a Matcher is silent about a cause that it has told.
const again = time.Minute

// Matcher finds symptoms in texts. Its zero value is ready; it is not safe for concurrent use.
type Matcher struct {
	lower, plain []byte // reused, and bounded by the longest text given
	told         map[Cause]time.Time
}

// News is Find with each cause at most once a minute, of the texts' own time.
func (m *Matcher) News(text []byte, at time.Time) (Hit, bool) {
	hit, ok := m.Find(text)
	if !ok {
		return Hit{}, false
	}
	if last, told := m.told[hit.Cause]; told && at.Sub(last).Abs() < again { // a clock may be set back
		return Hit{}, false
	}
	if m.told == nil {
		m.told = map[Cause]time.Time{}
	}
	m.told[hit.Cause] = at
	return hit, true
}

// Find says what text complains of. Case, quotation marks, colours and JSON's escapes don't matter.
func (m *Matcher) Find(text []byte) (Hit, bool) {
	m.lower = lowered(m.lower[:0], text)
	if !anchored(m.lower) {
		return Hit{}, false
	}
	m.plain = plainly(m.plain[:0], m.lower)
	for _, r := range rules {
		if r.cause == Entra {
			if number := code(m.plain); number != "" {
				return Hit{Entra, "AADSTS" + number}, true
			}
		}
		for _, s := range r.says {
			if bytes.Contains(m.plain, []byte(s)) {
				return Hit{Cause: r.cause}, true
			}
		}
	}
	return Hit{}, false
}

func anchored(lower []byte) bool {
	for _, a := range anchors {
		if bytes.Contains(lower, a) {
			return true
		}
	}
	return false
}

// code finds the number of the first AADSTS code, as package auth reads it: four digits to eight.
func code(plain []byte) string {
	const mark = "aadsts"
	for {
		i := bytes.Index(plain, []byte(mark))
		if i < 0 {
			return ""
		}
		plain = plain[i+len(mark):]
		n := 0
		for n < len(plain) && '0' <= plain[n] && plain[n] <= '9' {
			n++
		}
		if n >= 4 && n <= 8 {
			return string(plain[:n])
		}
	}
}
