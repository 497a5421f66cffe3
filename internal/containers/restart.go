package containers

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"aztray/internal/auth"
)

// RestartState is what became of a container that was to be restarted.
type RestartState string

const (
	Restarted  RestartState = "restarted"
	NotRunning RestartState = "skipped" // it was not running, or what it depends on did not come back: it was left as it was
	Broken     RestartState = "failed"  // it did not come back
)

// Restart is one container that was to be restarted, or, while it goes on, is.
type Restart struct {
	Name    string        `json:"name"`
	ID      string        `json:"id"`
	Project string        `json:"project"`
	State   RestartState  `json:"state"`
	Because string        `json:"because"` // the container with which it was restarted unasked, "" for none
	Health  string        `json:"health"`  // healthy, unhealthy, starting; "" without a health check
	Took    time.Duration `json:"-"`
	Error   string        `json:"error"` // one sentence for a person, "" where all is well
	Log     []string      `json:"log"`   // the end of its log since the restart, where it did not come back
}

// RestartOptions say what goes with a restart.
type RestartOptions struct {
	// Deliver puts the credential into a chosen container: before it is restarted, and again when its
	// process has started, for what lies in memory ends with the process. nil: somebody else does.
	Deliver func(context.Context, Container) Status
	// Tell is told in a few words what is being done to a container. It may be called from several
	// goroutines at once. nil: nobody is.
	Tell func(name, doing string)
	// Stopped has chosen containers that do not run started too, as docker restart does.
	Stopped bool
}

const (
	restartsAtOnce = 8
	settle         = 2 * time.Second // how long a container without a health check must run to count as back
	leastHealth    = time.Minute
	mostHealth     = 5 * time.Minute // for any one container to be healthy, or to have done its work
	healthPause    = 200 * time.Millisecond
	restartSlack   = 30 * time.Second // more than its grace, for the engine's own work
)

// Restart is Engine.Restart, by the engines that have the containers, side by side.
func (es *Engines) Restart(ctx context.Context, chosen []Container, o RestartOptions) []Restart {
	by := map[*Engine][]Container{}
	out := []Restart{}
	for _, c := range chosen {
		if e := es.of(c); e != nil {
			by[e] = append(by[e], c)
		} else {
			out = append(out, step{c: c}.result(Broken, "Its engine was not reached yet."))
		}
	}
	var mu sync.Mutex
	var work sync.WaitGroup
	for e, cs := range by {
		work.Go(func() {
			all, err := e.Restart(ctx, cs, o)
			mu.Lock()
			defer mu.Unlock()
			for _, c := range cs {
				if err != nil {
					out = append(out, step{c: c}.result(Broken, e.problem(err).Message))
				}
			}
			out = append(out, all...)
		})
	}
	work.Wait()
	return out
}

// Restart restarts the chosen containers and what must be restarted with them: each after what it
// depends on is back, those that don't depend on one another side by side. Stop signal and grace are
// each container's own. A container is back when it is healthy, or, without a health check, has run
// for two seconds. One that depends on another that did not come back is left running as it was.
//
// It blocks for minutes where a container takes them. Where ctx ends, what the engine has begun it
// ends by itself, and the rest is not begun. The error is the engine's, where nothing could be begun.
func (e *Engine) Restart(ctx context.Context, chosen []Container, o RestartOptions) ([]Restart, error) {
	all, err := e.api.list(ctx)
	if err != nil {
		return nil, err
	}
	if o.Tell == nil {
		o.Tell = func(string, string) {}
	}
	steps := planRestart(all, chosen)
	out := make([]Restart, len(steps))
	ended := map[string]chan struct{}{}
	index := map[string]int{}
	for i, s := range steps {
		ended[s.c.ID], index[s.c.ID] = make(chan struct{}), i
	}
	free := make(chan struct{}, restartsAtOnce)
	var work sync.WaitGroup
	for i, s := range steps {
		work.Go(func() {
			defer close(ended[s.c.ID])
			for _, n := range s.needs {
				<-ended[n] // which ends soon when ctx does
				if before := out[index[n]]; before.State == Broken {
					out[i] = s.result(NotRunning, "It was left as it is, because "+before.Name+", on which it depends, did not come back.")
					o.Tell(s.c.Name, "left as it is: "+before.Name+" did not come back")
					return
				}
			}
			free <- struct{}{}
			defer func() { <-free }()
			out[i] = e.restartOne(ctx, s, o)
		})
	}
	work.Wait()
	return out, nil
}

func (s step) result(state RestartState, sentence string) Restart {
	return Restart{Name: s.c.Name, ID: s.c.ID, Project: s.c.Project, Because: s.because, State: state, Error: sentence, Log: []string{}}
}

// restartOne sees one container through.
func (e *Engine) restartOne(ctx context.Context, s step, o RestartOptions) Restart {
	if ctx.Err() != nil {
		return s.result(NotRunning, "It was not restarted: that was interrupted.")
	}
	if s.c.task {
		return s.result(NotRunning, "It is a task of a swarm service, which the swarm makes anew: docker service update --force "+s.c.Service)
	}
	began := e.now()
	before, err := e.api.inspect(ctx, s.c.ID)
	if err != nil {
		return s.result(Broken, e.failed(ctx, statusOf(s.c), err).Error)
	}
	running := before.Status == "running" || before.Status == "restarting"
	if !running && (!o.Stopped || before.Status != "exited" && before.Status != "created") {
		o.Tell(s.c.Name, "left as it is: it is "+before.Status)
		return s.result(NotRunning, "It is "+before.Status+", so there was nothing to restart.")
	}
	if s.because == "" && o.Deliver != nil {
		if st := o.Deliver(ctx, s.c); !served(st, running) {
			sentence := strings.TrimSpace("It was not restarted, for it did not get the credential. " + st.Error)
			o.Tell(s.c.Name, "not restarted: it did not get the credential")
			return s.result(Broken, sentence)
		}
	}
	o.Tell(s.c.Name, doing(s))
	limit := before.Grace + restartSlack
	if before.Grace < 0 {
		limit = mostHealth
	}
	from := e.now().Add(-time.Second) // a program's first line can carry a time before its start
	if err := e.api.restart(ctx, s.c.ID, limit); err != nil {
		return e.broken(ctx, s, from, before, e.failed(ctx, statusOf(s.c), err).Error)
	}
	if s.because == "" && o.Deliver != nil {
		o.Deliver(ctx, s.c)
	}
	in, sentence := e.awaitBack(ctx, s, o.Tell)
	if sentence != "" {
		o.Tell(s.c.Name, "did not come back: "+sentence)
		return e.broken(ctx, s, from, in, sentence)
	}
	r := s.result(Restarted, "")
	r.Health, r.Took = in.Health, e.now().Sub(began)
	o.Tell(s.c.Name, "is back"+map[string]string{"healthy": ", healthy"}[in.Health])
	return r
}

func doing(s step) string {
	if s.because != "" {
		return "restarting, as it goes with " + s.because
	}
	return "restarting"
}

// served reports whether a restart is of use: the container has a credential, or asks for one itself.
func served(st Status, running bool) bool {
	switch st.State {
	case Fresh, Shared, OwnSignIn:
		return true
	case Missing:
		if !running { // its place is in memory, which is not there yet
			return true
		}
	}
	return st.Delivery == "endpoint" && st.State != Unreachable
}

// broken is the result for a container that did not come back, with the end of what it said.
func (e *Engine) broken(ctx context.Context, s step, since time.Time, in inspected, sentence string) Restart {
	r := s.result(Broken, sentence)
	r.Health = in.Health
	if ctx.Err() == nil {
		r.Log = e.lastWords(ctx, s.c.ID, since, in.Tty)
	}
	return r
}

// awaitBack waits until a container is back. The sentence says why it is not, "" where it is.
func (e *Engine) awaitBack(ctx context.Context, s step, tell func(name, doing string)) (inspected, string) {
	began, told := e.now(), false
	for {
		in, err := e.api.inspect(ctx, s.c.ID)
		if err != nil {
			return in, e.failed(ctx, statusOf(s.c), err).Error
		}
		waited := e.now().Sub(began)
		back, sentence := judgeBack(in, s.completes, waited)
		if back || sentence != "" {
			return in, sentence
		}
		if word := awaited(in, s.completes); word != "" && !told && waited > time.Second {
			told = true
			tell(s.c.Name, word)
		}
		select {
		case <-ctx.Done():
			return in, "The wait for it was cancelled; the engine restarts it all the same."
		case <-time.After(healthPause):
		}
	}
}

func awaited(in inspected, completes bool) string {
	switch {
	case completes:
		return "waiting until it has done its work"
	case in.Health != "":
		return "waiting for its health check"
	}
	return ""
}

// judgeBack says whether a container that was restarted waited ago is back, or why it won't be.
// Neither means that it must be looked at again.
func judgeBack(in inspected, completes bool, waited time.Duration) (back bool, sentence string) {
	switch {
	case in.Status == "exited" && in.ExitCode == 0: // it has done its work
		return true, ""
	case in.Status == "exited" || in.Status == "dead":
		return false, fmt.Sprintf("It ended with exit code %d.", in.ExitCode)
	case in.Restarts > 0 || in.Status == "restarting":
		return false, fmt.Sprintf("It ends again and again, the last time with exit code %d.", in.ExitCode)
	case in.Status != "running":
		return false, "It is " + in.Status + "."
	case completes:
		if waited >= mostHealth {
			return false, "It has not done its work within " + auth.PeriodWords(mostHealth) + "."
		}
		return false, ""
	case in.Health == "":
		return waited >= settle, ""
	case in.Health == "healthy":
		return true, ""
	case in.Health == "unhealthy":
		return false, "Its health check fails."
	case waited >= in.Check.limit():
		return false, "Its health check did not succeed within " + auth.PeriodWords(in.Check.limit()) + "."
	}
	return false, ""
}

// limit is how long a container may take to be healthy: as long as its own check may take to say that
// it is not, and no longer than mostHealth.
func (h healthCheck) limit() time.Duration {
	const usual = 30 * time.Second // the engine's own, for both
	interval, timeout, retries := h.Interval, h.Timeout, h.Retries
	if interval == 0 {
		interval = usual
	}
	if timeout == 0 {
		timeout = usual
	}
	if retries == 0 {
		retries = 3
	}
	whole := h.StartPeriod + time.Duration(min(retries, 100)+1)*(min(interval, mostHealth)+min(timeout, mostHealth))
	return min(max(whole+time.Minute-1, leastHealth), mostHealth).Truncate(time.Minute)
}
