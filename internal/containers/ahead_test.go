package containers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
)

func TestPrepare(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mounts")
	o := Options{Mounts: dir, AzDirs: []string{t.TempDir()}}
	h := hostDirs{dir, os.Geteuid()}
	sel := Selector{Names: []string{"app", "code-*", "x?"}, Delivery: "mount"}
	end := time.Now().Add(time.Hour)
	holds := func(name, secret string) bool {
		b, _ := os.ReadFile(filepath.Join(dir, name, cacheFile))
		return secret == "" && b == nil || secret != "" && strings.Contains(string(b), secret)
	}
	prepare := func(engines []*Engine, b auth.Bundle) {
		t.Helper()
		if err := Prepare(t.Context(), o, sel, engines, b); err != nil {
			t.Fatal(err)
		}
	}
	prepare(nil, auth.Bundle{})
	if _, err := os.Stat(dir); err == nil {
		t.Error("nothing to give, and a directory was made")
	}
	prepare(nil, bundle("one", end))
	if made := h.expected(Selector{}); len(made) != 1 || !holds("app", "one") {
		t.Errorf("there is %v; only app is named without a wildcard", made)
	}

	for name, label := range map[string]string{"seen": "", "other-tenant": "99999999-9999-9999-9999-999999999999", "live": ""} {
		d, err := h.open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		d.close()
		if err := h.use(Container{Name: name, Tenant: label}); err != nil {
			t.Fatal(err)
		}
	}
	f := newFake(inspected{}, nil)
	f.listed = []summary{{ID: "l", Names: []string{"/live"}, Labels: map[string]string{labelDeliver: "mount"}}, {ID: "c", Names: []string{"/seen"}, Labels: map[string]string{labelDeliver: "copy"}}}
	e := fakeHost(f, t.TempDir())
	prepare([]*Engine{e}, bundle("two", end))
	for name, secret := range map[string]string{"app": "two", "seen": "two", "other-tenant": "", "live": ""} {
		if !holds(name, secret) {
			t.Errorf("%s does not hold %q", name, secret)
		}
	}

	long := time.Now().Add(-keptAhead - time.Hour)
	os.Chtimes(h.note("seen"), long, long)
	prepare([]*Engine{e}, bundle("three", end))
	if !holds("seen", "") || !holds("app", "three") {
		t.Error("what nobody has used for long is kept fresh, or what the settings name is not")
	}
	os.WriteFile(filepath.Join(dir, "app", cacheFile), []byte(`{"RefreshToken":{"k":{"secret":"theirs"}}}`), 0o600)
	prepare([]*Engine{e}, bundle("four", end))
	if !holds("app", "theirs") {
		t.Error("a sign-in made inside is gone")
	}
	os.Remove(filepath.Join(dir, "app", cacheFile))
	prepare([]*Engine{e}, bundle("five", end))
	prepare([]*Engine{e}, auth.Bundle{})
	for _, name := range []string{"app", "seen"} {
		if left, _ := os.ReadDir(filepath.Join(dir, name)); len(left) > 0 {
			t.Errorf("signed out, and %s holds %v", name, left)
		}
	}
}

func TestPrepareNeverInAzsOwnDirectory(t *testing.T) {
	az := t.TempDir()
	o := Options{Mounts: filepath.Join(az, "mounts"), AzDirs: []string{az}}
	if err := Prepare(t.Context(), o, Selector{Names: []string{"app"}, Delivery: "mount"}, nil, bundle("s", time.Now().Add(time.Hour))); err == nil {
		t.Error("no error")
	}
	if left, _ := os.ReadDir(az); len(left) > 0 {
		t.Errorf("written: %v", left)
	}
}
