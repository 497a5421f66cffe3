package cloud_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"aztray/test/rig/cloud"
)

const discovery = cloud.Authority + "/organizations/v2.0/.well-known/openid-configuration"

func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		name    string
		policy  func(*cloud.Policy)
		status  int // 0 means that no answer comes
		outcome string
	}{
		{"none", func(p *cloud.Policy) {}, 200, "ok"},
		{"another service is out", func(p *cloud.Policy) { p.Service(cloud.OpenAI).Outage = cloud.Outage503 }, 200, "ok"},
		{"refused", func(p *cloud.Policy) { p.Service(cloud.Entra).Outage = cloud.OutageRefused }, 0, "refused"},
		{"reset", func(p *cloud.Policy) { p.Outage = cloud.OutageReset }, 0, "reset"},
		{"503", func(p *cloud.Policy) { p.Outage = cloud.Outage503 }, 503, "unavailable"},
		{"silent", func(p *cloud.Policy) { p.Outage = cloud.OutageSilent }, 0, "silent"},
		{"throttled", func(p *cloud.Policy) { p.Throttle = 3 * time.Second }, 429, "throttled"},
		{"cut", func(p *cloud.Policy) { p.NetworkCut = true }, 0, "cut"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := start(t, cloud.Options{})
			c.SetPolicy(tc.policy)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			if tc.status != 0 {
				ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
			}
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, discovery, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.HTTPClient().Do(r)
			got := 0
			if err == nil {
				got = resp.StatusCode
				resp.Body.Close()
			}
			if got != tc.status {
				t.Errorf("status %d, want %d (%v)", got, tc.status, err)
			}
			if tc.status >= 429 && resp.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			log := c.Requests()
			if i := slices.IndexFunc(log, func(r cloud.Request) bool { return r.Outcome == tc.outcome }); i < 0 {
				t.Errorf("log %+v, want %q", log, tc.outcome)
			}
		})
	}
}

func TestCuttingTheNetworkDropsOpenConnections(t *testing.T) {
	c := start(t, cloud.Options{})
	get(t, c, discovery, "") // leaves a connection open
	c.SetPolicy(func(p *cloud.Policy) { p.Service(cloud.Entra).Outage = cloud.OutageSilent })
	failed := make(chan error, 1)
	go func() {
		resp, err := c.HTTPClient().Get(discovery)
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	if _, err := c.WaitFor(t.Context(), func(r cloud.Request) bool { return r.Outcome == "silent" }); err != nil {
		t.Fatal(err)
	}
	c.SetPolicy(func(p *cloud.Policy) { p.NetworkCut = true })
	select {
	case err := <-failed:
		if err == nil {
			t.Error("a request was answered without a network")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a request outlived the network")
	}
	c.SetPolicy(func(p *cloud.Policy) { p.NetworkCut = false; p.Service(cloud.Entra).Outage = cloud.OutageNone })
	if a := get(t, c, discovery, ""); a.status != http.StatusOK {
		t.Errorf("after it is back: %d", a.status)
	}
}

func TestLatencyAndSkew(t *testing.T) {
	k := newClock()
	c := start(t, cloud.Options{Now: k.Now})
	c.SetPolicy(func(p *cloud.Policy) { p.Latency = 50 * time.Millisecond; p.ClockSkew = -time.Hour })
	began := time.Now()
	a := get(t, c, discovery, "")
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
	if want := k.Now().Add(-time.Hour).Format(http.TimeFormat); a.header.Get("Date") != want {
		t.Errorf("Date is %s, want %s", a.header.Get("Date"), want)
	}
}

func TestNothingElseIsReachable(t *testing.T) {
	c := start(t, cloud.Options{})
	for _, address := range []string{"https://example.com/", "https://unknown.openai.azure.com/openai/models", "http://169.254.169.254/metadata/identity"} {
		resp, err := c.HTTPClient().Get(address)
		if err == nil {
			text, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			t.Errorf("%s answered %d %s", address, resp.StatusCode, text)
		}
	}
	var outcomes []string
	for _, r := range c.Requests() {
		outcomes = append(outcomes, r.Outcome)
	}
	if got := strings.Join(slices.Compact(outcomes), ", "); got != "unknown host, plain http refused" {
		t.Errorf("log: %s", got)
	}
}

func TestTheBrowserEndsOnAPageThatSaysSo(t *testing.T) {
	c := start(t, cloud.Options{})
	a := get(t, c, "https://docs.microsoft.com/cli/azure/", "")
	text := a.text
	if a.status != http.StatusOK || !strings.Contains(text, "<title>You have signed in</title>") || !strings.Contains(text, "close this window") {
		t.Errorf("answered %d: %s", a.status, text)
	}
	if r := c.Requests(); len(r) != 1 || r[0].Service != cloud.Docs || r[0].Path != "/cli/azure/" || r[0].Status != http.StatusOK {
		t.Errorf("log: %+v", r)
	}
}
