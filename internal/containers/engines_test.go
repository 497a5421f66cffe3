package containers

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"aztray/internal/auth"
)

// reachedFakes are engines that are reached already, by the address that each is listed by.
func reachedFakes(fakes map[string]*fakeEngine, hosts ...string) *Engines {
	es := NewEngines(Options{}, hosts...)
	for _, f := range es.all {
		if fake := fakes[f.o.Host]; fake != nil {
			e := newEngine(fake, endpoint{host: f.o.Host, from: "the settings"}, azDirs{})
			e.name = f.o.Host
			f.reached.Store(e)
		}
	}
	return es
}

func TestEnginesAreListedTogether(t *testing.T) {
	nowhere := "unix://" + filepath.ToSlash(filepath.Join(t.TempDir(), "none.sock"))
	both := []summary{{ID: "1", Names: []string{"/app-1"}}, {ID: "2", Names: []string{"/app-2"}}}
	es := reachedFakes(map[string]*fakeEngine{
		"unix:///a": {listed: both, calls: map[string]int{}},
		"unix:///b": {listed: []summary{{ID: "3", Names: []string{"/app-1"}}, both[1]}, calls: map[string]int{}},
	}, "unix:///a", "unix:///b", nowhere, "unix:///a")
	all, away, err := es.List(t.Context(), Selector{Names: []string{"app-*"}})
	if err != nil || len(away) != 1 || away[0].Code != "ENGINE_NOT_RUNNING" || es.Count() != 3 {
		t.Errorf("of %d engines away: %v, %v; want one of three", es.Count(), away, err)
	}
	got := [][2]string{}
	for _, c := range all {
		got = append(got, [2]string{c.ID, c.Engine})
	}
	want := [][2]string{{"1", "unix:///a"}, {"2", "unix:///a"}, {"3", "unix:///b"}} // the second has two addresses
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	if s := es.Check(t.Context(), Container{ID: "4", Engine: nowhere}); s.State != Failed || s.Error == "" || s.Engine != nowhere {
		t.Errorf("a container of an engine that was never reached: %+v", s)
	}
}

func TestCallersOfAnEngineThatIsAwayStayKnown(t *testing.T) {
	fakes := map[string]*fakeEngine{
		"unix:///a":       {listed: []summary{{ID: "1", Names: []string{"/app"}}}, calls: map[string]int{}},
		"tcp://b:2375":    {listed: []summary{{ID: "2", Names: []string{"/app"}}}, calls: map[string]int{}},
		"ssh://far:22/so": {listed: []summary{{ID: "3", Names: []string{"/app"}}}, calls: map[string]int{}},
	}
	es := reachedFakes(fakes, "unix:///a", "tcp://b:2375", "ssh://far:22/so")
	asked := func(why string, want ...string) {
		t.Helper()
		all, err := es.Callers(t.Context(), Selector{Names: []string{"app"}})
		var got []string
		for _, c := range all {
			got = append(got, c.ID)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", why, got, err, want)
		}
	}
	asked("both that can reach us answer", "1", "2")
	fakes["unix:///a"].fails = &auth.Problem{Code: "ENGINE_NOT_RUNNING", Kind: auth.EngineMissing}
	es.all[0].away.Store(true)
	fakes["tcp://b:2375"].listed = nil
	asked("one is away", "1")
	never := reachedFakes(map[string]*fakeEngine{"unix:///a": fakes["unix:///a"]}, "unix:///a")
	if _, err := never.Callers(t.Context(), Selector{}); err == nil {
		t.Error("no engine has ever answered, and there is no error")
	}
}

func TestGatewaysOfAllEngines(t *testing.T) {
	loopback := netip.MustParseAddr("127.0.0.1") // the one address that every machine has
	bridge := network{Name: "bridge", Driver: "bridge", Gateways: []netip.Addr{loopback}}
	fakes := map[string]*fakeEngine{"unix:///b": {nets: []network{bridge}, calls: map[string]int{}}, "unix:///c": {nets: []network{bridge}, calls: map[string]int{}}}
	fakes["unix:///a"] = &fakeEngine{fails: errors.New("away"), calls: map[string]int{}}
	got, err := reachedFakes(fakes, "unix:///a", "unix:///b", "unix:///c").Gateways(t.Context())
	if err != nil || !slices.Equal(got, []netip.Addr{loopback}) {
		t.Errorf("%v, %v; want each once, and nothing said of the one that is away", got, err)
	}
	if _, err = reachedFakes(fakes, "unix:///a").Gateways(t.Context()); err == nil {
		t.Error("none answers, and there is no error")
	}
}

// TestAnEngineThatIsAwayHoldsUpNoOther: each has its own back-off, and its own news.
func TestAnEngineThatIsAwayHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := &fakeEngine{listed: []summary{{ID: "1", Names: []string{"/app"}}}, calls: map[string]int{}, hangs: true}
		down := &fakeEngine{calls: map[string]int{}}
		es := reachedFakes(map[string]*fakeEngine{"unix:///up": quiet, "unix:///down": down}, "unix:///down", "unix:///up")
		ctx, stop := context.WithCancel(t.Context())
		news := make(chan Event, 100)
		done := make(chan error)
		go func() { done <- es.Watch(ctx, Selector{Names: []string{"app"}}, func(e Event) { news <- e }) }()
		time.Sleep(9 * time.Minute) // the bubble's
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Watch = %v", err)
		}
		close(news)
		told := map[string]int{}
		for e := range news {
			told[string(e.Kind)+" "+e.Engine]++
		}
		if told["lost unix:///down"] != 1 || told["listed unix:///up"] != 2 || told["lost unix:///up"] != 0 {
			t.Errorf("told %v", told)
		}
		if quiet.calls["events"] != 1 || down.calls["events"] < 15 {
			t.Errorf("asked %d and %d times", quiet.calls["events"], down.calls["events"])
		}
	})
}

func TestShortHost(t *testing.T) {
	for host, want := range map[string]string{
		"unix:///run/user/1000/podman/podman.sock": "/run/user/1000/podman/podman.sock", "ssh://ada@build": "ada@build",
		"npipe:////./pipe/docker_engine": "docker_engine", "tcp://h:2376": "h:2376", "": "",
	} {
		if got := ShortHost(host); got != want {
			t.Errorf("%q is %q, want %q", host, got, want)
		}
	}
}

// TestATaskThatHasEndedIsGone: a swarm starts another in its place, and keeps what is left of it.
func TestATaskThatHasEndedIsGone(t *testing.T) {
	labels := map[string]string{swarmTask: "t", swarmService: "web"}
	f := newFake(inspected{}, nil)
	f.listed = []summary{{ID: "1", Names: []string{"/web.1.a"}, State: "exited", Labels: labels}, {ID: "2", Names: []string{"/web.1.b"}, State: "running", Labels: labels}}
	e, sel := fakeHost(f, "/none"), Selector{Names: []string{"web"}}
	if all, err := e.List(t.Context(), sel); err != nil || len(all) != 1 || all[0].ID != "2" || all[0].Service != "web" {
		t.Errorf("listed %+v, %v", all, err)
	}
	labels["name"] = "web.1.b"
	w := watcher{e: e, sel: sel}
	for action, want := range map[string]EventKind{"start": Started, "die": Removed, "destroy": Removed} {
		if ev, ok, err := w.event(t.Context(), message{Action: action, ID: "2", Attributes: labels}); err != nil || !ok || ev.Kind != want {
			t.Errorf("%s is told as %q, want %q", action, ev.Kind, want)
		}
	}
}

// An engine that does not answer for a moment has its bridges yet, and containers on them ask for tokens.
func TestGatewaysOfAnEngineThatIsAwayStayKnown(t *testing.T) {
	other := netip.MustParseAddr("127.0.0.2")
	f, g := newFake(inspected{}, nil), newFake(inspected{}, nil)
	f.nets = []network{{Name: "bridge", Driver: "bridge", Gateways: []netip.Addr{own}}}
	es := reachedFakes(map[string]*fakeEngine{"unix:///a": f, "unix:///b": g}, "unix:///a", "unix:///b")
	asked := func(why string, want ...netip.Addr) {
		t.Helper()
		if got, err := es.Gateways(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", why, got, err, want)
		}
	}
	asked("both answer", own)
	f.fails = &auth.Problem{Code: "ENGINE_NOT_RUNNING", Kind: auth.EngineMissing}
	asked("the one that has it does not answer, and another one does", own)
	g.fails = f.fails
	asked("none answers", own)
	f.fails, f.nets = nil, []network{{Name: "bridge", Driver: "bridge", Gateways: []netip.Addr{other}}}
	asked("it answers that the bridge is gone")
	if _, err := reachedFakes(map[string]*fakeEngine{"unix:///b": g}, "unix:///b").Gateways(t.Context()); err == nil {
		t.Error("no engine has ever answered, and there is no error")
	}
}
