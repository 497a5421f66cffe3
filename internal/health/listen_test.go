package health

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"
)

func TestAPortThatIsTaken(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	x := start(t, signedIn(), func(o *Options) { o.Listen, o.Retry = other.Addr().String(), time.Microsecond })
	x.until("it has tried several times", func() bool { return x.tries.Load() > 3 })
	if got := x.lacking(); len(got) != 1 || got[0] != "HEALTH_PORT_TAKEN" || x.URL() != "" {
		t.Errorf("said %q, and that it is at %q", got, x.URL())
	}
	other.Close()
	x.served()
	if got := x.lacking(); len(got) != 2 || got[1] != "there" {
		t.Errorf("once the port is free it said %q", got)
	}
	if resp, _ := x.ask("GET", "/health"); resp.StatusCode != 200 {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// The service could not come up again if its port were taken while it is down.
func TestThePortOfAWatchedServiceIsLeftToIt(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	free.Close()
	x := start(t, signedIn(), func(o *Options) { o.Listen, o.Watched = at, []string{"http://" + at + "/health"} })
	if again, err := net.Listen("tcp", at); err != nil {
		t.Errorf("the service cannot come up: %v", err)
	} else {
		again.Close()
	}
	if got := x.lacking(); len(got) != 0 || x.tries.Load() != 0 {
		t.Errorf("said %q, tried %d times", got, x.tries.Load())
	}
}

// lacking are the codes of what it said it lacks, "there" for nothing more.
func (x *run) lacking() (all []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, p := range x.lacks {
		if p == nil {
			all = append(all, "there")
			continue
		}
		all = append(all, p.Code)
	}
	return all
}

func TestWhoHasThePort(t *testing.T) {
	ours := start(t, signedIn()).served()
	mux := http.NewServeMux()
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: mux}
	go server.Serve(other)
	defer server.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for _, c := range []struct {
		name, at string
		watched  []string
		taken    bool
	}{
		{"aztray", ours.where.at.Load().String(), nil, false},
		{"another service", other.Addr().String(), nil, true},
		{"another service, which is watched", other.Addr().String(), []string{"http://" + other.Addr().String() + "/health"}, false},
		{"nobody", gone.Addr().String(), nil, false},
		{"it is off", "", nil, false},
	} {
		if p := Taken(context.Background(), c.at, c.watched); (p != nil) != c.taken {
			t.Errorf("%s: %v", c.name, p)
		}
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
