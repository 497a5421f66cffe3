package containers

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"aztray/internal/auth"
)

func TestPlainTCPIsRefused(t *testing.T) {
	listed := []string{"tcp://10.0.0.5:2375", "http://build:80"}
	for _, c := range []struct {
		host, tlsDir string
		refused      bool
	}{
		{"unix:///var/run/docker.sock", "", false},
		{"npipe:////./pipe/docker_engine", "", false},
		{"ssh://ada@10.0.0.9", "", false},
		{"tcp://127.0.0.1:2375", "", false},
		{"tcp://127.9.9.9:2375", "", false},
		{"tcp://[::1]:2375", "", false},
		{"tcp://[::ffff:127.0.0.1]:2375", "", false},
		{"tcp://localhost:2375", "", false},
		{"http://LocalHost", "", false},
		{"tcp://10.0.0.9:2376", "/certs", false},
		{"https://10.0.0.9", "", false},
		{"tcp://10.0.0.9:2375", "", true},
		{"http://10.0.0.9:2375", "", true},
		{"tcp://[2001:db8::9]:2375", "", true},
		{"tcp://0.0.0.0:2375", "", true},
		{"tcp://localhost.example:2375", "", true},
		{"tcp://127.0.0.1.example:2375", "", true},
		{"tcp://far:2375", "", true},
		{"tcp://10.0.0.5:2375", "", false},
		{"http://10.0.0.5:2375/", "", false},
		{"tcp://10.0.0.5:2376", "", true},
		{"tcp://BUILD", "", false},
		{"tcp://build.example", "", true},
	} {
		err := endpoint{host: c.host, from: "DOCKER_HOST", tlsDir: c.tlsDir}.overheard(listed)
		p, _ := errors.AsType[*auth.Problem](err)
		if (p != nil) != c.refused || p != nil && (p.Code != "ENGINE_PLAINTEXT" || p.Kind != auth.EngineMissing || !strings.Contains(p.Advice, `["`+c.host+`"]`)) {
			t.Errorf("%s: %v", c.host, err)
		}
	}
}

// A container's copy of a token is read by the same road by which it is written, so nothing at all is said.
func TestNothingIsSaidToAnEngineThatIsOverheard(t *testing.T) {
	ip := elsewhere(t)
	host := "tcp://" + ip + ":2375"
	for name, o := range map[string]Options{
		"by the settings":    {Host: host},
		"by DOCKER_HOST":     {Env: func(k string) string { return map[string]string{"DOCKER_HOST": host}[k] }},
		"by a kept choice":   {Own: "unix:///own.sock", Host: "unix:///own.sock", Behind: kept(t, `{"host":"`+host+`"}`)},
		"one that is listed": {Host: host, Plaintext: []string{"tcp://" + ip + ":2376"}},
	} {
		_, err := Connect(t.Context(), o)
		if p, ok := errors.AsType[*auth.Problem](err); !ok || p.Code != "ENGINE_PLAINTEXT" {
			t.Errorf("%s: %v", name, err)
		}
		if places := Survey(t.Context(), o); len(places) == 0 || places[0].Problem == nil || places[0].Problem.Code != "ENGINE_PLAINTEXT" {
			t.Errorf("%s: the survey finds %+v", name, places)
		}
	}
}

// elsewhere is an address that is no interface's of this machine (RFC 5737).
func elsewhere(t *testing.T) string {
	t.Helper()
	const ip = "192.0.2.7"
	if OnThisMachine(ip) {
		t.Fatal(ip + " is this machine's")
	}
	return ip
}

func TestOwnAddressesAreOnThisMachine(t *testing.T) {
	own, err := net.InterfaceAddrs()
	if err != nil || len(own) == 0 {
		t.Fatal(own, err)
	}
	for _, a := range own {
		ip, _, err := net.ParseCIDR(a.String())
		if err != nil {
			t.Fatal(err)
		}
		if err := (endpoint{host: "tcp://" + net.JoinHostPort(ip.String(), "2375")}).overheard(nil); err != nil {
			t.Errorf("%v: %v", ip, err)
		}
	}
}

func kept(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "behind.json")
	write(t, file, text)
	return file
}
