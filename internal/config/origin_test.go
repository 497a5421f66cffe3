package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestExplain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	const text = `# mine
[openai]
tenant_id = "contoso.example"
endpoint = "https://one.example"

[notify]
warn = ["5m"]
snooze = "1m"

[tray]
icon = "dark"
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, _, err := Explain(Options{File: file, Set: []string{"notify.snooze=3m", "azure.follow = false"},
		Environ: []string{"OPENAI__ENDPOINT=https://two.example", "AZTRAY_CONTAINERS_NAMES=a, b", "AZTRAY_ENDPOINT_PORT=9000", "AZTRAY_ENDPOINT_ENABLED=1",
			"AZTRAY_TRAY_ICON="}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Value{
		"azure.tenant_id":      {Value: "contoso.example", Source: FromFile, File: file, Line: 3},
		"azure.follow":         {Value: false, Source: FromFlag},
		"azure.login_timeout":  {Value: "5m", Source: FromDefault},
		"openai.endpoint":      {Value: "https://two.example", Source: FromEnvironment, Variable: "OPENAI__ENDPOINT"},
		"notify.warn":          {Value: []string{"5m"}, Source: FromFile, File: file, Line: 7},
		"notify.snooze":        {Value: "3m", Source: FromFlag},
		"containers.names":     {Value: []string{"a", "b"}, Source: FromEnvironment, Variable: "AZTRAY_CONTAINERS_NAMES"},
		"containers.scopes":    {Value: []string{}, Source: FromDefault},
		"endpoint.port":        {Value: 9000, Source: FromEnvironment, Variable: "AZTRAY_ENDPOINT_PORT"},
		"endpoint.enabled":     {Value: true, Source: FromEnvironment, Variable: "AZTRAY_ENDPOINT_ENABLED"},
		"azure.probe_interval": {Value: "5m", Source: FromDefault},
		"tray.icon":            {Value: "dark", Source: FromFile, File: file, Line: 11},
	}
	for i, got := range all {
		if got.Key != fields[i].key {
			t.Errorf("setting %d is %s, want %s", i, got.Key, fields[i].key)
		}
		if w, ok := want[got.Key]; ok {
			if w.Key = got.Key; !reflect.DeepEqual(got, w) {
				t.Errorf("got  %+v\nwant %+v", got, w)
			}
		}
	}
}

// An inline table has its line too.
func TestExplainInlineTable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte("\ntray = { icon = \"dark\" }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all, _, err := Explain(Options{File: file, Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	if last := all[len(all)-1]; last.Line != 2 || last.Source != FromFile {
		t.Errorf("%+v", last)
	}
}

func TestFlags(t *testing.T) {
	for set, want := range map[string]string{
		"azure.scop=x":    "flag --set: there is no setting azure.scop; did you mean azure.scope?",
		"azure.scope=x":   `flag --set: azure.scope is "x"; it must be a scope such as https://cognitiveservices.azure.com/.default`,
		"azure.scope":     "flag --set: azure.scope is no value; it must be written as --set section.key=value",
		"zzzzzzzzzzzzz=1": "flag --set: there is no setting zzzzzzzzzzzzz; delete it (docs/settings.md lists them all)",
	} {
		_, _, err := Load(Options{File: os.DevNull, Environ: []string{"AZTRAY_AZURE_SCOPE=https://vault.azure.net/.default"}, Set: []string{set}})
		if _, ok := errors.AsType[*Error](err); !ok || err.Error() != want {
			t.Errorf("--set %s: %v, want %s", set, err, want)
		}
	}
}
