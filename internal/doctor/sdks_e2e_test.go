//go:build e2e

package doctor

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aztray/test/rig/sdk"
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
	apps, err := sdk.NewApps(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
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
			env := map[string]string{"IDENTITY_ENDPOINT": endpoint.URL, "IDENTITY_HEADER": "s"}
			list := []string{"PATH=" + os.Getenv("PATH"), "IDENTITY_ENDPOINT=" + endpoint.URL, "IDENTITY_HEADER=s"}
			for name, v := range c.env {
				env[name], list = v, append(list, name+"="+v)
			}
			said, _ := proxied(env)
			var all sync.WaitGroup
			for _, language := range sdk.Languages {
				all.Go(func() {
					why, err := apps.Ask(t.Context(), language, "identity", "https://cognitiveservices.azure.com/.default", list)
					named := said.verdict == Wrong || strings.Contains(said.message, language)
					if err != nil || (why != "") != named {
						t.Errorf("%s is refused: %q, %v; said: %s", language, why, err, said.message)
					}
				})
			}
			all.Wait()
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
