package doctor

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// az's directory is looked at from outside: what others may read in it, and what we may not write.
func TestSystemDirFacts(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, mode); err != nil {
			t.Fatal(err)
		}
		os.Chmod(filepath.Join(dir, name), mode)
	}
	if f := systemDirFacts(filepath.Join(dir, "none")); f.There || f.Err != nil {
		t.Errorf("none: %+v", f)
	}
	put("msal_token_cache.json", 0o600)
	put("azureProfile.json", 0o644) // holds no credential
	os.Chmod(dir, 0o755)
	if f := systemDirFacts(dir); !f.There || !f.Writable || f.Err != nil || f.Open != nil || f.Foreign != nil {
		t.Errorf("as az leaves it: %+v", f)
	}
	put("msal_token_cache.json", 0o640)
	if f := systemDirFacts(dir); len(f.Open) != 1 {
		t.Errorf("open to a group: %+v", f)
	}
	os.Chmod(dir, 0o700)
	if f := systemDirFacts(dir); f.Open != nil {
		t.Errorf("in a closed directory: %+v", f)
	}
}

func TestLookAtCA(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"REQUESTS_CA_BUNDLE": filepath.Join(dir, "none.pem"), "SSL_CERT_FILE": empty}
	got := said(judgeCA(lookAtCA(func(name string) string { return env[name] })))
	if want := []string{"wrong net.ca CA_BUNDLE_MISSING", "wrong net.ca CA_BUNDLE_EMPTY"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Who has a port is told of one's own processes.
func TestHolder(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if got := holder(port); !strings.HasPrefix(got, "doctor.test (process ") {
		t.Errorf("%q", got)
	}
	l.Close()
	if got := holder(port); got != "" {
		t.Errorf("nobody listens any more: %q", got)
	}
}
