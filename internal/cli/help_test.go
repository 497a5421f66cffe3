package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// rewrite reports whether golden files are to be written anew: -update is defined by another test file.
func rewrite() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

// walk visits every command that a person can see.
func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "completion" && sub.Name() != "help" {
			walk(sub, visit)
		}
	}
}

// Every help text, in one document to be read: testdata/help.md.
func TestHelp(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, "# What --help says of each command\n")
	walk(Root("v1.2.3"), func(cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())[1:]
		var out bytes.Buffer
		if code := Execute(context.Background(), append(path, "--help"), Env{Version: "v1.2.3", Out: &out, Err: &out, Now: time.Now}); code != ExitGood {
			t.Errorf("%s --help: exit code %d", cmd.CommandPath(), code)
		}
		fmt.Fprintf(&b, "\n## %s\n\n", cmd.CommandPath())
		for line := range strings.Lines(strings.TrimSpace(out.String())) {
			b.WriteString(strings.TrimRight("    "+line, " \n") + "\n")
			if n := columns(strings.TrimRight(line, "\n")); n > 80 && !strings.Contains(cmd.Example, strings.TrimRight(line, "\n")) {
				t.Errorf("%s: a line of %d columns: %s", cmd.CommandPath(), n, line)
			}
		}
		if cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		if strings.HasSuffix(cmd.Short, ".") || cmd.Short == "" {
			t.Errorf("%s: one line says what it does, with no full stop: %q", cmd.CommandPath(), cmd.Short)
		}
	})
	golden := filepath.Join("testdata", "help.md")
	if rewrite() {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != b.String() {
		t.Errorf("%s is not what --help says (%v); -update writes it anew: read the difference", golden, err)
	}
}

// complete is what a shell would offer after the words, the last of which is begun.
func complete(t *testing.T, run func(...string) (string, string, int), words ...string) []string {
	t.Helper()
	out, msg, code := run(append([]string{"__complete"}, words...)...)
	if code != ExitGood || strings.Contains(msg, "rror") {
		t.Errorf("completing %q: exit code %d, says %q", words, code, msg)
	}
	var all []string
	for line := range strings.Lines(out) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if word != "" && !strings.HasPrefix(word, ":") {
			all = append(all, word)
		}
	}
	return all
}

func TestCompletion(t *testing.T) {
	run := person(t)
	home := t.TempDir()
	t.Setenv("AZURE_CONFIG_DIR", home)
	t.Setenv("DOCKER_HOST", "unix://"+filepath.ToSlash(filepath.Join(home, "none.sock")))
	profile := map[string]any{"subscriptions": []map[string]any{
		{"id": "a", "tenantId": "c0000000-aaaa-4aaa-8aaa-000000000001", "tenantDisplayName": "Contoso", "tenantDefaultDomain": "contoso.example", "user": map[string]string{"name": "ada", "type": "user"}},
		{"id": "b", "tenantId": "fab00000-bbbb-4bbb-8bbb-000000000002", "user": map[string]string{"name": "ada", "type": "user"}}}}
	b, err := json.Marshal(profile)
	if err := errors.Join(err, os.WriteFile(filepath.Join(home, "azureProfile.json"), b, 0o600)); err != nil {
		t.Fatal(err)
	}
	for words, want := range map[string]string{
		"tenant use ":                    "contoso.example fab00000-bbbb-4bbb-8bbb-000000000002",
		"tenant use contoso.example ":    "",
		"service auth-renew --tenant ":   "contoso.example fab00000-bbbb-4bbb-8bbb-000000000002",
		"service sync --container ":      "", // no engine answers: nothing, and no message
		"service status -o ":             "table json",
		"service re":                     "restart",
		"config show --set azure.log":    "azure.login_timeout=",
		"config init ":                   "",
		"autostart ":                     "disable enable status",
		"service auth-renew --device-co": "--device-code",
	} {
		if got := strings.Join(complete(t, run, strings.Split(words, " ")...), " "); got != want && !strings.HasPrefix(got, want+" ") {
			t.Errorf("%q is completed by %q, want %q", words, got, want)
		}
	}
}
