//go:build e2e

package doctor

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestProxiesAsSDKsTakeThem: whose requests to the endpoint go through a proxy is as proxied says, by azidentity
// 1.15, @azure/identity 4.14 and the azure-identity of this machine.
func TestProxiesAsSDKsTakeThem(t *testing.T) {
	endpoint := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token": "t", "expires_on": "%d", "resource": "r", "token_type": "Bearer"}`, time.Now().Add(time.Hour).Unix())
	}))
	endpoint.Listener.Close()
	var err error
	if endpoint.Listener, err = net.Listen("tcp", net.JoinHostPort(outward(t), "0")); err != nil {
		t.Fatal(err)
	}
	endpoint.Start()
	t.Cleanup(endpoint.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { http.Error(w, "{}", http.StatusForbidden) }))
	t.Cleanup(proxy.Close)
	askers := sdks(t)
	host, port, _ := net.SplitHostPort(endpoint.Listener.Addr().String())
	for _, c := range []struct {
		name string
		env  map[string]string
	}{
		{"no proxy", nil},
		{"HTTP_PROXY", map[string]string{"HTTP_PROXY": proxy.URL}},
		{"http_proxy", map[string]string{"http_proxy": proxy.URL}},
		{"HTTPS_PROXY", map[string]string{"HTTPS_PROXY": proxy.URL}},
		{"ALL_PROXY", map[string]string{"ALL_PROXY": proxy.URL}},
		{"as aztray endpoint env prints it", map[string]string{"HTTP_PROXY": proxy.URL, "NO_PROXY": host + ",localhost,127.0.0.1", "no_proxy": host + ",localhost,127.0.0.1"}},
		{"NO_PROXY alone", map[string]string{"HTTP_PROXY": proxy.URL, "NO_PROXY": host}},
		{"no_proxy alone", map[string]string{"HTTP_PROXY": proxy.URL, "no_proxy": host}},
		{"NO_PROXY=*", map[string]string{"HTTP_PROXY": proxy.URL, "NO_PROXY": "*"}},
		{"NO_PROXY by range", map[string]string{"HTTP_PROXY": proxy.URL, "NO_PROXY": host + "/16"}},
		{"NO_PROXY with the port", map[string]string{"HTTP_PROXY": proxy.URL, "NO_PROXY": host + ":" + port}},
		{"two that differ", map[string]string{"HTTP_PROXY": proxy.URL, "NO_PROXY": host, "no_proxy": "localhost"}},
		{"two that differ the other way", map[string]string{"HTTP_PROXY": proxy.URL, "NO_PROXY": "localhost", "no_proxy": host}},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := map[string]string{"IDENTITY_ENDPOINT": endpoint.URL, "IDENTITY_HEADER": "s", "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential"}
			for name, v := range c.env {
				env[name] = v
			}
			said, _ := proxied(env)
			for name, command := range askers {
				why := asks(t, env, command)
				named := said.verdict == Wrong || strings.Contains(strings.TrimSuffix(said.message, " asks the endpoint"), name)
				if (why != "") != named {
					t.Errorf("%s is refused: %q; said: %s", name, why, said.message)
				}
			}
		})
	}
}

// outward is an address of this machine that is not loopback, which Go never asks a proxy for.
func outward(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.To4() != nil && !n.IP.IsLoopback()
	})
	if i < 0 {
		t.Fatal("this machine has no address but loopback")
	}
	return all[i].(*net.IPNet).IP.String()
}

// sdks are the rig's apps, by the language of the SDK.
func sdks(t *testing.T) map[string][]string {
	t.Helper()
	from, err := filepath.Abs(filepath.Join("..", "..", "test", "rig", "sdk"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join(from, "asker.mjs"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "asker.mjs"), text, 0o600)
	}
	if err == nil {
		err = os.Symlink(filepath.Join(from, "..", "..", "..", "build", "sdk", "node_modules"), filepath.Join(dir, "node_modules"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "asker"), "aztray/test/rig/asker").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const scope = "https://cognitiveservices.azure.com/.default"
	return map[string][]string{
		"Go":         {filepath.Join(dir, "asker"), scope, "60"},
		"JavaScript": {"node", filepath.Join(dir, "asker.mjs"), scope, "60", "identity"},
		"Python":     {"/usr/bin/python3", filepath.Join(from, "asker.py"), scope, "60", "identity"},
	}
}

// asks runs an app until it has asked once, and gives the error that its SDK told.
func asks(t *testing.T, env map[string]string, command []string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "PYTHONDONTWRITEBYTECODE=1"}
	for name, v := range env {
		cmd.Env = append(cmd.Env, name+"="+v)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	stop()
	cmd.Wait() // it was ended
	var said struct{ Error string }
	if err != nil || json.Unmarshal(line, &said) != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return said.Error
}
