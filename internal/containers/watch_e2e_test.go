//go:build e2e && linux

package containers

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aztray/test/rig/engine"
)

// wire leads to an engine's socket and can be cut.
type wire struct {
	host  string
	to    string
	at    net.Listener
	mu    sync.Mutex
	cutUp bool
	conns []net.Conn
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	at, err := net.Listen("unix", filepath.Join(scratch(t), "wire.sock"))
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{host: "unix://" + at.Addr().String(), to: strings.TrimPrefix(to, "unix://"), at: at}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := at.Accept()
			if err != nil {
				return
			}
			work.Go(func() { w.carry(c) })
		}
	})
	t.Cleanup(func() {
		at.Close()
		w.cut(true)
		work.Wait()
		os.RemoveAll(filepath.Dir(at.Addr().String()))
	})
	return w
}

// carry carries one connection until it is closed or cut.
func (w *wire) carry(c net.Conn) {
	defer c.Close()
	there, err := net.Dial("unix", w.to)
	if err != nil {
		return
	}
	defer there.Close()
	w.mu.Lock()
	if w.cutUp {
		w.mu.Unlock()
		return
	}
	w.conns = append(w.conns, c, there)
	w.mu.Unlock()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{c, there}, {there, c}} {
		go func() {
			io.Copy(way[0], way[1])
			c.Close()
			there.Close()
			done <- struct{}{}
		}()
	}
	<-done
	<-done
}

// cut ends every connection, and lets no other through until it is mended.
func (w *wire) cut(up bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cutUp = up
	for _, c := range w.conns {
		c.Close()
	}
	w.conns = nil
}

// told is what Watch tells, in order.
type told struct {
	t    *testing.T
	news chan Event
	all  []string
	last []Container // of the newest list
}

// watchEngine watches the containers called name* until the test ends.
func watchEngine(t *testing.T, host, name string) *told {
	t.Helper()
	e, err := Connect(t.Context(), Options{Host: host, AzDirs: []string{t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	x := &told{t: t, news: make(chan Event, 1000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.Watch(ctx, Selector{Names: []string{name + "*"}}, func(ev Event) { x.news <- ev })
	}()
	t.Cleanup(func() { stop(); <-done })
	return x
}

// until takes what is told until it is that.
func (x *told) until(what string) {
	x.t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case ev := <-x.news:
			if ev.Kind == Listed {
				x.last = ev.Containers
			}
			x.all = append(x.all, strings.TrimSpace(string(ev.Kind)+" "+ev.Container.Name))
			if x.all[len(x.all)-1] == what {
				return
			}
		case <-late:
			x.t.Fatalf("never told: %s; told %q", what, x.all)
		}
	}
}

func (x *told) listed() []string {
	names := []string{}
	for _, c := range x.last {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}

// TestABrokenConnectionLosesNothing: what happened meanwhile is told when there is a connection again,
// each thing once, after a list of what there is.
func TestABrokenConnectionLosesNothing(t *testing.T) {
	e := connect(t, t.TempDir())
	w, base := newWire(t, e.Host()), mountName(t)
	x := watchEngine(t, w.host, base)
	x.until("listed")
	run := func(short string) string {
		name := base + "-" + short
		t.Cleanup(func() { quietly("rm", "-f", name) })
		docker(t, "run", "-d", "--network", "none", "--name", name, imgShell, "sleep", "1000000")
		return name
	}
	before, gone := run("before"), run("gone")
	x.until("started " + gone)
	w.cut(true)
	x.until("lost")
	during := run("during")
	docker(t, "rm", "-f", gone)
	w.cut(false)
	x.until("listed")
	if got := x.listed(); !slices.Equal(got, []string{before, during}) {
		t.Errorf("listed %v, want %s and %s", got, before, during)
	}
	x.until("removed " + gone)
	after := run("after")
	x.until("started " + after)
	for _, once := range []string{"created " + before, "created " + during, "started " + during, "removed " + gone, "created " + after} {
		if n := len(slices.DeleteFunc(slices.Clone(x.all), func(s string) bool { return s != once })); n != 1 {
			t.Errorf("told %d times: %s; all %q", n, once, x.all)
		}
	}
}

// TestAnEngineThatIsStartedAgain: a real one, which remembers no events, so that the list must do.
func TestAnEngineThatIsStartedAgain(t *testing.T) {
	started, err := engine.Docker(t.Context(), scratch(t), "")
	e := ownEngine(t, started, err)
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	if err := importImage(imgShell, busybox, map[string]string{}, "DOCKER_HOST="+e.Host); err != nil {
		t.Fatal(err)
	}
	x := watchEngine(t, e.Host, "app")
	x.until("listed")
	run := func(name string) {
		if _, err := e.CLI("run", "-d", "--network", "none", "--name", name, "--stop-timeout", "0", imgShell, "sleep", "1000000"); err != nil {
			t.Fatal(err)
		}
	}
	run("app-1")
	run("app-2")
	x.until("started app-2")
	if err := e.Down(); err != nil {
		t.Fatal(err)
	}
	x.until("lost")
	if err := e.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.CLI("rm", "app-1"); err != nil { // perhaps before we are back, perhaps not
		t.Fatal(err)
	}
	run("app-3")
	x.until("listed")
	if got := x.listed(); !slices.Contains(got, "app-2") || slices.Contains(got, "app-3") == slices.Contains(x.rest("started app-3"), "created app-3") {
		t.Errorf("listed %v, told %q: app-3 must be in the one or the other", got, x.all)
	}
	for _, c := range x.last {
		if c.Name == "app-2" && c.Running {
			t.Error("app-2 was stopped with the engine")
		}
	}
}

// rest is all that was told since the last list, up to what if it comes.
func (x *told) rest(what string) []string {
	if !slices.Contains(x.listed(), strings.Fields(what)[1]) {
		x.until(what)
	}
	return x.all
}
