package health

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"aztray/internal/config"
)

// ports is the first of several ports in a row that are free now.
func ports(t *testing.T) uint16 {
	t.Helper()
search:
	for range 100 {
		var all []net.Listener
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		first := l.Addr().(*net.TCPAddr).Port
		all = append(all, l)
		for n := 1; n < 5; n++ {
			l, err := net.Listen("tcp", at(uint16(first+n)))
			if err == nil {
				all = append(all, l)
			}
		}
		for _, l := range all {
			l.Close()
		}
		if len(all) < 5 {
			continue search
		}
		return uint16(first)
	}
	t.Fatal("there are no five ports in a row")
	return 0
}

func at(port uint16) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))) }

// placed starts a server that chooses its port from first on, and gives the places it tells of.
func placed(t *testing.T, first uint16, change ...func(*Options)) (*run, <-chan Place) {
	t.Helper()
	places := make(chan Place, 16)
	change = append(change, func(o *Options) {
		o.first, o.At = first, func(_ context.Context, p Place) { places <- p }
		if o.Listen == "127.0.0.1:0" {
			o.Listen = config.ListenAuto
		}
	})
	return start(t, signedIn(), change...), places
}

func nextPlace(t *testing.T, places <-chan Place) Place {
	t.Helper()
	select {
	case p := <-places:
		return p
	case <-time.After(10 * time.Second):
		t.Fatal("it is nowhere")
		return Place{}
	}
}

// TestAuto_WhichPort: the first that nobody has and no container publishes, and why.
func TestAuto_WhichPort(t *testing.T) {
	for _, c := range []struct {
		name string
		lay  func(first uint16) (claims map[uint16]string, watched []string)
		want uint16 // after the first
		why  string
	}{
		{"all is free", func(uint16) (map[uint16]string, []string) { return nil, nil }, 0, ""},
		{"another one is published", func(first uint16) (map[uint16]string, []string) { return map[uint16]string{first + 3: "web"}, nil }, 0, ""},
		{"it is published", func(first uint16) (map[uint16]string, []string) {
			return map[uint16]string{first: "codestory-service"}, nil
		}, 1, "port %d is left to the container codestory-service"},
		{"the next one too, and the one after is watched", func(first uint16) (map[uint16]string, []string) {
			return map[uint16]string{first: "a", first + 1: "b"}, []string{"http://" + at(first+2) + "/health"}
		}, 3, "port %d is left to the container a"},
		{"it is another service's, which is watched", func(first uint16) (map[uint16]string, []string) {
			return nil, []string{"http://localhost:" + strconv.Itoa(int(first)) + "/health"}
		}, 1, "port %d is another service's, whose health is watched"},
		{"somebody listens at all addresses", func(first uint16) (map[uint16]string, []string) {
			l, err := net.Listen("tcp4", "0.0.0.0:"+strconv.Itoa(int(first)))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			return nil, nil
		}, 1, "port %d is taken by another program"},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := ports(t)
			claims, watched := c.lay(first)
			x, places := placed(t, first, func(o *Options) { o.Watched = watched })
			x.Published(claims)
			want := Place{Address: at(first + c.want)}
			if c.why != "" {
				want.Why = fmt.Sprintf(c.why, first)
			}
			if got := nextPlace(t, places); got != want {
				t.Errorf("it is at %+v, want %+v", got, want)
			}
			x.served()
			if got := x.lacking(); len(got) != 0 {
				t.Errorf("it says %q", got)
			}
			x.end()
			if got := nextPlace(t, places); got != (Place{}) {
				t.Errorf("at the end it is at %+v", got)
			}
		})
	}
}

// live opens what a page keeps open.
func live(t *testing.T, port uint16) net.Conn {
	t.Helper()
	open, err := net.Dial("tcp", at(port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { open.Close() })
	fmt.Fprintf(open, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", eventsPath, at(port))
	if _, err := open.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return open
}

// answersAt waits until it serves at a port.
func (x *run) answersAt(port uint16) {
	x.t.Helper()
	x.until("it answers at "+at(port), func() bool {
		resp, err := http.Get("http://" + at(port) + "/health")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil && x.URL() == "http://"+at(port)+"/"
	})
}

// TestAuto_LetsGo: the port is free when Published returns, a page that is open notwithstanding, and it is served
// elsewhere then. What was open there ends: another program's page is there now.
func TestAuto_LetsGo(t *testing.T) {
	first := ports(t)
	x, places := placed(t, first)
	x.Published(nil)
	if got := nextPlace(t, places); got != (Place{Address: at(first)}) {
		t.Fatalf("it is at %+v", got)
	}
	x.answersAt(first)
	open := live(t, first)
	for step, left := range []uint16{first, first + 1} {
		x.Published(map[uint16]string{first: "codestory-service", left: "another"})
		l, err := net.Listen("tcp", at(left))
		if err != nil {
			t.Fatalf("step %d: the container does not get its port: %v", step, err)
		}
		defer l.Close()
		if got := nextPlace(t, places); got.Address != at(left+1) || !strings.HasPrefix(got.Why, fmt.Sprintf("port %d is left to", first)) {
			t.Errorf("step %d: it is at %+v", step, got)
		}
		x.answersAt(left + 1)
	}
	open.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.Copy(io.Discard, open); err != nil {
		t.Errorf("what was open stays so: %v", err)
	}
}

// TestAuto_Created: while it is not known what a new container publishes the port is free for it; then it is taken
// again, and what was open has not noticed, or left.
func TestAuto_Created(t *testing.T) {
	first := ports(t)
	x, places := placed(t, first)
	x.Published(nil)
	nextPlace(t, places)
	x.answersAt(first)
	open := live(t, first)
	free := func() net.Listener {
		t.Helper()
		l, err := net.Listen("tcp", at(first))
		if err != nil {
			t.Fatalf("the container does not get its port: %v", err)
		}
		return l
	}
	one, other := x.Created(), x.Created()
	free().Close()
	x.Published(map[uint16]string{first + 4: "web"})
	one()
	free().Close() // the other one is not known
	other()
	x.answersAt(first)
	x.show(signedIn())
	if _, err := open.Read(make([]byte, 1)); err != nil || len(places) != 0 {
		t.Errorf("what was open has ended (%v), or it moved %d times", err, len(places))
	}
	known := x.Created()
	l := free() // it starts at once
	defer l.Close()
	x.Published(map[uint16]string{first: "codestory-service"})
	known()
	if got, want := nextPlace(t, places), (Place{at(first + 1), fmt.Sprintf("port %d is left to the container codestory-service", first)}); got != want {
		t.Errorf("it is at %+v, want %+v", got, want)
	}
	x.answersAt(first + 1)
}

// TestAuto_SetAddress: who set an address keeps it, whatever a container publishes.
func TestAuto_SetAddress(t *testing.T) {
	first := ports(t)
	x, places := placed(t, first, func(o *Options) { o.Listen = at(first + 1) })
	if got := nextPlace(t, places); got != (Place{Address: at(first + 1)}) {
		t.Fatalf("it is at %+v", got)
	}
	x.served().Published(map[uint16]string{first + 1: "codestory-service"})
	if resp, _ := x.ask("GET", "/health"); resp.StatusCode != 200 || len(places) != 0 {
		t.Errorf("it answers %d, and moved %d times", resp.StatusCode, len(places))
	}
}
