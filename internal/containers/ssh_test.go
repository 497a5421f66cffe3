package containers

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"aztray/internal/auth"
)

func TestParseSSH(t *testing.T) {
	for _, c := range []struct {
		address string
		want    string // the end of ssh's arguments; "" for a refusal
	}{
		{"ssh://build", "-- build docker system dial-stdio"},
		{"ssh://ada@build:2222", "-l ada -p 2222 -- build docker system dial-stdio"},
		{"ssh://ada@build/", "-l ada -- build docker system dial-stdio"},
		{"ssh://[fe80::1]:22", "-p 22 -- fe80::1 docker system dial-stdio"},
		{"ssh://build/run/user/1000/it's.sock", `-- build docker --host 'unix:///run/user/1000/it'\''s.sock' system dial-stdio`},
		{"ssh://", ""},
		{"ssh://ada:secret@build", ""},
		{"ssh://-oProxyCommand=x", ""},
		{"ssh://-oProxyCommand=x@build", ""},
		{"ssh://build?x=y", ""},
		{"ssh://build:port", ""},
	} {
		h, err := parseSSH(c.address)
		got := strings.Join(h.args(), " ")
		if c.want == "" {
			if err == nil || strings.Contains(err.Error(), "secret@") {
				t.Errorf("%s: %v", c.address, err)
			}
			continue
		}
		if err != nil || !strings.HasSuffix(got, "-o RemoteCommand=none "+c.want) || !slices.Contains(h.args(), "BatchMode=yes") {
			t.Errorf("%s: %q, %v; want %q", c.address, got, err, c.want)
		}
	}
}

func TestWhySSHDidNotGetThrough(t *testing.T) {
	far := sshHost{user: "ada", host: "build"}
	for _, c := range []struct {
		said    string
		code    int
		message string
	}{
		{"ada@build: Permission denied (publickey,password).", 255, "can't sign in to ada@build without asking"},
		{"Host key verification failed.", 255, "not known to ssh"},
		{"ssh: Could not resolve hostname build: Name or service not known", 255, "no machine called build."},
		{"ssh: connect to host build port 22: Connection refused", 255, "No SSH server"},
		{"ssh: connect to host build port 22: Connection timed out", 255, "can't be reached"},
		{"bash: line 1: docker: command not found", 127, "no docker command on ada@build"},
		{"failed to open the raw stream connection: dial unix /var/run/docker.sock: connect: permission denied", 1, "may not use the Docker engine on ada@build"},
		{"failed to open the raw stream connection: dial unix /var/run/docker.sock: connect: connection refused", 1, "is not running"},
		{"something new", 255, "can't be reached by SSH"},
	} {
		p := unreachable(endpoint{host: "ssh://ada@build"}, &sshError{host: far, code: c.code, said: c.said})
		if !strings.Contains(p.Message, c.message) || p.Kind != auth.EngineMissing || !strings.HasPrefix(p.Code, "ENGINE_SSH") || p.Advice == "" || !strings.Contains(p.Err.Error(), c.said) {
			t.Errorf("%q: %+v, %v; want %q", c.said, p, p.Err, c.message)
		}
	}
}

func TestNoSSHCommand(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Connect(t.Context(), Options{Host: "ssh://far"})
	if p, ok := errors.AsType[*auth.Problem](err); !ok || !strings.Contains(p.Message, "no ssh command") {
		t.Errorf("%v", err)
	}
}
