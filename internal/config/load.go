package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

// Options say where settings come from. The zero value is what a person's own program uses.
type Options struct {
	File    string   // the settings file, which must exist; "" means File's, which need not
	Environ []string // as os.Environ has it; nil means os.Environ()
	Set     []string // "section.key=value" each, as the flag --set has them; above everything

	noFile bool // as if there were none
}

// Load reads, layers and checks the settings: defaults, below the file, below Code Story's
// variables, below AZTRAY_<SECTION>_<KEY>, below flags. A variable that is set but empty counts as
// not set.
//
// The second result has a sentence for each setting that is good but that this version does not
// act on yet; Settings then holds what is really done. An error is an *Error, the first that was
// found, or says that the file could not be read.
func Load(o Options) (Settings, []string, error) {
	l, err := read(o)
	if err != nil {
		return Settings{}, nil, err
	}
	return l.settings()
}

// read puts the layers upon one another; the values are yet to be checked.
func read(o Options) (*layers, error) {
	env := environ(o.Environ)
	file, doc, err := o.document(env)
	if err != nil {
		return nil, err
	}
	l := &layers{v: viper.New(), file: file, doc: doc, from: map[string]string{}, flags: map[string]bool{}, as: map[string]string{}}
	if err := l.readFile(); err != nil {
		return nil, err
	}
	if err := l.readEnviron(env); err != nil {
		return nil, err
	}
	return l, l.readFlags(o.Set)
}

// document is the settings file and what is in it; nothing where there is none.
func (o Options) document(env variables) (file string, doc []byte, err error) {
	if o.noFile {
		return "", nil, nil
	}
	file = o.File
	if file == "" {
		if file, err = File(env.lookup); err != nil {
			return "", nil, err
		}
	}
	doc, err = os.ReadFile(file)
	if err != nil && (o.File != "" || !errors.Is(err, fs.ErrNotExist)) {
		return "", nil, fmt.Errorf("the settings cannot be read: %w", err)
	}
	return file, bytes.TrimPrefix(doc, []byte("\ufeff")), nil // Notepad writes one
}

// layers is the settings on their way from text to Settings.
type layers struct {
	v    *viper.Viper
	file string
	doc  []byte
	from map[string]string // by key: the variable it came from; none: the file or the default

	flags map[string]bool   // keys that a flag gave
	as    map[string]string // by key: Code Story's name for it, under which the file has it
}

// readFile sets the defaults and puts the file above them.
func (l *layers) readFile() error {
	for _, f := range fields {
		l.v.SetDefault(f.key, f.preset)
	}
	l.v.SetConfigType("toml")
	if err := l.v.ReadConfig(bytes.NewReader(l.doc)); err != nil {
		return l.syntaxError(err)
	}
	if err := l.checkNames(); err != nil {
		return err
	}
	for _, p := range theirPlaces {
		if theirs := l.v.GetString(p.theirs); theirs != "" && p.empty(l.v.GetString(p.ours)) {
			l.v.Set(p.ours, theirs)
			l.as[p.ours] = p.theirs
		}
	}
	return nil
}

// readEnviron puts the environment above the file. Viper's own BindEnv would read the process's
// environment whatever the caller says.
func (l *layers) readEnviron(env variables) error {
	for _, f := range fields {
		for _, name := range append([]string{f.variable()}, f.also...) {
			if value, ok := env.lookup(name); ok && value != "" {
				l.v.Set(f.key, value)
				l.from[f.key] = name
				break
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if known, ours := ourVariable(name); ours && !known {
			return l.unknownVariable(name)
		}
	}
	return nil
}

// readFlags puts what flags say above everything.
func (l *layers) readFlags(set []string) error {
	for _, entry := range set {
		key, value, ok := strings.Cut(entry, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		switch {
		case !ok:
			return &Error{Flag: "--set", Key: key, Value: "no value", Want: "written as --set section.key=value"}
		case !slices.Contains(keys(), key):
			return &Error{Flag: "--set", Key: key, Nearest: nearestKey(key)}
		}
		l.v.Set(key, strings.TrimSpace(value))
		l.flags[key] = true
	}
	return nil
}

// settings checks every value and gives the result.
func (l *layers) settings() (Settings, []string, error) {
	var s Settings
	var warnings []string
	for _, f := range fields {
		raw := l.v.Get(f.key)
		if wrong := f.store(&s, raw); wrong != "" {
			return Settings{}, nil, l.badValue(f.key, raw, wrong)
		}
	}
	for _, f := range fields { // when all are known: one may be of no effect without another
		raw := l.v.Get(f.key)
		if f.later == nil || !l.given(f.key) {
			continue
		}
		if missing := f.later(&s, raw); missing != "" {
			warnings = append(warnings, fmt.Sprintf("%s: %s is set, but %s.", l.place(f.key), f.key, missing))
		}
	}
	return s, warnings, nil
}

// given reports whether somebody set the key, were it to its default.
func (l *layers) given(key string) bool {
	return l.inFile(key) || l.from[key] != "" || l.flags[key]
}

// variables is an environment by name: as it is written, and in capitals, because Windows and Code
// Story take any case.
type variables map[string]string

func environ(list []string) variables {
	if list == nil {
		list = os.Environ()
	}
	env, folded := make(variables, len(list)), make(variables, len(list))
	for _, entry := range list {
		if name, value, ok := strings.Cut(entry, "="); ok && name != "" {
			env[name], folded[strings.ToUpper(name)] = value, value
		}
	}
	maps.Copy(folded, env)
	return folded
}

func (env variables) lookup(name string) (string, bool) {
	value, ok := env[name]
	return value, ok
}
