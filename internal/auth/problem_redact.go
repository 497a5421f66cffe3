package auth

import (
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxCause bounds the text that a Problem keeps of its cause.
const maxCause = 4 << 10

// causeHead is how much of a longer text is kept of its start; the rest is its end, for a Python
// traceback says what happened in its last line.
const causeHead = 1 << 10

// secretShapes are what credentials look like: by name, as JWT or JWE, as Entra's refresh tokens and
// codes (0.A…, 1.A…, M.C…), and any run of base64url too long to be a word, a GUID or a file's name.
var secretShapes = []struct {
	shape *regexp.Regexp
	keep  string
}{
	{regexp.MustCompile(`(?i)\b(bearer\s+)[^\s"',;]+`), "${1}" + redacted},
	{regexp.MustCompile(`(?i)\b((?:access|refresh|id)_?token|client_secret|client_assertion|assertion|code_verifier|device_code|x-identity-header|password|secret|api[-_]?key|account_?key|shared_?access_?key)((?:\\?["'])?\s*[=:]\s*(?:\\?["'])?)[^\s"'\\&,;}]+`), "${1}${2}" + redacted},
	{regexp.MustCompile(`(?i)\b(code=)[^\s"'&,;]+`), "${1}" + redacted},
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)*`), redacted},
	{regexp.MustCompile(`\b(?:[01]\.A[A-Za-z0-9_-]{3}|M\.[CR]\d)[A-Za-z0-9_.!*$~-]*`), redacted},
	{regexp.MustCompile(`[A-Za-z0-9_+=%~-]{44,}(?:\.[A-Za-z0-9_+=%~-]+)*`), redacted},
}

// Redact takes out of text that others wrote, such as a log, everything that looks like a credential.
func Redact(text string) string { return redact(text) }

// redact takes out of text everything that looks like a credential.
func redact(text string) string {
	for _, s := range secretShapes {
		text = s.shape.ReplaceAllString(text, s.keep)
	}
	return text
}

// cause is the text of a failure with its secrets taken out, at most maxCause bytes. It never holds
// the error that it was made of, which may hold an HTTP response; errors.Is knows only plain causes.
type cause struct {
	text string
	is   []error
}

func (c *cause) Error() string { return c.text }

func (c *cause) Is(target error) bool { return slices.Contains(c.is, target) }

// plainCauses hold nothing but their names.
var plainCauses = []error{context.Canceled, context.DeadlineExceeded, ErrCancelled, exec.ErrNotFound, fs.ErrPermission, fs.ErrNotExist}

// redactedCause keeps what may be shown of text and err; nil where there is nothing.
func redactedCause(text string, err error) error {
	c := &cause{}
	if err != nil {
		for _, plain := range plainCauses {
			if errors.Is(err, plain) {
				c.is = append(c.is, plain)
			}
		}
		if said := err.Error(); !strings.Contains(text, said) {
			text = strings.TrimSpace(text + "\n" + said)
		}
	}
	if c.text = shorten(redact(strings.TrimSpace(strings.ToValidUTF8(text, "�")))); c.text == "" {
		return nil
	}
	return c
}

func shorten(s string) string {
	if len(s) <= maxCause {
		return s
	}
	const gap = "\n[...]\n"
	head, tail := causeHead, len(s)-(maxCause-causeHead-len(gap))
	for head > 0 && !utf8.RuneStart(s[head]) {
		head--
	}
	for tail < len(s) && !utf8.RuneStart(s[tail]) {
		tail++
	}
	return s[:head] + gap + s[tail:]
}
