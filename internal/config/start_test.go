package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// What a program starts with that is to run whatever the settings say. Of a file that can't be used
// nothing is taken, not even what is good in it.
func TestStart(t *testing.T) {
	const broken = "[azure]\ntenant_id = \"contoso.example\"\ntennant_id = \"contoso.example\"\n"
	left := func(change func(*Settings)) Settings {
		s := defaults()
		s.Health.Listen, s.Azure.Follow = "", false
		change(&s)
		return s
	}
	asItIs := func(*Settings) {}
	for _, c := range []struct {
		name string
		file string
		env  []string
		set  []string
		want Settings
		why  string // a part of Change.Err; "": there is none
		err  string // a part of the error; "": there is none
	}{
		{name: "all is well", file: "[tray]\nicon = \"dark\"", want: func() Settings { s := defaults(); s.Tray.Icon = "dark"; return s }()},
		{name: "a slip in the file", file: broken, want: left(asItIs), why: "config.toml, line 3: there is no setting azure.tennant_id; did you mean azure.tenant_id?"},
		{name: "no TOML at all", file: "tenant: contoso.example", want: left(asItIs), why: "this is not TOML"},
		{name: "what the environment and flags say still holds", file: broken, env: []string{"AZTRAY_AZURE_TENANT_ID=" + tenantA, "AZTRAY_ENGINE_SOCKET=true"}, set: []string{"tray.icon=light"},
			want: left(func(s *Settings) { s.Azure.TenantID, s.Engine.Socket, s.Tray.Icon = tenantA, true, "light" }), why: "line 3"},
		{name: "a port that is named outside the file", file: broken, env: []string{"AZTRAY_HEALTH_LISTEN=127.0.0.1:8001"},
			want: left(func(s *Settings) { s.Health.Listen = "127.0.0.1:8001" }), why: "line 3"},
		{name: "nobody gets a token by the endpoint, and az stays where it is, whoever says otherwise", file: broken, env: []string{"AZTRAY_ENDPOINT_ENABLED=true", "AZTRAY_AZURE_FOLLOW=true"},
			want: left(asItIs), why: "line 3"},
		{name: "a slip in the environment takes the file with it", file: "[tray]\nicon = \"dark\"", env: []string{"AZTRAY_AZURE_TENNANT_ID=x"},
			want: left(asItIs), why: "environment variable AZTRAY_AZURE_TENNANT_ID"},
		{name: "a slip in both", file: broken, env: []string{"AZTRAY_AZURE_FOLLOW=perhaps"}, want: left(asItIs), why: "line 3"},
		{name: "a slip in a flag", set: []string{"tray.icno=dark"}, err: "did you mean tray.icon?"},
		{name: "a slip in the file and in a flag", file: broken, set: []string{"tray.icno=dark"}, err: "did you mean tray.icon?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "config.toml")
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Start(Options{File: file, Environ: append([]string{}, c.env...), Set: c.set})
			if !says(err, c.err) {
				t.Fatalf("%v; want %q", err, c.err)
			}
			if err == nil && (!says(got.Err, c.why) || !reflect.DeepEqual(got.Settings, c.want)) {
				t.Errorf("%v; want %q\n%+v\nwant\n%+v", got.Err, c.why, got.Settings, c.want)
			}
		})
	}
}

// says reports whether err is as wanted: none for "", else with that in it.
func says(err error, want string) bool {
	if want == "" {
		return err == nil
	}
	return err != nil && strings.Contains(err.Error(), want)
}

// A file that nobody may read is no reason not to start either.
func TestStartWithAFileThatCannotBeRead(t *testing.T) {
	got, err := Start(Options{File: t.TempDir(), Environ: []string{}}) // a directory, which root can't read either
	if err != nil || !says(got.Err, "the settings cannot be read") || got.Settings.Azure.Scope != defaultScope {
		t.Errorf("%+v, %v", got, err)
	}
}
