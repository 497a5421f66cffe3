//go:build unix

package auth

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNothingElseReachesAz: what is not of its form starts no az, whoever it came from.
func TestNothingElseReachesAz(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	az := fakeAz(t, "touch "+started+"; echo '{}'")
	for name, call := range map[string]func() error{
		"a scope that is an option":      func() error { _, err := az.AccessToken(t.Context(), "", "--debug"); return err },
		"a scope with an option behind":  func() error { _, err := az.AccessToken(t.Context(), "", scope+" --debug"); return err },
		"a scope for a shell":            func() error { _, err := az.AccessToken(t.Context(), "", "https://a/.default&calc.exe"); return err },
		"a scope with a variable":        func() error { _, err := az.AccessToken(t.Context(), "", "https://%PATH%/.default"); return err },
		"a scope with a line's end":      func() error { _, err := az.AccessToken(t.Context(), "", "https://a\n/.default"); return err },
		"a tenant that is an option":     func() error { _, err := az.AccessToken(t.Context(), "--debug", scope); return err },
		"a tenant for a shell":           func() error { return az.Login(t.Context(), LoginOptions{TenantID: `a.example" & calc & "`}) },
		"claims that are an option":      func() error { return az.Login(t.Context(), LoginOptions{Claims: "--debug"}) },
		"claims without end":             func() error { return az.Login(t.Context(), LoginOptions{Claims: strings.Repeat("a", maxArgument+1)}) },
		"a subscription of another form": func() error { return az.SetSubscription(t.Context(), "--debug") },
		"no subscription":                func() error { return az.SetSubscription(t.Context(), "") },
	} {
		err := call()
		p, ok := errors.AsType[*Problem](err)
		if _, there := os.Stat(started); !ok || p.Code != "AZ_ARGUMENT" || there == nil {
			t.Errorf("%s: %v, az started: %v", name, err, there == nil)
		}
		os.Remove(started)
	}
}

// TestAzOnWindows: az.cmd is never started where the Python is there that it would start, for a shell reads its
// arguments; where it must be, nothing is given to it in which a shell could read something.
func TestAzOnWindows(t *testing.T) {
	dir := filepath.Join("x", "CLI2")
	cmd, bat := filepath.Join(dir, "wbin", "az.cmd"), filepath.Join(dir, "Scripts", "az.bat")
	python, scripts := filepath.Join(dir, "python.exe"), filepath.Join(dir, "Scripts", "python.exe")
	for _, c := range []struct {
		why, az string
		there   []string
		want    []string // program and arguments before az's
		shell   bool
	}{
		{"the installer's and the archive's", cmd, []string{python}, []string{python, "-IBm", "azure.cli"}, false},
		{"in any case", filepath.Join(dir, "wbin", "AZ.CMD"), []string{python}, []string{python, "-IBm", "azure.cli"}, false},
		{"pip's", bat, []string{scripts}, []string{scripts, "-m", "azure.cli"}, false},
		{"a batch file of one's own", cmd, nil, []string{cmd}, true},
		{"pip's without its Python", bat, []string{python}, []string{bat}, true},
	} {
		p := besideBatch(c.az, func(f string) bool { return slices.Contains(c.there, f) })
		if got := append([]string{p.path}, p.before...); !slices.Equal(got, c.want) || p.shell != c.shell {
			t.Errorf("%s: %v, by a shell: %v; want %v", c.why, got, p.shell, c.want)
		}
	}
	usual := []string{"account", "get-access-token", "--scope", scope, "-o", "json", "--tenant", "contoso.example", "--claims-challenge", "eyJh+/=="}
	byShell := program{path: cmd, shell: true}
	if got, err := byShell.arguments(usual); err != nil || !slices.Equal(got, usual) {
		t.Errorf("what is usual: %v, %v", got, err)
	}
	for _, a := range []string{"a&b", "a|b", "a b", `a"b`, "%PATH%", "a^b", "a!b!", "a<b", "a>b", "(a)", "a\nb", "a\rb", "a;b", "a'b", "a\x00b", "ä"} {
		if got, err := byShell.arguments([]string{"login", a}); err == nil {
			t.Errorf("a shell is given %q", got)
		}
		if _, err := (program{path: python}).arguments([]string{a}); err != nil {
			t.Errorf("%q is kept from a program: %v", a, err)
		}
	}
	for path, want := range map[string]bool{`az.cmd`: true, "az.BAT": true, "az.exe": false, "az": false} {
		if batch(path) != want {
			t.Errorf("%s is a batch file: %v", path, !want)
		}
	}
}

// TestFormsOfArguments: what a label may name, and what az is given.
func TestFormsOfArguments(t *testing.T) {
	for _, s := range []string{scope, "https://management.core.windows.net//.default", "api://a/.default", "00000003-0000-0000-c000-000000000000/.default"} {
		if !IsScope(s) || !scopeArg.MatchString(s) {
			t.Errorf("%s is no scope", s)
		}
	}
	for _, s := range []string{"", "-", "--x/.default", "http://a/.default", "https:///.default", "https://a", "https://a/.default ", "https://-a/.default", "https://a@b/.default", "https://a?b/.default", "https://a#/.default"} {
		if IsScope(s) {
			t.Errorf("%q is a scope", s)
		}
	}
	for s, want := range map[string]bool{contoso: true, "contoso.onmicrosoft.com": true, "a": false, "": false, "-a.b": false, "a.b-": false, "a..b": false, "a.b\n": false} {
		if IsTenant(s) != want {
			t.Errorf("%q is a tenant: %v", s, !want)
		}
	}
}
