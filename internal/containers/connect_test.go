package containers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"aztray/internal/auth"
)

func TestResolve(t *testing.T) {
	sum := sha256.Sum256([]byte("work"))
	work := filepath.Join("contexts", "meta", hex.EncodeToString(sum[:]), "meta.json")
	certs := filepath.Join("contexts", "tls", hex.EncodeToString(sum[:]), "docker", "ca.pem")
	meta := `{"Name":"work","Endpoints":{"docker":{"Host":"tcp://work:2376","SkipTLSVerify":true}}}`
	for _, c := range []struct {
		why   string
		env   map[string]string
		files map[string]string // in docker's directory
		host  string
		from  string
		tls   bool
		code  string
	}{
		{"nothing is set", nil, nil, defaultHost, "the default", false, ""},
		{"DOCKER_HOST", map[string]string{"DOCKER_HOST": "tcp://h:1"}, nil, "tcp://h:1", "DOCKER_HOST", false, ""},
		{"DOCKER_HOST beats DOCKER_CONTEXT", map[string]string{"DOCKER_HOST": "tcp://h:1", "DOCKER_CONTEXT": "work"}, map[string]string{work: meta}, "tcp://h:1", "DOCKER_HOST", false, ""},
		{"its certificates", map[string]string{"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/c"}, nil, "tcp://h:1", "DOCKER_HOST", true, ""},
		{"DOCKER_CONTEXT", map[string]string{"DOCKER_CONTEXT": "work"}, map[string]string{work: meta, "config.json": `{"currentContext":"none"}`}, "tcp://work:2376", `context "work"`, false, ""},
		{"the current context", nil, map[string]string{work: meta, certs: "x", "config.json": `{"currentContext":"work"}`}, "tcp://work:2376", `context "work"`, true, ""},
		{"the default context", nil, map[string]string{"config.json": `{"currentContext":"default"}`}, defaultHost, "the default", false, ""},
		{"settings that name none", nil, map[string]string{"config.json": `{"auths":{}}`}, defaultHost, "the default", false, ""},
		{"a context that is gone", nil, map[string]string{"config.json": `{"currentContext":"gone"}`}, "", "", false, "ENGINE_CONTEXT"},
		{"settings that can't be read", nil, map[string]string{"config.json": `{`}, "", "", false, "ENGINE_CONTEXT"},
	} {
		home := t.TempDir()
		for name, text := range c.files {
			file := filepath.Join(home, ".docker", name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := resolver{env: func(k string) string { return c.env[k] }, home: home}.resolve()
		p, _ := errors.AsType[*auth.Problem](err)
		switch {
		case c.code != "":
			if p == nil || p.Code != c.code || p.Kind != auth.EngineMissing || p.Advice == "" {
				t.Errorf("%s: %v, want %s", c.why, err, c.code)
			}
		case err != nil || got.host != c.host || got.from != c.from || (got.tlsDir != "") != c.tls:
			t.Errorf("%s: %+v, %v", c.why, got, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	for _, c := range []struct {
		why  string
		ep   endpoint
		err  error
		code string
	}{
		{"not in the group", endpoint{host: "unix:///s"}, &os.PathError{Err: syscall.EACCES}, "ENGINE_PERMISSION"},
		{"a dead socket", endpoint{host: "unix:///s", guessed: true}, syscall.ECONNREFUSED, "ENGINE_NOT_RUNNING"},
		{"a socket of somebody's choice that is not there", endpoint{host: "unix:///s", from: "DOCKER_HOST"}, fs.ErrNotExist, "ENGINE_NOT_RUNNING"},
		{"Podman's socket", endpoint{host: "unix:///run/podman/podman.sock"}, syscall.ECONNREFUSED, "ENGINE_NOT_RUNNING"},
		{"Podman's socket, root's", endpoint{host: "unix:///run/podman/podman.sock"}, &os.PathError{Err: syscall.EACCES}, "ENGINE_PERMISSION"},
		{"Podman's, which hangs", endpoint{host: "unix:///run/podman/podman.sock"}, context.DeadlineExceeded, "ENGINE_UNREACHABLE"},
		{"another machine", endpoint{host: "tcp://h:1"}, syscall.ECONNREFUSED, "ENGINE_UNREACHABLE"},
		{"what is a problem already", endpoint{}, &auth.Problem{Code: "X"}, "X"},
	} {
		p := unreachable(c.ep, c.err)
		if p.Code != c.code || p.Code != "X" && (p.Kind != auth.EngineMissing || p.Message == "" || p.Advice == "" || strings.Contains(p.Message, "unix://") && c.ep.guessed || c.ep.podman() && !strings.Contains(p.Message+p.Advice, "podman.socket")) {
			t.Errorf("%s: %+v", c.why, p)
		}
		if c.ep.podman() && strings.Contains(p.Message, "Docker") {
			t.Errorf("%s: it is called by another's name: %s", c.why, p.Message)
		}
	}
	_, err := Connect(t.Context(), Options{Host: "unix://" + filepath.ToSlash(filepath.Join(t.TempDir(), "none.sock"))})
	if p, ok := errors.AsType[*auth.Problem](err); !ok || p.Code != "ENGINE_NOT_RUNNING" {
		t.Errorf("no socket: %v", err)
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		host, tlsDir string
		want         string // "" for a problem
		secure       bool
	}{
		{"unix:///var/run/docker.sock", "", "unix:///var/run/docker.sock", false},
		{"unix:///var/run/docker.sock", "/certs", "unix:///var/run/docker.sock", false},
		{"npipe:////./pipe/docker_engine", "", "npipe:////./pipe/docker_engine", false},
		{"tcp://h:2375", "", "tcp://h:2375", false},
		{"tcp://h:2376", "/certs", "tcp://h:2376", true},
		{"http://h/prefix/", "", "tcp://h:80/prefix", false},
		{"https://[::1]", "", "tcp://[::1]:443", true},
		{"tcp://", "", "", false},
		{"ssh://ada@far:2222/run/docker.sock", "/certs", "tcp://engine", false},
		{"ssh://ada:secret@far", "", "", false},
		{"fd://", "", "", false},
		{"/var/run/docker.sock", "", "", false},
	} {
		ep := endpoint{host: c.host, tlsDir: c.tlsDir}
		got, err := ep.address()
		if p, _ := errors.AsType[*auth.Problem](err); got != c.want || ep.secure() != c.secure || (p != nil) != (c.want == "") {
			t.Errorf("%s: %q, TLS %v, %v; want %q, %v", c.host, got, ep.secure(), err, c.want, c.secure)
		}
	}
}

// TestUsualPlaces: Podman is taken where no Docker answers.
func TestUsualPlaces(t *testing.T) {
	env := map[string]string{"XDG_RUNTIME_DIR": "/run/user/7"}
	var got []string
	for _, ep := range (resolver{env: func(k string) string { return env[k] }, home: "/home/ada"}).usual() {
		got = append(got, strings.TrimPrefix(ep.host, "unix://"))
	}
	want := []string{"/run/user/7/docker.sock", "/home/ada/.docker/run/docker.sock", "/home/ada/.docker/desktop/docker.sock", "/home/ada/.orbstack/run/docker.sock",
		"/home/ada/.rd/docker.sock", "/home/ada/.colima/default/docker.sock", "/run/user/7/podman/podman.sock", "/run/podman/podman.sock",
		"/home/ada/.local/share/containers/podman/machine/podman.sock"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
