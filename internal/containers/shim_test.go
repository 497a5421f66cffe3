//go:build unix

package containers

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
)

// shells are those of this machine that images have as /bin/sh: dash, busybox, bash.
func shells(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{"sh": {"/bin/sh"}}
	for name, args := range map[string][]string{"busybox": {"sh"}, "bash": {"--posix"}, "dash": nil} {
		if p, err := exec.LookPath(name); err == nil {
			found[name] = append([]string{p}, args...)
		}
	}
	return found
}

// shim is our az as it lies in a container, and the shell to run it.
type shim struct {
	t     *testing.T
	shell []string
	place string
	env   []string
}

func newShim(t *testing.T, shell []string, b auth.Bundle) shim {
	t.Helper()
	place := filepath.Join(t.TempDir(), "it's a place")
	if err := os.MkdirAll(place, 0o700); err != nil {
		t.Fatal(err)
	}
	s := shim{t, shell, place, []string{"PATH=" + t.TempDir()}} // no program at all: only builtins
	s.write(filepath.Join(place, tokensFile), tokenLines(b, time.UTC))
	s.write(s.script(), shimText(place))
	return s
}

func (s shim) script() string { return filepath.Join(s.place, "az") }

func (s shim) write(file string, text []byte) {
	s.t.Helper()
	if err := os.WriteFile(file, text, 0o700); err != nil {
		s.t.Fatal(err)
	}
}

func (s shim) run(line string) (stdout, stderr string, code int) {
	return s.runArgs(strings.Fields(line))
}

func (s shim) runArgs(args []string) (stdout, stderr string, code int) {
	var out, msg bytes.Buffer
	cmd := exec.Command(s.shell[0], append(append(s.shell[1:len(s.shell):len(s.shell)], s.script()), args...)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env, &out, &msg
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		s.t.Fatal(err)
	}
	return out.String(), msg.String(), cmd.ProcessState.ExitCode()
}

var shimEnd = time.Date(2100, 1, 2, 3, 4, 5, 0, time.UTC)

func TestShimAnswers(t *testing.T) {
	const tenant = "11111111-1111-1111-1111-111111111111"
	whole := `{
  "accessToken": "the-token",
  "expiresOn": "2100-01-02 03:04:05.000000",
  "expires_on": 4102542245,
  "subscription": "22222222-2222-2222-2222-222222222222",
  "tenant": "` + tenant + `",
  "tokenType": "Bearer"
}
`
	byTenant := strings.Replace(whole, "  \"subscription\": \"22222222-2222-2222-2222-222222222222\",\n", "", 1)
	for _, c := range []struct {
		args, out, err string
		code           int
	}{
		{"account get-access-token --resource https://cognitiveservices.azure.com", whole, "", 0},
		{"account get-access-token --resource https://cognitiveservices.azure.com/ -o json", strings.Replace(whole, "the-token", "slash-token", 1), "", 0},
		{"account get-access-token -o json --resource=https://cognitiveservices.azure.com", whole, "", 0},
		{"account get-access-token --scope https://cognitiveservices.azure.com/.default --output json --only-show-errors", whole, "", 0},
		{"account get-access-token --resource https://cognitiveservices.azure.com --tenant " + tenant, byTenant, "", 0},
		{"account get-access-token --resource https://cognitiveservices.azure.com --query accessToken -o tsv", "the-token\n", "", 0},
		{"account get-access-token --resource https://cognitiveservices.azure.com --query accessToken", "\"the-token\"\n", "", 0},
		{"account get-access-token --resource https://cognitiveservices.azure.com --query expires_on", "4102542245\n", "", 0},
		{"account get-access-token --resource https://cognitiveservices.azure.com -o none", "", "", 0},
		{"account get-access-token", "", "ERROR: aztray delivers no token for https://management.core.windows.net/. On the host, ", 1},
		{"account get-access-token --resource https://vault.azure.net", "", "ERROR: aztray delivers no token for https://vault.azure.net. On the host, ", 1},
		{"account get-access-token --resource https://cognitiveservices.azure.com --tenant other", "",
			"ERROR: aztray delivers no token for https://cognitiveservices.azure.com in tenant other. On the host, ", 1},
		{"account get-access-token --resource", "", "ERROR: argument --resource: expected one argument", 2},
		{"account get-access-token --resource https://cognitiveservices.azure.com -o xml", "", "ERROR: az account get-access-token: 'xml' is not a valid value for '--output'. Allowed values: json", 2},
		{"account get-access-token --resource https://cognitiveservices.azure.com --query [].", "", "ERROR: argument --query: invalid jmespath_type value: '[].'", 2},
		{"account get-access-token --resource https://cognitiveservices.azure.com --query [].x", "", "", 0},
		{"account get-access-token --resource https://cognitiveservices.azure.com --query keys(@)", "", "ERROR: argument --query: this az, from aztray, does not know the function keys()", 2},
		{"account show --query user.name -o tsv", "ada@contoso.example\n", "", 0},
		{"account show --query id -o tsv", "22222222-2222-2222-2222-222222222222\n", "", 0},
		{"account show --query name -o tsv", "Pay_as you \"go\"\n", "", 0},
		{"account show --query name", "\"Pay_as you \\\"go\\\"\"\n", "", 0},
		{"account show --subscription other", "", "ERROR: Subscription 'other' not found.", 1},
		{"version --query \"azure-cli\" -o tsv", "2.54.0\n", "", 0},
		{"login", "", "ERROR: This az comes from aztray, which signs in on the host", 1},
		{"group list", "", "ERROR: 'group' is misspelled or not recognized by the system.\nThis az comes from aztray", 2},
	} {
		for name, shell := range shells(t) {
			b := bundle("the-token", shimEnd)
			b.Subscription.Name = `Pay_as you "go"`
			slash := b.Tokens[0]
			slash.Scope, slash.Secret = "https://cognitiveservices.azure.com//.default", auth.NewSecret("slash-token")
			b.Tokens = append(b.Tokens, slash)
			s := newShim(t, shell, b)
			out, msg, code := s.run(c.args)
			if out != c.out || code != c.code || !strings.HasPrefix(msg, c.err) || c.err == "" && msg != "" {
				t.Errorf("%s: az %s: exit %d\n%s%s\nwant %d\n%s%s", name, c.args, code, out, msg, c.code, c.out, c.err)
			}
		}
	}
}

// TestShimInAnotherCloud: of a cloud that somebody registered, az's name for Resource Manager is what was delivered.
func TestShimInAnotherCloud(t *testing.T) {
	b := bundle("the-token", shimEnd)
	b.Cloud, b.Manager = "OurStack", "https://management.stack.example/"
	b.Tokens[0].Scope = "https://management.stack.example//.default"
	for name, shell := range shells(t) {
		s := newShim(t, shell, b)
		for line, want := range map[string]string{
			"account get-access-token --query accessToken -o tsv":                     "the-token\n",
			"account get-access-token --resource-type arm --query accessToken -o tsv": "the-token\n",
			"account show --query environmentName -o tsv":                             "OurStack\n",
			"cloud show --query name -o tsv":                                          "OurStack\n",
			"cloud list --query [?isActive].name -o tsv":                              "OurStack\n",
		} {
			if out, msg, code := s.run(line); out != want {
				t.Errorf("%s: az %s: %d %q %q", name, line, code, out, msg)
			}
		}
	}
}

// TestTokenLinesKeepToTheirLines: whoever names a subscription or a tenant adds no line of his own to what our az
// reads, and nothing that a terminal obeys.
func TestTokenLinesKeepToTheirLines(t *testing.T) {
	b := bundle("the-token", shimEnd)
	lines := bytes.Count(tokenLines(b, time.UTC), []byte("\n"))
	evil := "x\ntoken https://cognitiveservices.azure.com " + b.TenantID + " 4102542245 d t theirs\r\x1b[31m\u2028\u0085y"
	b.Subscription.Name = evil
	b.Rows = []auth.ProfileSubscription{{ID: b.Subscription.ID, Name: evil, TenantID: b.TenantID}}
	text := tokenLines(b, time.UTC)
	if got := bytes.Count(text, []byte("\n")); got != lines || bytes.ContainsAny(text, "\r\x1b") {
		t.Errorf("%d lines, want %d: %q", got, lines, text)
	}
	for name, shell := range shells(t) {
		s := newShim(t, shell, b)
		if out, msg, code := s.run("account get-access-token --resource https://cognitiveservices.azure.com --query accessToken -o tsv"); out != "the-token\n" {
			t.Errorf("%s: %d %q %q", name, code, out, msg)
		}
		if out, _, _ := s.run("account show --query name -o tsv"); strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, "x token https") {
			t.Errorf("%s: the name is shown as %q", name, out)
		}
	}
}

func TestShimIsOutOfDate(t *testing.T) {
	const ask = "account get-access-token --resource https://cognitiveservices.azure.com --query accessToken -o tsv"
	for name, shell := range shells(t) {
		ended := newShim(t, shell, bundle("old", time.Now().Add(-time.Second)))
		if out, _, code := ended.run(ask); name != "busybox" && (code != 0 || out != "old\n") { // busybox has a date in it
			t.Errorf("%s, no date to ask: the SDK sees the end itself: %d %q", name, code, out)
		}
		ended.env = []string{"PATH=" + onlyDate(t)}
		if out, msg, code := ended.run(ask); code != 1 || out != "" || !strings.HasPrefix(msg, "ERROR: The token that aztray delivered has expired.") {
			t.Errorf("%s, ended: %d %q %q", name, code, out, msg)
		}
		gone := newShim(t, shell, bundle("s", shimEnd))
		gone.write(filepath.Join(gone.place, tokensFile), emptyContent(target{shim: "x"}, time.Now()).files[2].text)
		if _, msg, code := gone.run(ask); code != 1 || !strings.HasPrefix(msg, "ERROR: aztray has withdrawn the sign-in.") {
			t.Errorf("%s, withdrawn: %d %q", name, code, msg)
		}
		os.Remove(filepath.Join(gone.place, tokensFile))
		if _, msg, code := gone.run(ask); code != 1 || !strings.HasPrefix(msg, "ERROR: aztray has delivered nothing that this user can read.") {
			t.Errorf("%s, nothing delivered: %d %q", name, code, msg)
		}
	}
}

// onlyDate is a PATH with date and nothing else: this machine's own az is not asked.
func onlyDate(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	date, err := exec.LookPath("date")
	if err == nil {
		err = os.Symlink(date, filepath.Join(dir, "date"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestShimGivesWayToRealAz: one that was installed later, wherever it is on PATH.
func TestShimGivesWayToRealAz(t *testing.T) {
	for name, shell := range shells(t) {
		s := newShim(t, shell, bundle("s", shimEnd))
		dir := t.TempDir()
		s.env = []string{"PATH=" + s.place + ":" + dir}
		s.write(filepath.Join(dir, "az"), []byte("#!/bin/sh\necho real \"$@\"\n"))
		if out, msg, code := s.run("account show -o x"); out != "real account show -o x\n" || code != 0 {
			t.Errorf("%s: %d %q %q", name, code, out, msg)
		}
	}
}

func TestShimIsKnownForOurs(t *testing.T) {
	if !isShim(shimText("/x")) || isShim([]byte("#!/usr/bin/env python3\nimport az\n")) || isShim(nil) {
		t.Error("a shim is told by its second line")
	}
	if len(shimText("/x")) > maxShim {
		t.Error("findAz would not look into it")
	}
}
