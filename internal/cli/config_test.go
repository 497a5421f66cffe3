package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/config"
)

// person runs command lines with a home of its own.
func person(t *testing.T) (run func(args ...string) (out, msg string, code int)) {
	t.Helper()
	home := t.TempDir()
	for _, name := range []string{"HOME", "USERPROFILE", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA", "APPDATA"} {
		t.Setenv(name, home)
	}
	return func(args ...string) (string, string, int) {
		var o, e bytes.Buffer
		code := Execute(context.Background(), args, Env{Version: "v1.2.3", Out: &o, Err: &e, Now: time.Now})
		return o.String(), e.String(), code
	}
}

func TestConfig(t *testing.T) {
	run := person(t)
	path, _, code := run("config", "path")
	file := strings.TrimSuffix(path, "\n")
	if code != ExitGood || !filepath.IsAbs(file) || filepath.Base(file) != "config.toml" {
		t.Fatalf("path: exit %d, %q", code, path)
	}
	if out, _, code := run("config", "show"); code != ExitGood || !strings.Contains(out, "File: "+file+" (there is none; aztray config init writes one)") {
		t.Errorf("show without a file: exit %d\n%s", code, out)
	}
	if out, msg, code := run("config", "init"); code != ExitGood || out != path || msg != "" {
		t.Errorf("init: exit %d, %q, %q", code, out, msg)
	}
	b, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(b, config.Template()) {
		t.Errorf("init wrote %q, %v", b, err)
	}
	mine := []byte("[tray]\nicon = \"dark\"\n")
	if err := os.WriteFile(file, mine, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, msg, code := run("config", "init"); code == ExitGood || out != "" || !strings.Contains(msg, "is there already") || !strings.Contains(msg, "--force") {
		t.Errorf("init over a file: exit %d, %q, %q", code, out, msg)
	}
	if b, _ := os.ReadFile(file); !bytes.Equal(b, mine) {
		t.Fatalf("init has changed the person's file: %q", b)
	}
	if out, _, _ := run("config", "show"); !strings.Contains(out, "\ntray.icon                   \"dark\"") || !strings.Contains(out, "  line 2\n") {
		t.Errorf("show:\n%s", out)
	}
	if _, _, code := run("config", "init", "--force"); code != ExitGood {
		t.Errorf("init --force: exit %d", code)
	}
	if b, _ := os.ReadFile(file + ".old"); !bytes.Equal(b, mine) {
		t.Errorf("the person's file is lost: %q", b)
	}
}

func TestConfigShowJSON(t *testing.T) {
	run := person(t)
	t.Setenv("OPENAI__CHAT_MODEL", "gpt-5")
	out, msg, code := run("config", "show", "-o", "json", "--set", "notify.warn=1h,5m")
	var all []config.Value
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != ExitGood || msg != "" {
		t.Fatalf("exit %d, %v, %q", code, err, msg)
	}
	want := map[string]string{
		"openai.chat_model": `{"key":"openai.chat_model","value":"gpt-5","source":"environment","variable":"OPENAI__CHAT_MODEL"}`,
		"notify.warn":       `{"key":"notify.warn","value":["1h","5m"],"source":"flag"}`,
		"azure.follow":      `{"key":"azure.follow","value":true,"source":"default"}`,
	}
	for _, v := range all {
		if b, _ := json.Marshal(v); want[v.Key] != "" && string(b) != want[v.Key] {
			t.Errorf("%s, want %s", b, want[v.Key])
		}
		delete(want, v.Key)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

// What is wrong is named by its place, with exit code 2, whichever layer it is in.
func TestConfigShowSaysWhatIsWrong(t *testing.T) {
	run := person(t)
	path, _, _ := run("config", "path")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, set, want string }{
		{"[tray]\nicno = 1\n", "", "config.toml, line 2: there is no setting tray.icno; did you mean tray.icon?"},
		{"", "tray.icno=1", "flag --set: there is no setting tray.icno; did you mean tray.icon?"},
	} {
		if err := os.WriteFile(strings.TrimSpace(path), []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"config", "show"}
		if c.set != "" {
			args = append(args, "--set", c.set)
		}
		if out, msg, code := run(args...); code != ExitUsage || out != "" || !strings.Contains(msg, c.want) {
			t.Errorf("exit %d, %q, says %q; want %q", code, out, msg, c.want)
		}
	}
}
