package containers

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
)

// TestPublishes: what would keep another program from a port of the loopback address.
func TestPublishes(t *testing.T) {
	for _, c := range []struct {
		name    string
		network string
		ports   nat.PortMap
		exposed nat.PortSet
		want    []uint16
	}{
		{"nothing", "bridge", nil, nat.PortSet{"8000/tcp": {}}, nil},
		{"on all addresses", "bridge", nat.PortMap{"80/tcp": {{HostPort: "8000"}}}, nil, []uint16{8000}},
		{"on all addresses, written out, twice", "bridge", nat.PortMap{"80/tcp": {{HostIP: "0.0.0.0", HostPort: "8000"}, {HostIP: "::", HostPort: "8000"}}}, nil, []uint16{8000}},
		{"on loopback", "bridge", nat.PortMap{"80/tcp": {{HostIP: "127.0.0.1", HostPort: "8000"}}, "81/tcp": {{HostPort: "9000"}}}, nil, []uint16{8000, 9000}},
		{"on another address of the machine", "bridge", nat.PortMap{"80/tcp": {{HostIP: "192.168.1.5", HostPort: "8000"}}}, nil, nil},
		{"another protocol", "bridge", nat.PortMap{"53/udp": {{HostPort: "8000"}}}, nil, nil},
		{"whatever is free", "bridge", nat.PortMap{"80/tcp": {{HostPort: ""}, {HostPort: "0"}, {HostPort: "8000-8010"}}}, nil, nil},
		{"no number", "bridge", nat.PortMap{"80/tcp": {{HostPort: "99999"}, {HostPort: "-1"}, {HostPort: "x"}}}, nil, nil},
		{"the machine's own network", "host", nil, nat.PortSet{"8000/tcp": {}, "53/udp": {}}, []uint16{8000}},
	} {
		in := api.InspectResponse{ContainerJSONBase: &api.ContainerJSONBase{HostConfig: &api.HostConfig{NetworkMode: api.NetworkMode(c.network), PortBindings: c.ports}},
			Config: &api.Config{ExposedPorts: c.exposed}}
		if got := publishes(in); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// portEngine has containers that publish, and events.
type portEngine struct {
	*fakeEngine
	lock sync.Mutex
	has  map[string][]uint16
	news chan message

	starting chan struct{} // a container is being started: none is described until it is closed
}

func (p *portEngine) inspect(_ context.Context, id string) (inspected, error) {
	p.lock.Lock()
	starting := p.starting
	p.lock.Unlock()
	if starting != nil {
		<-starting
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	ports, ok := p.has[id]
	if !ok {
		return inspected{}, errNone
	}
	return inspected{ID: id, Name: "/" + id, Publishes: ports}, nil
}

func (p *portEngine) list(context.Context) (all []summary, err error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	for id := range p.has {
		all = append(all, summary{ID: id})
	}
	return all, nil
}

func (p *portEngine) events(ctx context.Context, _ time.Time) (*eventStream, error) {
	return &eventStream{func() (message, error) {
		select {
		case m := <-p.news:
			if m.Action != "break" {
				return m, nil
			}
		case <-ctx.Done():
		}
		return message{}, errors.New("the connection broke")
	}, func() {}}, nil
}

func (p *portEngine) happens(action, id string, ports ...uint16) {
	p.lock.Lock()
	if action == "destroy" {
		delete(p.has, id)
	} else {
		p.has[id] = ports
	}
	p.lock.Unlock()
	if action != "" {
		p.news <- message{Action: action, ID: id}
	}
	synctest.Wait()
}

// TestWatchPorts: all engines count, a container that was just created is told of at once, and one that came or went
// while the engine was away is known afterwards.
func TestWatchPorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := &portEngine{fakeEngine: newFake(inspected{}, nil), has: map[string][]uint16{"stopped": {8000}, "none": nil}, news: make(chan message)}
		two := &portEngine{fakeEngine: newFake(inspected{}, nil), has: map[string][]uint16{"other": {9000}}, news: make(chan message)}
		es := NewEngines(Options{}, "unix:///one", "unix:///two", "tcp://elsewhere:2376")
		for i, api := range []engineAPI{one, two, &portEngine{fakeEngine: newFake(inspected{}, nil), has: map[string][]uint16{"far": {8001}}}} {
			e := newEngine(api, endpoint{host: es.all[i].o.Host}, azDirs{})
			e.local = i < 2
			es.all[i].reached.Store(e)
		}
		ctx, stop := context.WithCancel(t.Context())
		var mu sync.Mutex
		var last Ports
		told := 0
		var waiting atomic.Int32
		done := make(chan struct{})
		go func() {
			defer close(done)
			es.WatchPorts(ctx, func() func() { waiting.Add(1); return func() { waiting.Add(-1) } }, func(p Ports) {
				mu.Lock()
				defer mu.Unlock()
				last = p
				told++
			})
		}()
		synctest.Wait()
		wants := func(what string, want Ports) {
			t.Helper()
			mu.Lock()
			defer mu.Unlock()
			if !maps.Equal(last, want) {
				t.Errorf("%s: %v, want %v", what, last, want)
			}
		}
		wants("at first", Ports{8000: "stopped", 9000: "other"})
		if told != 1 {
			t.Errorf("it was told %d times before all were asked", told)
		}
		one.lock.Lock()
		one.starting = make(chan struct{})
		one.lock.Unlock()
		one.happens("create", "new", 8002)
		if n := waiting.Load(); n != 1 {
			t.Errorf("%d containers are known to have been created", n)
		}
		one.happens("create", "newer", 8004) // the first is being started: the engine describes it later
		one.happens("destroy", "newer")
		close(one.starting)
		synctest.Wait()
		if n := waiting.Load(); n != 0 {
			t.Errorf("%d containers are not known", n)
		}
		wants("one that was created", Ports{8000: "stopped", 8002: "new", 9000: "other"})
		one.happens("die", "stopped", 8000)
		wants("one that stopped", Ports{8000: "stopped", 8002: "new", 9000: "other"})
		one.happens("destroy", "new")
		two.happens("destroy", "other")
		wants("those that are gone", Ports{8000: "stopped"})
		one.happens("", "late", 8003)
		one.news <- message{Action: "break"}
		synctest.Wait()
		wants("while the engine is away", Ports{8000: "stopped"})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wants("what came meanwhile", Ports{8000: "stopped", 8003: "late"})
		stop()
		<-done
	})
}
