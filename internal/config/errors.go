package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Error is a setting that is wrong. Its text is one sentence for a person: where, what, what to do.
type Error struct {
	File     string // the settings file; "" where Variable is at fault
	Line     int    // in File, from 1; 0 where not known
	Variable string // the environment variable; "" where File is at fault
	Flag     string // the flag of the command line; "" where File is at fault
	Key      string // as azure.tenant_id; "" where the file is no TOML at all
	Value    string // as it was given, cut short; "" for an unknown key, whose value may be a secret
	Nearest  string // the known name most like an unknown one; "" when none is
	Want     string // what a right value looks like; for a file that is no TOML, what the parser says
	Err      error  // the parser's own; else nil
}

func (e *Error) Unwrap() error { return e.Err }

func (e *Error) Error() string {
	where := e.where()
	switch {
	case e.Err != nil:
		return fmt.Sprintf("%s: this is not TOML (%s); correct or delete the line", where, e.Want)
	case e.Want != "":
		return fmt.Sprintf("%s: %s is %s; it must be %s", where, e.Key, e.Value, e.Want)
	case e.Nearest != "":
		return fmt.Sprintf("%s: there is no setting %s; did you mean %s?", where, e.Key, e.Nearest)
	}
	return fmt.Sprintf("%s: there is no setting %s; delete it (docs/settings.md lists them all)", where, e.Key)
}

func (e *Error) where() string {
	switch {
	case e.Flag != "":
		return "flag " + e.Flag
	case e.Variable != "":
		return "environment variable " + e.Variable
	case e.Line > 0:
		return fmt.Sprintf("%s, line %d", e.File, e.Line)
	}
	return e.File
}

// at is an Error about a key, with the place that its value came from.
func (l *layers) at(key string) *Error {
	switch name := l.from[key]; {
	case l.flags[key]:
		return &Error{Flag: "--set", Key: key}
	case name != "":
		return &Error{Variable: name, Key: key}
	case l.as[key] != "":
		key = l.as[key]
	}
	section, _, _ := strings.Cut(key, ".")
	line := lineOf(l.doc, key)
	if line == 0 && l.v.InConfig(key) { // azure = { tenant_id = "..." }
		line = lineOf(l.doc, section)
	}
	return &Error{File: l.file, Line: line, Key: key}
}

// place says in words where a key's value came from.
func (l *layers) place(key string) string { return l.at(key).where() }

func (l *layers) badValue(key string, raw any, want string) error {
	e := l.at(key)
	e.Value, e.Want = shown(raw), want
	return e
}

func (l *layers) syntaxError(err error) error {
	e := &Error{File: l.file, Err: err, Want: err.Error()}
	if at, ok := errors.AsType[interface {
		error
		Position() (line, column int)
	}](err); ok {
		e.Line, _ = at.Position()
		e.Want = at.Error()
	}
	return e
}

// shown is a value as an error may print it: short, and no password of an address in it.
func shown(raw any) string {
	s, isText := raw.(string)
	if !isText {
		return short(fmt.Sprint(raw))
	}
	return fmt.Sprintf("%q", short(redacted(s)))
}

func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

var (
	sectionLine = regexp.MustCompile(`^\s*\[+\s*"?([0-9A-Za-z_.-]+)"?\s*\]`)
	keyLine     = regexp.MustCompile(`^\s*"?([0-9A-Za-z_.-]+)"?\s*=`)
)

// lineOf finds the line on which a key or section stands, 0 if it can't. A glance at the text, not
// a parse: a many-line string that holds what looks like settings could mislead it.
func lineOf(doc []byte, name string) int {
	section := ""
	n := 0
	for line := range strings.SplitSeq(string(doc), "\n") {
		n++
		if m := sectionLine.FindStringSubmatch(line); m != nil {
			section = strings.ToLower(m[1])
			if section == name {
				return n
			}
			section += "."
		} else if m := keyLine.FindStringSubmatch(line); m != nil && section+strings.ToLower(m[1]) == name {
			return n
		}
	}
	return 0
}
