//go:build e2e && linux

package containers

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/test/rig/cloud"
)

var updateTable = flag.Bool("update-table", false, "write the table of calls into docs/az-in-containers.md")

// azAnswer is what came of a call of az.
type azAnswer struct {
	Out, Err string
	Code     int
}

// realAz runs real az over a directory, on a cloud of the test's own.
type realAz struct {
	t      *testing.T
	dir    string
	env    []string // that leads it to the cloud
	calls  io.Writer
	result *bufio.Reader
}

// newRealAz is the host's az, signed in.
func newRealAz(t *testing.T) realAz {
	t.Helper()
	c, err := cloud.Start(cloud.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	browser, err := c.WriteBrowser(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), ".azure")
	a := startAz(t, dir, append(c.Env(dir), "BROWSER="+browser, "TZ=UTC", "AZURE_CORE_COLLECT_TELEMETRY=false"))
	if got := a.run("login", "--allow-no-subscriptions", "-o", "none"); got.Code != 0 {
		t.Fatal(got.Err)
	}
	return a
}

func startAz(t *testing.T, dir string, env []string) realAz {
	t.Helper()
	a := realAz{t: t, dir: dir, env: env}
	cmd := exec.Command(azPython(), "testdata/az_calls.py")
	cmd.Env, cmd.Stderr = append(append(os.Environ(), env...), "AZURE_CONFIG_DIR="+dir), os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := cmp3(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	a.calls, a.result = in, bufio.NewReader(out)
	return a
}

// TestEverySpellingGivesTheHostsAudience: real az over a delivered directory, ours and the endpoint's rule, each by what
// is delivered alone, give a token of the audience and tenant that the host's own az gives.
func TestEverySpellingGivesTheHostsAudience(t *testing.T) {
	t.Parallel()
	host := newRealAz(t)
	b := host.bundle()
	dir := filepath.Join(t.TempDir(), "delivered")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range newContent(b, target{}, time.Now()).files {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inside := startAz(t, dir, host.env)
	small := newShim(t, []string{"/bin/sh"}, b)
	for _, how := range []string{
		"", "--resource-type arm", "--resource https://management.azure.com", "--resource https://management.azure.com/",
		"--resource https://management.core.windows.net", "--resource https://management.core.windows.net/",
		"--scope https://management.azure.com/.default", "--scope https://management.core.windows.net//.default",
		"--resource https://cognitiveservices.azure.com", "--resource https://cognitiveservices.azure.com/",
		"--scope https://cognitiveservices.azure.com/.default", "--scope https://cognitiveservices.azure.com//.default",
		"--scope https://cognitiveservices.azure.com/.DEFAULT", "--scope https://cognitiveservices.azure.com//.Default",
		"--resource https://cognitiveservices.azure.com --tenant contoso.example",
		"--resource https://cognitiveservices.azure.com/ --tenant C0000000-AAAA-4AAA-8AAA-000000000001",
		"--resource https://cognitiveservices.azure.com -s 50B00000-0000-4000-8000-000000000012",
		"--resource https://cognitiveservices.azure.com/ --subscription CONTOSO_Production",
	} {
		args := append([]string{"account", "get-access-token", "-o", "json"}, strings.Fields(how)...)
		for i, a := range args {
			args[i] = strings.ReplaceAll(a, "_", " ")
		}
		want := host.run(args...).plain()
		if want.Code != 0 {
			t.Fatalf("the host's az %s: %s", how, want.Err)
		}
		if got := inside.run(args...).plain(); got != want {
			t.Errorf("real az inside, %q: exit %d\n%s%s\nwant\n%s", how, got.Code, got.Out, got.Err, want.Out)
		}
		out, msg, code := small.runArgs(args)
		if got := (azAnswer{out, msg, code}).plain(); got != want {
			t.Errorf("our az, %q: exit %d\n%s%s\nwant\n%s", how, got.Code, got.Out, got.Err, want.Out)
		}
	}
}

func cmp3(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// azPython is the interpreter that az on this machine runs on.
func azPython() string {
	if _, err := os.Stat("/opt/az/bin/python3"); err == nil {
		return "/opt/az/bin/python3"
	}
	return "/usr/bin/python3"
}

func (a realAz) run(args ...string) (got azAnswer) {
	a.t.Helper()
	line, _ := json.Marshal(args)
	if _, err := a.calls.Write(append(line, '\n')); err != nil {
		a.t.Fatal(err)
	}
	text, err := a.result.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	return got
}

// deliveredScopes are those that the settings of this test's person name.
var deliveredScopes = []string{
	"https://cognitiveservices.azure.com/.default", "https://management.core.windows.net//.default", "https://graph.microsoft.com/.default",
	"https://ossrdbms-aad.database.windows.net/.default", "https://storage.azure.com/.default", "https://vault.azure.net/.default",
}

// bundle is what a container gets of the sign-in.
func (a realAz) bundle() auth.Bundle {
	a.t.Helper()
	scopes := auth.WithSpellings(deliveredScopes)
	for _, scope := range scopes {
		if got := a.run("account", "get-access-token", "--scope", scope, "-o", "none"); got.Code != 0 {
			a.t.Fatalf("%s: %s", scope, got.Err)
		}
	}
	f, err := auth.Dir(a.dir).Read(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	row := f.Profile.Current()
	var tokens []auth.Token
	for _, scope := range scopes {
		t, ok := f.CachedToken(row, row.TenantID, scope)
		if !ok {
			a.t.Fatalf("az keeps no token for %s", scope)
		}
		tokens = append(tokens, t)
	}
	return f.Bundle(row, row.TenantID, tokens)
}

// TestSmallAzAnswersAsRealAz runs every call of the table by real az and by ours, in each shell, and compares what they
// print, their exit codes, and for whom and for what their tokens are. Where a call is said to differ it must.
func TestSmallAzAnswersAsRealAz(t *testing.T) {
	t.Parallel()
	az := newRealAz(t)
	b := az.bundle()
	shims := map[string]shim{}
	for name, shell := range shells(t) {
		s := newShim(t, shell, b)
		s.env = []string{"PATH=" + onlyDate(t), "TZ=UTC"}
		shims[name] = s
	}
	same := 0
	for _, c := range azCalls {
		args := shellWords(t, c.call)
		want := az.run(args...).plain()
		for name, s := range shims {
			out, msg, code := s.runArgs(args)
			got := azAnswer{out, msg, code}.plain()
			if isSame := got == want; isSame != (c.differs == "") {
				t.Errorf("%s: az %s, which is to be the same: %v\nours: exit %d\n%s%s\naz's: exit %d\n%s%s",
					name, c.call, c.differs == "", got.Code, got.Out, got.Err, want.Code, want.Out, want.Err)
			}
		}
		if c.differs == "" {
			same++
		}
	}
	t.Attr("calls-as-az", fmt.Sprintf("%d of %d", same, len(azCalls)))
	checkTable(t, same)
}

var (
	jwt       = regexp.MustCompile(`ey[\w-]+\.ey[\w-]+\.[\w-]*`)
	shownTime = regexp.MustCompile(`20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.000000`)
	expiresOn = regexp.MustCompile(`(?m)^  "expires_on": \d+,\n|^expires_on: \d+\n|\t\d{10}\b`)
	dashes    = regexp.MustCompile(`-{100,}`)
)

// plain is what two answers must have in common: tokens as their audience and tenant, an error as its first line, help
// as that there is help.
func (a azAnswer) plain() azAnswer {
	a.Out = jwt.ReplaceAllStringFunc(a.Out, func(token string) string {
		claims, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		var c struct{ Aud, Tid string }
		json.Unmarshal(claims, &c)
		return "token of " + c.Tid + " for " + c.Aud
	})
	a.Out = shownTime.ReplaceAllString(expiresOn.ReplaceAllString(a.Out, ""), "MOMENT")
	a.Out = dashes.ReplaceAllString(a.Out, "---")
	if strings.HasPrefix(a.Out, "\nCommand\n") || strings.HasPrefix(a.Out, "\nGroup\n") || strings.HasPrefix(a.Out, "\nWelcome") {
		a.Out = "help"
	}
	a.Err, _, _ = strings.Cut(a.Err, "\n")
	if a.Code == 0 {
		a.Err = "" // what az says of its own version, or at --verbose
	}
	return a
}

// shellWords takes a line apart as a shell does.
func shellWords(t *testing.T, line string) []string {
	t.Helper()
	out, err := exec.Command("/bin/sh", "-c", `eval "set -- $1"; for w; do printf '%s\0' "$w"; done`, "sh", line).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

const tableFile = "../../docs/az-in-containers.md"

// checkTable compares the table in the docs with the calls that were just made.
func checkTable(t *testing.T, same int) {
	t.Helper()
	var table strings.Builder
	fmt.Fprintf(&table, "%d of %d calls answer as real az does.\n\n| who | az ... | answer |\n| --- | --- | --- |\n", same, len(azCalls))
	for _, c := range azCalls {
		answer := "as az"
		if c.differs != "" {
			answer = c.differs
		}
		fmt.Fprintf(&table, "| %s | `%s` | %s |\n", c.who, strings.ReplaceAll(strings.ReplaceAll(c.call, "|", `\|`), "`", "'"), answer)
	}
	have, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := []byte("<!-- calls -->\n"), []byte("<!-- end of calls -->\n")
	before, rest, _ := bytes.Cut(have, begin)
	_, after, ok := bytes.Cut(rest, end)
	if !ok {
		t.Fatalf("%s has no place for the table", tableFile)
	}
	want := append(append(append(append(append([]byte{}, before...), begin...), table.String()...), end...), after...)
	switch {
	case *updateTable:
		if err := os.WriteFile(tableFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	case !bytes.Equal(have, want):
		t.Errorf("%s is not what was seen: run with -update-table", tableFile)
	}
}

// TestOddNames: what a subscription may be called comes out as az prints it, in every form.
func TestOddNames(t *testing.T) {
	t.Parallel()
	b := bundle("secret", time.Now().Add(time.Hour))
	for i, name := range []string{
		"Pay-As-You-Go", `say "hi"`, `C:\dev`, "it's", "a|b|c", "Größe", "Контосо", "yes", "No", "null", "~", "123", "1.5", "1.5.2", "2026-01-01",
		"#1", "a #1", "a: b", "a:", "- x", "-x", "*", "[x]", "{x}", "& co", "!x", "%x", "@x", "`x`", ",x", "a, b & c (dev)", "=", "?", "x?", "<<", "...",
		"/slash", "$HOME", "$(id)", "a*b", "~ada", "N/A",
	} {
		row := auth.ProfileSubscription{ID: fmt.Sprintf("33333333-0000-4000-8000-%012d", i), Name: name, State: "Enabled",
			TenantID: b.TenantID, HomeTenantID: b.TenantID}
		b.Rows = append(b.Rows, row)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, profileFile), b.ProfileJSON(), 0o600); err != nil {
		t.Fatal(err)
	}
	real := startAz(t, dir, []string{"AZURE_CORE_COLLECT_TELEMETRY=false", "AZURE_CORE_NO_COLOR=true"})
	for _, args := range [][]string{
		{"account", "list"}, {"account", "list", "-o", "yaml"}, {"account", "list", "-o", "tsv"}, {"account", "list", "--query", "[].name", "-o", "tsv"},
		{"account", "list", "--query", "[].name", "-o", "yaml"}, {"account", "list", "--query", `[?name=='a|b|c'].id`}, {"account", "show", "-s", "$(id)"},
		{"account", "show", "-s", "a|b|c", "-o", "table"}, {"account", "show", "-s", `say "hi"`, "--query", "name", "-o", "tsv"},
		{"account", "list", "--query", "[?contains(name,':')].{name:name}", "-o", "table"},
	} {
		want := real.run(args...).plain()
		for shellName, shell := range shells(t) {
			out, msg, code := newShim(t, shell, b).runArgs(args)
			if got := (azAnswer{out, msg, code}).plain(); got != want {
				t.Errorf("%s: az %q: exit %d %s\n%s\nwant\n%s", shellName, args, code, msg, got.Out, want.Out)
			}
		}
	}
}

// TestOurAzIsFoundByItsUser: on a real engine, the container's own user runs it by its PATH.
func TestOurAzIsFoundByItsUser(t *testing.T) {
	t.Parallel()
	e := connect(t, t.TempDir())
	for name, c := range map[string]struct{ how, at string }{
		"root's directory first":   {"run -d -u app -e PATH=/root/.local/bin:/usr/local/bin:/bin", "/usr/local/bin/az"},
		"root's directory, root":   {"run -d -e PATH=/root/.local/bin:/bin:/usr/bin", "/usr/bin/az"},
		"noexec in memory first":   {"run -d -u app --tmpfs /usr/local/bin:noexec -e PATH=/usr/local/bin:/bin", "/bin/az"},
		"read-only volume first":   {"run -d -u app -v " + t.TempDir() + ":/usr/local/bin:ro -e PATH=/usr/local/bin:/bin", "/bin/az"},
		"a directory of its own":   {"run -d -u app -e PATH=/home/app/own:/bin", "/bin/az"},
		"only a directory of root": {"run -d -u app -e PATH=/root/.local/bin", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := made(t, e, c.how, append([]string{imgShell, "/bin/sh", "-c"}, "exec /bin/sleep 1000000")...)
			docker(t, "exec", "-u", "0", got.ID, "/bin/sh", "-c", "/bin/mkdir -p /root/.local/bin /home/app/own; /bin/chmod 700 /root")
			s := e.Deliver(t.Context(), got, bundle("secret-one", time.Now().Add(time.Hour)))
			if c.at == "" {
				if s.State != Unwritable || !strings.Contains(s.Error, "may enter no directory on its PATH") {
					t.Errorf("%s %s", s.State, s.Error)
				}
				return
			}
			if s.State != Fresh {
				t.Fatalf("%s %s", s.State, s.Error)
			}
			out, err := exec.Command("docker", "exec", got.ID, "/bin/sh", "-c",
				"command -v az && az account get-access-token --resource https://cognitiveservices.azure.com --query accessToken -o tsv").CombinedOutput()
			if want := c.at + "\nsecret-one\n"; err != nil || string(out) != want {
				t.Errorf("its user gets %q (%v), want %q", out, err, want)
			}
			if v := e.Verify(t.Context(), got, bundle("secret-one", time.Now().Add(time.Hour)).Tokens[0]); v.Result != Obtained {
				t.Errorf("Verify: %s %s", v.Result, v.Error)
			}
		})
	}
}

// TestSmallAzIsQuick: SDKs wait ten seconds, and start it each time.
func TestSmallAzIsQuick(t *testing.T) {
	for name, shell := range shells(t) {
		s := newShim(t, shell, bundle("secret", shimEnd))
		s.env = []string{"PATH=" + onlyDate(t)}
		const rounds = 20
		began := time.Now()
		for range rounds {
			if out, msg, code := s.run("account get-access-token --resource https://cognitiveservices.azure.com -o json"); code != 0 {
				t.Fatalf("%s: %d %s%s", name, code, out, msg)
			}
		}
		each := time.Since(began) / rounds
		t.Attr("small-az-"+name, each.Round(100*time.Microsecond).String())
		if each > 300*time.Millisecond {
			t.Errorf("%s: a token takes %v", name, each)
		}
	}
}
