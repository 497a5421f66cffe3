package config

import (
	"maps"
	"slices"
	"strings"

	"aztray/internal/nearest"
)

// checkNames finds what is not a setting. A section that is not ours is another program's, for
// Code Story's file may stand here; one whose name is almost ours is a slip.
func (l *layers) checkNames() error {
	settings := l.v.AllSettings()
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		section, isTable := settings[name].(map[string]any)
		known := slices.Contains(sections(), name)
		switch {
		case !isTable && known:
			e := l.at(name)
			e.Value, e.Want = shown(settings[name]), "a section, ["+name+"]"
			return e
		case !isTable:
			return l.unknownKey(name)
		case !known:
			if near, changes := nearest.To(name, sections()); changes <= max(1, len(near)/3) {
				return &Error{File: l.file, Line: lineOf(l.doc, name), Key: "[" + name + "]", Nearest: "[" + near + "]"}
			}
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(section)) {
			if key = name + "." + key; !slices.Contains(keys(), key) && !theirs[key] {
				return l.unknownKey(key)
			}
		}
	}
	return nil
}

func (l *layers) unknownKey(key string) error {
	return &Error{File: l.file, Line: lineOf(l.doc, key), Key: key, Nearest: nearestKey(key)}
}

func (l *layers) unknownVariable(name string) error {
	var names []string
	for _, f := range fields {
		names = append(names, f.variable())
	}
	near, _ := nearest.To(name, names)
	return &Error{Variable: name, Key: "of that name", Nearest: near}
}

// ourVariable reports whether name speaks of one of our sections, and whether of a setting in it.
func ourVariable(name string) (known, ours bool) {
	for _, f := range fields {
		known = known || name == f.variable()
	}
	for _, s := range sections() {
		ours = ours || strings.HasPrefix(name, prefix+strings.ToUpper(s)+"_")
	}
	return known, ours
}

// Keys are the names of all settings, as azure.tenant_id.
func Keys() []string { return keys() }

func keys() []string {
	var all []string
	for _, f := range fields {
		all = append(all, f.key)
	}
	return all
}

func sections() []string {
	var all []string
	for _, key := range keys() {
		name, _, _ := strings.Cut(key, ".")
		all = append(all, name)
	}
	return slices.Compact(all)
}

// nearestKey is the setting that was likely meant: the same word in another section goes first.
func nearestKey(key string) string {
	bare := key[strings.LastIndex(key, ".")+1:]
	for _, k := range keys() {
		if strings.HasSuffix(k, "."+bare) {
			return k
		}
	}
	near, changes := nearest.To(key, keys())
	if changes > max(2, len(bare)/3) {
		return ""
	}
	return near
}
