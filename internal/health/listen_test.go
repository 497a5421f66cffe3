package health

import (
	"net"
	"testing"
	"time"
)

func TestAPortThatIsTaken(t *testing.T) {
	for _, c := range []struct {
		name    string
		watched func(at string) string
		said    string
	}{
		{"by a stranger", func(string) string { return "http://elsewhere.example:8000/health" }, "HEALTH_PORT_TAKEN"},
		{"by a service that is watched", func(at string) string { return "http://" + at + "/health" }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			other, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			at := other.Addr().String()
			x := start(t, signedIn(), func(o *Options) {
				o.Listen, o.Watched, o.Retry = at, []string{c.watched(at)}, time.Microsecond
			})
			lacks := func() (all []string) {
				x.mu.Lock()
				defer x.mu.Unlock()
				for _, p := range x.lacks {
					if p == nil {
						all = append(all, "there")
					} else {
						all = append(all, p.Code)
					}
				}
				return all
			}
			x.until("it has tried several times", func() bool { return x.tries.Load() > 3 })
			if got := lacks(); c.said != "" && (len(got) != 1 || got[0] != c.said) || c.said == "" && len(got) != 0 {
				t.Errorf("said %q, want %q once", got, c.said)
			}
			if x.URL() != "" {
				t.Errorf("says that it is at %s", x.URL())
			}
			other.Close()
			x.served()
			if got := lacks(); c.said != "" && (len(got) != 2 || got[1] != "there") {
				t.Errorf("once the port is free it said %q", got)
			}
			if resp, _ := x.ask("GET", "/health"); resp.StatusCode != 200 {
				t.Errorf("status %d", resp.StatusCode)
			}
		})
	}
}

func TestSamePort(t *testing.T) {
	for _, c := range []struct {
		url  string
		want bool
	}{
		{"http://localhost:8000/health", true},
		{"http://127.0.0.1:8000/v1/health", true},
		{"http://[::1]:8000/", true},
		{"http://localhost:8001/health", false},
		{"http://example.com:8000/health", false},
		{"http://192.168.0.2:8000/health", false},
		{"://", false},
	} {
		if got := samePort(c.url, "127.0.0.1:8000"); got != c.want {
			t.Errorf("%s: %v", c.url, got)
		}
	}
}
