package containers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docker/docker/pkg/stdcopy"
)

func (f *fakeEngine) tail(context.Context, string, time.Time, int) ([]byte, error) {
	return nil, errors.New("no logs here")
}

func (f *fakeEngine) restart(context.Context, string, time.Duration) error {
	return errors.New("no restart here")
}

// listedAs is a compose service's container; needs nil: compose v1, which writes no such label.
func listedAs(name string, needs ...string) summary {
	s := summary{ID: "id-" + name, Names: []string{"/" + name}, State: "running", Labels: map[string]string{}}
	if project, service, ok := strings.Cut(name, "-"); ok {
		s.Labels[composeProject], s.Labels[composeService] = project, service
	}
	if needs != nil {
		s.Labels[composeNeeds] = strings.Join(needs, ",")
	}
	return s
}

func TestRestartsInTheOrderOfWhatDependsOnWhat(t *testing.T) {
	alone := listedAs("alone")
	behind := listedAs("behind")
	behind.NetworkMode = "container:id-alone"
	run := listedAs("p-run", "db:service_started:true")
	run.Labels[composeOneOff] = "True"
	for _, c := range []struct {
		name   string
		all    []summary
		chosen string
		want   string // each with what it waits for; "with" is who drags it along; "!" is waited for to its end
	}{
		{"what compose did not make is independent, by name", []summary{listedAs("b"), listedAs("a")}, "b a", "a; b"},
		{"what is needed comes first",
			[]summary{listedAs("p-api", "db:service_healthy:false"), listedAs("p-db", "")}, "p-api p-db", "p-db; p-api<p-db"},
		{"one that is not restarted is not waited for",
			[]summary{listedAs("p-api", "db:service_healthy:false"), listedAs("p-db", "")}, "p-api", "p-api"},
		{"by way of one that is not restarted",
			[]summary{listedAs("p-api", "mid:service_started:false"), listedAs("p-mid", "db:service_started:false"), listedAs("p-db", "")},
			"p-api p-db", "p-db; p-api<p-db"},
		{"one that is to do its work first is waited for to its end",
			[]summary{listedAs("p-api", "migrate:service_completed_successfully:false"), listedAs("p-migrate", "")}, "p-api p-migrate", "p-migrate!; p-api<p-migrate"},
		{"each container of a service that is needed",
			[]summary{listedAs("p-api", "w:service_started:false"), func() summary { s := listedAs("p-w", ""); s.ID = "id-p-w2"; s.Names = []string{"/p-w2"}; return s }(), listedAs("p-w", "")},
			"p-api p-w p-w2", "p-w; p-w2; p-api<p-w2<p-w"},
		{"another project's service of the same name is not meant",
			[]summary{listedAs("p-api", "db:service_healthy:false"), listedAs("q-db", "")}, "p-api q-db", "p-api; q-db"},
		{"restart: true takes the dependent along",
			[]summary{listedAs("p-api", "db:service_started:true"), listedAs("p-db", "")}, "p-db", "p-db; p-api with p-db<p-db"},
		{"and what depends on that one in the same way",
			[]summary{listedAs("p-web", "api:service_started:true"), listedAs("p-api", "db:service_started:true"), listedAs("p-db", "")},
			"p-db", "p-db; p-api with p-db<p-db; p-web with p-api<p-api"},
		{"an early compose v2 wrote no word on that: nobody is taken along",
			[]summary{listedAs("p-api", "db"), listedAs("p-db", "")}, "p-db", "p-db"},
		{"compose run's container is nobody's service and is not taken along",
			[]summary{run, listedAs("p-db", "")}, "p-db", "p-db"},
		{"one in another's network goes with it", []summary{behind, alone}, "alone", "alone; behind with alone<alone"},
		{"compose v1 tells nothing: one after another by name",
			[]summary{listedAs("p-c"), listedAs("p-a"), listedAs("q-b"), listedAs("p-b")}, "p-a p-b p-c q-b", "p-a; p-b<p-a; p-c<p-b; q-b"},
		{"a circle is broken",
			[]summary{listedAs("p-a", "b:service_started:false"), listedAs("p-b", "a:service_started:false")}, "p-a p-b", "p-a; p-b<p-a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var chosen []Container
			for name := range strings.FieldsSeq(c.chosen) {
				i := slices.IndexFunc(c.all, func(s summary) bool { return s.Names[0] == "/"+name })
				chosen = append(chosen, bare(c.all[i]))
			}
			var got []string
			for _, s := range planRestart(c.all, chosen) {
				text := s.c.Name
				if s.completes {
					text += "!"
				}
				if s.because != "" {
					text += " with " + s.because
				}
				for _, n := range s.needs {
					text += "<" + strings.TrimPrefix(n, "id-")
				}
				got = append(got, text)
			}
			if all := strings.Join(got, "; "); all != c.want {
				t.Errorf("%s\nwant %s", all, c.want)
			}
		})
	}
}

func TestBackOrNot(t *testing.T) {
	check := healthCheck{Interval: 5 * time.Second, Timeout: time.Second, Retries: 3}
	for _, c := range []struct {
		name      string
		in        inspected
		completes bool
		waited    time.Duration
		back      bool
		says      string
	}{
		{name: "runs, and must for a while", in: inspected{Status: "running"}},
		{name: "has run for a while", in: inspected{Status: "running"}, waited: settle, back: true},
		{name: "did its work and ended", in: inspected{Status: "exited"}, back: true},
		{name: "ended badly", in: inspected{Status: "exited", ExitCode: 3}, says: "It ended with exit code 3."},
		{name: "its policy starts it again and again", in: inspected{Status: "running", Restarts: 1, ExitCode: 1}, waited: settle,
			says: "It ends again and again, the last time with exit code 1."},
		{name: "between two such starts", in: inspected{Status: "restarting", ExitCode: 1}, says: "It ends again and again, the last time with exit code 1."},
		{name: "is starting", in: inspected{Status: "running", Health: "starting", Check: check}, waited: settle},
		{name: "is healthy", in: inspected{Status: "running", Health: "healthy"}, back: true},
		{name: "is not healthy", in: inspected{Status: "running", Health: "unhealthy"}, says: "Its health check fails."},
		{name: "is still starting when its own check would have said so", in: inspected{Status: "running", Health: "starting", Check: check}, waited: time.Minute,
			says: "Its health check did not succeed within 1 minute."},
		{name: "does its work", in: inspected{Status: "running"}, completes: true, waited: time.Minute},
		{name: "does its work for ever", in: inspected{Status: "running"}, completes: true, waited: mostHealth, says: "It has not done its work within 5 minutes."},
		{name: "somebody paused it", in: inspected{Status: "paused"}, says: "It is paused."},
	} {
		t.Run(c.name, func(t *testing.T) {
			back, says := judgeBack(c.in, c.completes, c.waited)
			if back != c.back || says != c.says {
				t.Errorf("%v %q, want %v %q", back, says, c.back, c.says)
			}
		})
	}
	for _, c := range []struct {
		check healthCheck
		want  time.Duration
	}{
		{healthCheck{}, 4 * time.Minute},
		{healthCheck{Interval: time.Second, Timeout: time.Second, Retries: 1}, time.Minute},
		{healthCheck{Interval: time.Hour, Timeout: time.Hour, Retries: 1 << 40}, mostHealth},
		{healthCheck{StartPeriod: 90 * time.Second, Interval: 5 * time.Second, Timeout: 5 * time.Second, Retries: 2}, 2 * time.Minute},
	} {
		if got := c.check.limit(); got != c.want {
			t.Errorf("%+v may take %v, want %v", c.check, got, c.want)
		}
	}
}

// restartEngine is containers that can be restarted.
type restartEngine struct {
	*fakeEngine
	mu        sync.Mutex
	boxes     map[string]*inspected
	after     map[string]func(*inspected, time.Duration) // what one is, so long after its restart
	at        map[string]time.Time
	grace     time.Duration // that each takes to stop
	refuses   map[string]error
	says      map[string][]byte
	order     []string
	now, most int // restarted at this moment, and at most so far
}

func newRestartEngine(all ...summary) *restartEngine {
	f := &restartEngine{fakeEngine: newFake(inspected{}, nil), boxes: map[string]*inspected{}, after: map[string]func(*inspected, time.Duration){},
		at: map[string]time.Time{}, refuses: map[string]error{}, says: map[string][]byte{}}
	f.listed = all
	for _, s := range all {
		f.boxes[s.ID] = &inspected{ID: s.ID, Status: s.State, Grace: time.Second}
	}
	return f
}

func (f *restartEngine) inspect(_ context.Context, id string) (inspected, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	in, ok := f.boxes[id]
	if !ok {
		return inspected{}, errNone
	}
	copied := *in
	if at, ok := f.at[id]; ok && f.after[id] != nil {
		f.after[id](&copied, time.Since(at))
	}
	return copied, nil
}

func (f *restartEngine) restart(ctx context.Context, id string, _ time.Duration) error {
	f.mu.Lock()
	f.order = append(f.order, id)
	f.now++
	f.most = max(f.most, f.now)
	f.mu.Unlock()
	select {
	case <-time.After(f.grace):
	case <-ctx.Done():
		return ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now--
	f.at[id] = time.Now()
	return f.refuses[id]
}

func (f *restartEngine) tail(_ context.Context, id string, _ time.Time, _ int) ([]byte, error) {
	return f.says[id], nil
}

// restart restarts all, with a credential for each, and says what came of it, one line for each.
func restart(t *testing.T, ctx context.Context, f *restartEngine, o RestartOptions) ([]Restart, string) {
	t.Helper()
	e := newEngine(f, endpoint{host: "unix:///fake"}, azDirs{})
	chosen, err := e.List(t.Context(), Selector{Names: []string{"*"}})
	if err != nil {
		t.Fatal(err)
	}
	if o.Deliver == nil {
		o.Deliver = func(_ context.Context, c Container) Status { return statusOf(c).with(Fresh, "") }
	}
	all, err := e.Restart(ctx, chosen, o)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range all {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Name, r.State, r.Error)))
	}
	return all, strings.Join(lines, "\n")
}

func TestADependentWaitsForHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newRestartEngine(listedAs("p-api", "db:service_healthy:false"), listedAs("p-db", ""))
		f.after["id-p-db"] = func(in *inspected, since time.Duration) {
			in.Health = "starting"
			if since >= 20*time.Second {
				in.Health = "healthy"
			}
		}
		all, text := restart(t, t.Context(), f, RestartOptions{})
		if want := "p-db restarted\np-api restarted"; text != want {
			t.Errorf("%s\nwant\n%s", text, want)
		}
		if waited := f.at["id-p-api"].Sub(f.at["id-p-db"]); waited < 20*time.Second || waited > 21*time.Second {
			t.Errorf("the dependent was restarted %v after what it needs, which took 20 s to be healthy", waited)
		}
		if all[0].Health != "healthy" || all[1].Health != "" {
			t.Errorf("health %q and %q", all[0].Health, all[1].Health)
		}
	})
}

func TestADependentIsLeftAloneWhereWhatItNeedsDoesNotComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newRestartEngine(listedAs("p-web", "api:service_started:false"), listedAs("p-api", "db:service_healthy:false"), listedAs("p-db", ""), listedAs("other"))
		f.after["id-p-db"] = func(in *inspected, _ time.Duration) { in.Status, in.ExitCode = "exited", 2 }
		var log bytes.Buffer
		w := stdcopy.NewStdWriter(&log, stdcopy.Stderr)
		fmt.Fprintf(w, "starting\n")
		fmt.Fprintf(w, "\x1b[31mpassword=hunter2\x1b[0m \x1b]0;title\x07bad\n")
		f.says["id-p-db"] = log.Bytes()
		all, text := restart(t, t.Context(), f, RestartOptions{})
		want := "other restarted\np-db failed It ended with exit code 2.\n" +
			"p-api skipped It was left as it is, because p-db, on which it depends, did not come back.\n" +
			"p-web restarted"
		if text != want {
			t.Errorf("%s\nwant\n%s", text, want)
		}
		if !slices.Equal(all[1].Log, []string{"starting", "password=[redacted] bad"}) {
			t.Errorf("the end of its log is %q", all[1].Log)
		}
		if slices.Contains(f.order, "id-p-api") {
			t.Error("the dependent was restarted")
		}
	})
}

func TestWhatIsNotRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped, paused, crashing := listedAs("stopped"), listedAs("paused"), listedAs("crashing")
		stopped.State, paused.State, crashing.State = "exited", "paused", "restarting"
		f := newRestartEngine(stopped, paused, crashing, listedAs("gone"), listedAs("without"), listedAs("refused"))
		delete(f.boxes, "id-gone")
		f.after["id-crashing"] = func(in *inspected, _ time.Duration) { in.Status = "running" }
		f.refuses["id-refused"] = &apiError{http.StatusInternalServerError, "no space left"}
		_, text := restart(t, t.Context(), f, RestartOptions{Deliver: func(_ context.Context, c Container) Status {
			if c.Name == "without" {
				return statusOf(c).with(Unwritable, "Its file system is read-only.")
			}
			return statusOf(c).with(OwnSignIn, "")
		}})
		want := `crashing restarted
gone failed It is gone.
paused skipped It is paused, so there was nothing to restart.
refused failed The engine refused (500): no space left
stopped skipped It is exited, so there was nothing to restart.
without failed It was not restarted, for it did not get the credential. Its file system is read-only.`
		if text != want {
			t.Errorf("%s\nwant\n%s", text, want)
		}
	})
}

func TestAStoppedContainerIsStartedWhereThatIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped, paused := listedAs("stopped"), listedAs("paused")
		stopped.State, paused.State = "exited", "paused"
		f := newRestartEngine(stopped, paused)
		f.after["id-stopped"] = func(in *inspected, _ time.Duration) { in.Status = "running" }
		_, text := restart(t, t.Context(), f, RestartOptions{Stopped: true, Deliver: func(_ context.Context, c Container) Status {
			return statusOf(c).with(Missing, "Its az directory is in memory: it gets the credential as soon as it runs.")
		}})
		if want := "paused skipped It is paused, so there was nothing to restart.\nstopped restarted"; text != want {
			t.Errorf("%s\nwant\n%s", text, want)
		}
	})
}

func TestIndependentContainersSideBySideAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []summary
		for i := range 20 {
			all = append(all, listedAs(fmt.Sprintf("c%d", i)))
		}
		f := newRestartEngine(all...)
		f.grace = 3 * time.Second
		began := time.Now()
		restart(t, t.Context(), f, RestartOptions{})
		if f.most != restartsAtOnce {
			t.Errorf("%d at once, want %d", f.most, restartsAtOnce)
		}
		if took := time.Since(began); took > 3*(3*time.Second+settle+time.Second) {
			t.Errorf("took %v", took)
		}
	})
}

func TestTheCredentialComesBeforeAndAfterTheRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newRestartEngine(listedAs("p-api", "db:service_started:true"), listedAs("p-db", ""))
		f.grace = time.Second
		var when []string
		e := newEngine(f, endpoint{host: "unix:///fake"}, azDirs{})
		chosen, _ := e.List(t.Context(), Selector{Names: []string{"p-db"}})
		all, err := e.Restart(t.Context(), chosen, RestartOptions{Deliver: func(_ context.Context, c Container) Status {
			when = append(when, fmt.Sprintf("%s, %d restarted", c.Name, len(f.at)))
			return statusOf(c).with(Fresh, "")
		}})
		if err != nil || len(all) != 2 || all[1].Because != "p-db" || all[1].State != Restarted {
			t.Fatalf("%+v, %v", all, err)
		}
		if want := []string{"p-db, 0 restarted", "p-db, 1 restarted"}; !slices.Equal(when, want) {
			t.Errorf("delivered %q, want %q: and nothing to one that is only taken along", when, want)
		}
	})
}

func TestAnInterruptEndsItAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newRestartEngine(listedAs("p-api", "db:service_started:false"), listedAs("p-db", ""))
		f.grace = time.Hour
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		began := time.Now()
		all, _ := restart(t, ctx, f, RestartOptions{})
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it ended %v after the start, the interrupt came after 5 s", took)
		}
		if all[0].State != Broken || all[1].State != NotRunning || slices.Contains(f.order, "id-p-api") {
			t.Errorf("%+v", all)
		}
	})
}

func TestALogIsFitForATerminal(t *testing.T) {
	long := strings.Repeat("word ", 100)
	for _, c := range []struct{ name, text, want string }{
		{"colours and titles go", "\x1b[1;31mred\x1b[0m\n\x1b]0;owned\x07\x1bcdone", "red|done"},
		{"a progress bar's last state", "10 %\r50 %\r100 %\r\n", "100 %"},
		{"tokens go", "Authorization: Bearer abc.def\neyJhbGciOi.eyJzdWIi.c2ln", "Authorization: Bearer [redacted]|[redacted]"},
		{"a token in colours goes", "eyJhbGci\x1b[0mOiJSUzI1NiJ9.eyJ", "[redacted]"},
		{"control characters go", "a\x00b\x08c\u202ed", "abcd"},
		{"a long line is cut", long, long[:tailRunes-1] + "…"},
		{"nothing", "\n \n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(readable(c.text), "|")
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	if got := readable(strings.Repeat("line\n", 1000)); len(got) != tailLines {
		t.Errorf("%d lines", len(got))
	}
	if got := readable(strings.Repeat("x", 2*tailBytes)); !slices.Equal(got, []string{"[redacted]"}) {
		t.Errorf("one endless word gives %q", got)
	}
}
