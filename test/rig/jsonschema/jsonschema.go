// Package jsonschema checks JSON documents against the schemas in docs/schema: the part of JSON Schema 2020-12
// that those use, and no more. A keyword that it does not know is an error, so that none is passed over.
package jsonschema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"
)

// Schema is a JSON Schema, or a part of one.
type Schema struct {
	Dialect     string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"` // a name, or a list of names
	Format      string             `json:"format,omitempty"`
	Enum        []any              `json:"enum,omitempty"`
	AnyOf       []*Schema          `json:"anyOf,omitempty"`
	Properties  map[string]*Schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Additional  any                `json:"additionalProperties,omitempty"` // false, or the schema of all values
	Items       *Schema            `json:"items,omitempty"`
}

// Dialect is what the schemas are written in.
const Dialect = "https://json-schema.org/draft/2020-12/schema"

// Read reads a schema from a file.
func Read(file string) (*Schema, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &Schema{}
	dec := json.NewDecoder(f)
	dec.DisallowUnknownFields()
	if err := dec.Decode(s); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// Check says everywhere that a document is not as the schema has it.
func (s *Schema) Check(document []byte) error {
	var v any
	if err := json.Unmarshal(document, &v); err != nil {
		return err
	}
	return errors.Join(s.check("document", v)...)
}

func (s *Schema) check(at string, v any) (all []error) {
	wrong := func(format string, args ...any) {
		all = append(all, fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...)))
	}
	if len(s.AnyOf) > 0 {
		return s.checkAny(at, v)
	}
	if names := types(s.Type); len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return is(n, v) }) {
		wrong("%v is no %v", v, s.Type)
		return all
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		wrong("%v is none of %v", v, s.Enum)
	}
	if text, isText := v.(string); isText && s.Format == "date-time" {
		if t, err := time.Parse(time.RFC3339, text); err != nil || t.Location() != time.UTC {
			wrong("%q is no time of RFC 3339 in UTC", text)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		all = append(all, s.checkObject(at, v)...)
	case []any:
		for i, item := range v {
			if s.Items != nil {
				all = append(all, s.Items.check(fmt.Sprintf("%s[%d]", at, i), item)...)
			}
		}
	}
	return all
}

func (s *Schema) checkAny(at string, v any) []error {
	var last []error
	for _, one := range s.AnyOf {
		if last = one.check(at, v); len(last) == 0 {
			return nil
		}
		if is("object", v) && slices.Contains(types(one.Type), "object") {
			return last // what is wrong in it says more than that it is no null
		}
	}
	return last
}

func (s *Schema) checkObject(at string, v map[string]any) (all []error) {
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			all = append(all, fmt.Errorf("%s: %s is missing", at, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		switch property, ok := s.Properties[name]; {
		case ok:
			all = append(all, property.check(at+"."+name, v[name])...)
		case s.Additional == false:
			all = append(all, fmt.Errorf("%s: %s is not in the schema", at, name))
		}
	}
	return all
}

func types(t any) []string {
	switch t := t.(type) {
	case string:
		return []string{t}
	case []any:
		var all []string
		for _, name := range t {
			all = append(all, fmt.Sprint(name))
		}
		return all
	}
	return nil
}

func is(name string, v any) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case float64:
		return name == "number" || name == "integer" && v == float64(int64(v))
	case []any:
		return name == "array"
	}
	return name == "object"
}
