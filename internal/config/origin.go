package config

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Source is the layer that a value came from. Each beats those before it.
type Source string

// The layers, from the lowest.
const (
	FromDefault     Source = "default"
	FromFile        Source = "file"
	FromEnvironment Source = "environment"
	FromFlag        Source = "flag"
)

// Value is one setting as it holds, and where it came from. It is one row of `config show -o json`.
type Value struct {
	Key      string `json:"key"`
	Value    any    `json:"value"` // a text, a list of texts, a number or a boolean, as the file would hold it
	Source   Source `json:"source"`
	File     string `json:"file,omitempty"`     // where Source is file
	Line     int    `json:"line,omitempty"`     // in File, from 1; 0 where not known
	Variable string `json:"variable,omitempty"` // where Source is environment
}

// From says in words where the value came from.
func (v Value) From() string {
	switch {
	case v.Source == FromEnvironment:
		return v.Variable
	case v.Source == FromFile && v.Line > 0:
		return fmt.Sprintf("line %d", v.Line)
	case v.Source == FromFile:
		return "the file"
	case v.Source == FromFlag:
		return "--set"
	}
	return string(v.Source)
}

// Explain reads the settings as Load does and gives each with its origin, in the order of the
// documentation. Its warnings and errors are Load's.
func Explain(o Options) ([]Value, []string, error) {
	l, err := read(o)
	if err != nil {
		return nil, nil, err
	}
	_, warnings, err := l.settings()
	if err != nil {
		return nil, nil, err
	}
	all := make([]Value, len(fields))
	for i, f := range fields {
		all[i] = l.value(f)
	}
	return all, warnings, nil
}

func (l *layers) value(f field) Value {
	v := Value{Key: f.key, Value: typed(f.preset, l.v.Get(f.key)), Source: FromDefault}
	switch e := l.at(f.key); {
	case e.Flag != "":
		v.Source = FromFlag
	case e.Variable != "":
		v.Source, v.Variable = FromEnvironment, e.Variable
	case l.inFile(f.key):
		v.Source, v.File, v.Line = FromFile, e.File, e.Line
	}
	return v
}

// typed gives a value the type of its default: a variable and a flag hold text, whatever it means. The
// value has been checked.
func typed(preset, raw any) any {
	text, isText := raw.(string)
	switch preset.(type) {
	case []string:
		entries, _ := list(raw)
		for i, entry := range entries {
			entries[i] = redacted(entry)
		}
		return append([]string{}, entries...)
	case int:
		n, _ := strconv.Atoi(strings.TrimSpace(fmt.Sprint(raw)))
		return n
	case bool:
		if on, err := strconv.ParseBool(text); isText && err == nil {
			return on
		}
		return raw
	}
	return redacted(strings.TrimSpace(text))
}

// redacted is a value without the password of an address.
func redacted(s string) string {
	if u, err := url.Parse(s); err == nil && u.User != nil {
		return u.Redacted()
	}
	return s
}

// inFile reports whether the file says what key is, be it under Code Story's name for it.
func (l *layers) inFile(key string) bool { return l.v.InConfig(cmp.Or(l.as[key], key)) }
