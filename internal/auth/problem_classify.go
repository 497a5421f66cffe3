package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
)

// maxRead bounds how much of a text is read: what matters is in the first lines of az's output, or
// in the last line of a traceback.
const maxRead = 64 << 10

// Classify says what went wrong. text is what was said: az's standard error, the error_description
// or the whole body of Entra's answer, the text of an MSAL or azidentity error, a line of a log.
// err is the error that came with it, if any; a *Problem in it is returned as it is. It never
// returns nil, and nothing of text gets into Message or Advice.
func Classify(text string, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, ErrCancelled) {
		return problem("SIGN_IN_CANCELLED", ownByCode()["SIGN_IN_CANCELLED"], Lesson{}, redactedCause(text, err))
	}
	if strings.TrimSpace(text) == "" && err != nil {
		text = err.Error()
	}
	said := plain(failure(ends(text, maxRead)))
	code, f := classify(said, err)
	return problem(code, f, learn(said), redactedCause(text, err))
}

// ClassifyEntra says what Entra's answer means, from its parts; each may be empty. code is as in
// AADSTS700082; where it is empty, description is searched for it.
func ClassifyEntra(code, oauthError, suberror, description string) *Problem {
	said := plain(ends(description, maxRead))
	number := submatch(aadsts, code)
	if number == "" {
		number = submatch(aadsts, said)
	}
	code, f, ok := entra(number, oauthError, suberror)
	if !ok {
		code, f = classify(said, nil)
	}
	return problem(code, f, learn(said), redactedCause(description, nil))
}

// failure leaves out what az prints that is no word of the failure: the frames of a traceback, with names of files and
// lines of code such as throttled_http_client.py, and the modules that a distribution's az can't load and goes on
// without.
func failure(text string) string {
	var kept strings.Builder
	frames := false
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "Traceback (most recent call last):"):
			frames = true
		case frames && !strings.HasPrefix(line, " "):
			frames = false
		}
		if !frames && !strings.HasPrefix(line, "ERROR: Error loading command module ") {
			kept.WriteString(inModule.ReplaceAllString(line, "$1"))
		}
	}
	return kept.String()
}

// inModule is a module with its file, as Python shows it in a message.
var inModule = regexp.MustCompile(`<module '([\w.]+)' from '[^']*'>`)

func classify(said string, err error) (string, fault) {
	// az prints warnings about other tenants before the error: the error counts.
	if i := strings.Index(said, "ERROR: "); i > 0 {
		if code, f, ok := read(said[i:], err); ok {
			return code, f
		}
	}
	if code, f, ok := read(said, err); ok {
		return code, f
	}
	return unclassified, ownByCode()[unclassified]
}

var (
	oauthSaid    = regexp.MustCompile(`"error": ?"([a-z_]{1,40})"|\berror=([a-z_]{1,40})\b`)
	suberrorSaid = regexp.MustCompile(`"suberror": ?"([a-z_]{1,40})"`)
	statusSaid   = regexp.MustCompile(`(?i)(?:status code was|status code:?|http status:?|http error|http/[\d.]+|response) (\d{3})\b|\b(\d{3}) (?:server|client) error:`)
)

// read tries what is surest first: Entra's code, what Go knows of the error, what was said, the HTTP status.
func read(said string, err error) (string, fault, bool) {
	var oauth string
	if m := oauthSaid.FindStringSubmatch(said); m != nil {
		oauth = m[1] + m[2]
	}
	if code, f, ok := entra(submatch(aadsts, said), oauth, submatch(suberrorSaid, said)); ok {
		return code, f, true
	}
	lower := strings.ToLower(said)
	for _, code := range []string{unanswered(lower, err), typed(err), spoken(lower), status(said), ended(err)} {
		if code != "" {
			return code, ownByCode()[code], true
		}
	}
	return "", fault{}, false
}

// unanswered finds a sign-in that waited for a browser, or for az's own window, until its time was up.
func unanswered(lower string, err error) string {
	if !errors.Is(err, context.DeadlineExceeded) {
		return ""
	}
	for _, waits := range []string{"web browser has been opened at", "select the account you want to log in with", "to sign in, use a web browser"} {
		if strings.Contains(lower, waits) {
			return "SIGN_IN_TIMED_OUT"
		}
	}
	return ""
}

// entra reads Entra's own words. An unknown number is what its error says it is, else Unclassified.
func entra(number, oauth, suberror string) (code string, f fault, ok bool) {
	if f, ok := entraFault(number); ok {
		return "AADSTS" + number, f, true
	}
	own, known := oauthCodes[suberror]
	if !known {
		own, known = oauthCodes[oauth]
	}
	switch {
	case known && number != "":
		return "AADSTS" + number, ownByCode()[own], true
	case known:
		return own, ownByCode()[own], true
	case number != "":
		return "AADSTS" + number, unknownEntra, true
	}
	return "", fault{}, false
}

// status reads an HTTP status that stands in a text.
func status(said string) string {
	m := statusSaid.FindStringSubmatch(said)
	if m == nil {
		return ""
	}
	switch s := m[1] + m[2]; {
	case s == "407":
		return "NET_PROXY"
	case s == "429":
		return "ENTRA_THROTTLED"
	case s == "408", s[0] == '5':
		return "ENTRA_UNAVAILABLE"
	}
	return ""
}

// typed reads what Go knows of an error.
func typed(err error) string {
	if err == nil {
		return ""
	}
	if code := notStarted(err); code != "" {
		return code
	}
	op, isOp := errors.AsType[*net.OpError](err)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "NET_CERTIFICATE"
	}
	if isOp && op.Op == "proxyconnect" {
		return "NET_PROXY"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && !dns.IsTimeout {
		return "NET_DNS"
	}
	// a bare context.DeadlineExceeded is a net.Error too, and says least of all: see ended
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() && error(n) != context.DeadlineExceeded {
		return "NET_TIMEOUT"
	}
	_, isURL := errors.AsType[*url.Error](err)
	if isOp || isURL && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		return "NET_UNREACHABLE"
	}
	return ""
}

// notStarted reads why a program did not start.
func notStarted(err error) string {
	started, isPath := errors.AsType[*fs.PathError](err)
	_, isExec := errors.AsType[*exec.Error](err)
	isStart := isExec || isPath && strings.HasPrefix(started.Op, "fork/exec")
	switch {
	case errors.Is(err, exec.ErrNotFound), isStart && errors.Is(err, fs.ErrNotExist):
		return "AZ_NOT_FOUND"
	case isStart:
		return "AZ_BROKEN"
	}
	return ""
}

// ended reads how a program ended, where nothing it said tells more.
func ended(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "NET_TIMEOUT"
	}
	e, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return ""
	}
	switch e.ExitCode() {
	case 127, 9009: // of a shell and of cmd.exe: no such command
		return "AZ_NOT_FOUND"
	case 2:
		return "AZ_USAGE"
	case -1:
		return "AZ_KILLED" // by a signal: the system's, for want of memory, or someone's
	}
	return ""
}

// problem makes the Problem of a row.
func problem(code string, f fault, l Lesson, cause error) *Problem {
	p := &Problem{Code: code, Kind: f.kind, Message: f.message, Lesson: l, Err: cause, template: f.advice}
	if limit := max(l.SignInFrequency, l.IdleLimit); limit > 0 && f.taught != "" {
		p.Message = strings.Replace(f.taught, "{limit}", PeriodWords(limit), 1)
	}
	if l.Claims != "" && p.Kind == SignInRequired {
		p.Kind, p.template = ClaimsRequired, signInExact // only a sign-in with these claims satisfies it
	}
	return p.With("", "")
}

// ends keeps the first and the last part of a text longer than most bytes.
func ends(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return text[:most/2] + "\n" + text[len(text)-most/2:]
}
