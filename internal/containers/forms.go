package containers

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"aztray/internal/auth"
)

// What a container says by a label is whoever's who made it. Each value has a form; one that lacks it counts for
// nothing, and nowhere else is it asked again what a label may hold.

const (
	maxPath   = 1024 // bytes of a path that a label or an environment names
	maxScopes = 20   // scopes that a label may ask for
)

var (
	isUser   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,31}$`)
	isCalled = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}$`)
	isShown  = regexp.MustCompile(`^[A-Za-z0-9_]+$`) // a variable's name that may be shown to a person
)

// malformed says what a right value of a label of ours looks like where this one is wrong; "" where it is right.
func malformed(label, value string) (want string) {
	switch label {
	case labelDeliver:
		return oneOf(value, "true", "false", "copy", "mount", "endpoint", "yes", "no", "on", "off", "1", "0")
	case labelCredential:
		return oneOf(value, "access-token", refreshToken)
	case labelRestart:
		return oneOf(value, "true", "false", "yes", "no", "on", "off", "1", "0")
	case labelPath:
		if !cleanPath(value) {
			return "an absolute path without control characters, such as /home/app/.azure"
		}
	case labelUID:
		if !userForm(value) {
			return "a number, two as 1000:1000, or a user's name"
		}
	case labelTenant:
		if !auth.IsTenant(value) {
			return "a tenant's id or domain"
		}
	case labelScopes:
		all := labelled(value)
		if len(all) == 0 || len(all) > maxScopes || !every(all, auth.IsScope) {
			return "scopes such as https://vault.azure.net/.default, separated by blanks or commas"
		}
	default:
		return "a label that aztray knows"
	}
	return ""
}

func oneOf(value string, words ...string) string {
	if slices.Contains(words, strings.ToLower(value)) {
		return ""
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func every(all []string, ok func(string) bool) bool {
	return !slices.ContainsFunc(all, func(s string) bool { return !ok(s) })
}

// labelled are the entries of a label that holds a list.
func labelled(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
}

// cleanPath reports whether p, of a label, names one place: from the root or from the user's home, and as it is.
func cleanPath(p string) bool {
	from, home := strings.CutPrefix(p, "~")
	if home && from == "" {
		return true
	}
	return plainPath(p) && path.IsAbs(from) && path.Clean(from) == "/"+strings.Trim(from, "/")
}

// plainPath reports whether p can be said to a person and named in a call: what a terminal would obey is in no
// path that anybody means.
func plainPath(p string) bool {
	return len(p) <= maxPath && !strings.ContainsFunc(p, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) })
}

// userForm reports whether a label names a user, as engines take one: by number or name, with a group or without.
func userForm(s string) bool {
	user, group, grouped := strings.Cut(s, ":")
	return idForm(user) && (!grouped || idForm(group))
}

// called is the name that compose or a swarm gave a service or a project; "" where it is none.
// https://docs.docker.com/reference/compose-file/services/
func called(name string) string {
	if isCalled.MatchString(name) {
		return name
	}
	return ""
}

// idForm reports whether s is a number that a user can have, or a name.
func idForm(s string) bool {
	n, err := strconv.ParseUint(s, 10, 32)
	return err == nil && n < 1<<32-1 || isUser.MatchString(s)
}
