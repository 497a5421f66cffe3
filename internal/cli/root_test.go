package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/config"
)

// Of all commands the tray alone starts with settings that can't be used: it is the one that nobody sees
// fail. A flag is typed, and seen.
func TestTheTrayStartsWithABrokenFile(t *testing.T) {
	const said = "config.toml, line 2: there is no setting azure.tennant_id; did you mean azure.tenant_id?\n"
	for _, c := range []struct {
		name    string
		args    []string
		code    int
		started string // what ran
		message string // how standard error ends
	}{
		{"the tray", nil, ExitGood, "tray", said},
		{"the tray, with a flag", []string{"--set", "tray.icon=dark"}, ExitGood, "tray", said},
		{"the tray, with a slip in a flag", []string{"--set", "tray.icno=dark"}, ExitUsage, "", "flag --set: there is no setting tray.icno; did you mean tray.icon?\n"},
		{"without a desktop", []string{"serve"}, ExitUsage, "", said},
		{"another command", []string{"service", "status"}, ExitUsage, "", said},
	} {
		t.Run(c.name, func(t *testing.T) {
			person(t) // a home of its own
			file, err := config.File(os.LookupEnv)
			if err == nil {
				err = os.MkdirAll(filepath.Dir(file), 0o700)
			}
			if err == nil {
				err = os.WriteFile(file, []byte("[azure]\ntennant_id = \"x\"\n"), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			started := ""
			var out, msg bytes.Buffer
			code := Execute(context.Background(), c.args, Env{Out: &out, Err: &msg, Now: time.Now,
				Tray: func(_ context.Context, _ config.Options, read config.Change, _ auth.Client) error {
					started = "tray"
					if read.Err == nil || read.Settings.Azure.Scope == "" || read.Settings.Health.Listen != "" {
						t.Errorf("started with %+v", read)
					}
					return nil
				},
				Serve: func(context.Context, config.Options, config.Settings, auth.Client) error {
					started = "serve"
					return nil
				}})
			if code != c.code || started != c.started || out.Len() > 0 || strings.Count(msg.String(), "\n") != 1 || !strings.HasSuffix(msg.String(), c.message) {
				t.Errorf("exit code %d, started %q, said %q%q; want %d, %q, %q", code, started, out.String(), msg.String(), c.code, c.started, c.message)
			}
		})
	}
}
