package cli

import (
	"bytes"
	"encoding"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/autostart"
	"aztray/internal/config"
	"aztray/internal/doctor"
	"aztray/test/rig/jsonschema"
)

// documents are what -o json prints, by the schema's name in docs/schema.
var documents = map[string]struct {
	title string
	value any
}{
	"status":       {"aztray service status, auth-renew, sync and tenant use -o json", Report{}},
	"restart":      {"aztray service restart -o json", RestartReport{}},
	"tenants":      {"aztray tenant list -o json", []TenantReport{}},
	"config":       {"aztray config show -o json", []config.Value{}},
	"doctor":       {"aztray doctor -o json", doctor.Report{}},
	"endpoint-env": {"aztray endpoint env -o json", map[string]string{}},
	"autostart":    {"aztray autostart enable, disable and status -o json", autostart.Status{}},
	"version":      {"aztray version -o json", VersionReport{}},
}

// The schemas in docs/schema are what the code prints: go test ./internal/cli -run Schemas -update
// writes them anew. What is in them is the contract that scripts rely on.
func TestSchemas(t *testing.T) {
	said := readComments(t, "../report", ".", "../auth", "../autostart", "../config", "../containers", "../doctor", "../openai")
	for name, d := range documents {
		s := said.schemaOf(t, reflect.TypeOf(d.value))
		s.Dialect, s.Title = jsonschema.Dialect, d.title
		got, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("../../docs/schema", name+".json")
		if rewrite() {
			if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(bytes.TrimSpace(want), got) {
			t.Errorf("%s is not what the code prints (%v); -update writes it anew", file, err)
		}
	}
	page, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range documents {
		if !strings.Contains(string(page), "schema/"+name+".json") {
			t.Errorf("docs/json.md does not name schema/%s.json", name)
		}
	}
}

// comments are what the source says: of fields, by type and name, and the constants of a type.
type comments struct {
	fields map[string]string
	values map[string][]any
}

func readComments(t *testing.T, dirs ...string) comments {
	c := comments{map[string]string{}, map[string][]any{}}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", dir, err)
		}
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(file, "_test.go") {
				ast.Inspect(f, func(n ast.Node) bool { c.note(f.Name.Name, n); return true })
			}
		}
	}
	return c
}

func (c comments) note(pkg string, n ast.Node) {
	switch n := n.(type) {
	case *ast.TypeSpec:
		if s, ok := n.Type.(*ast.StructType); ok {
			for _, f := range s.Fields.List {
				for _, name := range f.Names {
					c.fields[pkg+"."+n.Name.Name+"."+name.Name] = strings.TrimSpace(f.Comment.Text())
				}
			}
		}
	case *ast.ValueSpec:
		of, ok := n.Type.(*ast.Ident)
		if !ok || len(n.Values) != 1 {
			return
		}
		if lit, ok := n.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				c.values[pkg+"."+of.Name] = append(c.values[pkg+"."+of.Name], s)
			}
		}
	}
}

var (
	timeType = reflect.TypeFor[time.Time]()
	textType = reflect.TypeFor[encoding.TextMarshaler]()
	levels   = []any{"ok", "expiring", "expired", "signed-out", "renewing", "unknown"}
)

func (c comments) schemaOf(t *testing.T, of reflect.Type) *jsonschema.Schema {
	t.Helper()
	switch {
	case of == timeType:
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	case of == reflect.TypeFor[auth.Level]():
		return &jsonschema.Schema{Type: "string", Enum: levels}
	case of.Kind() != reflect.String && of.Kind() != reflect.Pointer && of.Implements(textType):
		t.Errorf("what does %v print?", of)
	}
	switch of.Kind() {
	case reflect.Pointer:
		return nullable(c.schemaOf(t, of.Elem()))
	case reflect.String:
		values := slices.Clone(c.values[of.String()])
		if len(values) > 0 && mayBeEmpty[of.String()] {
			values = append(values, "")
		}
		return &jsonschema.Schema{Type: "string", Enum: values}
	case reflect.Bool:
		return &jsonschema.Schema{Type: "boolean"}
	case reflect.Int:
		return &jsonschema.Schema{Type: "integer"}
	case reflect.Float64:
		return &jsonschema.Schema{Type: "number"}
	case reflect.Slice:
		s := &jsonschema.Schema{Type: "array", Items: c.schemaOf(t, of.Elem())}
		if nilMeansNull[of.String()] {
			s.Type = []string{"array", "null"}
		}
		return s
	case reflect.Map:
		return &jsonschema.Schema{Type: "object", Additional: c.schemaOf(t, of.Elem())}
	case reflect.Interface:
		return &jsonschema.Schema{}
	case reflect.Struct:
		return c.object(t, of)
	}
	t.Errorf("what does %v print?", of)
	return nil
}

// mayBeEmpty are the types whose zero value is printed as "".
var mayBeEmpty = map[string]bool{"doctor.Fix": true, "auth.AccountKind": true}

// nilMeansNull are the lists that are null where there is nothing.
var nilMeansNull = map[string]bool{"[]string": true}

func (c comments) object(t *testing.T, of reflect.Type) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{}, Additional: false}
	for i := range of.NumField() {
		f := of.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && tag == "":
			inner := c.object(t, f.Type)
			for name, p := range inner.Properties {
				s.Properties[name] = p
			}
			s.Required = append(s.Required, inner.Required...)
			continue
		case !f.IsExported() || tag == "-":
			continue
		}
		p := c.schemaOf(t, f.Type)
		p.Description = c.fields[of.String()+"."+f.Name]
		s.Properties[tag] = p
		if options != "omitempty" {
			s.Required = append(s.Required, tag)
		}
	}
	return s
}

func nullable(s *jsonschema.Schema) *jsonschema.Schema {
	if name, simple := s.Type.(string); simple && len(s.Enum) == 0 && s.Properties == nil {
		s.Type = []string{name, "null"}
		return s
	}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, {Type: "null"}}}
}
