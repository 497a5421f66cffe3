package containers

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"aztray/internal/auth"
)

// Options say which engine, and what on this machine must never be written through it.
type Options struct {
	Host   string              // an engine's address; "": the one that the docker command would use
	Env    func(string) string // nil means os.Getenv
	AzDirs []string            // the host's own az directories; nil means $AZURE_CONFIG_DIR and ~/.azure
	// Consents is the file with the person's answers about containers; "": nothing is remembered.
	Consents string
	Mounts   string // where containers' directories are made, for delivery by mount; "": nowhere
	Own      string // the address of our own engine socket, which is never taken for an engine; "": there is none
	Behind   string // the file that says which engine that socket leads to
	// Plaintext are the addresses on other machines to which tokens may go without encryption.
	Plaintext []string
}

// Engine is a container engine. It is safe for concurrent use. Work on one container is done one
// thing after another, on several at once.
type Engine struct {
	api  engineAPI
	host string
	by   choice
	name string // as Options.Host has it
	az   azDirs
	now  func() time.Time

	consents consents
	looks    looks         // at containers that are not covered
	volumes  volumes       // what is known of them
	dirs     hostDirs      // for delivery by mount
	reading  chan struct{} // held while a log is read, as many at once as it holds; nil: any number
	local    bool          // the engine is on this machine
	mapping  atomic.Pointer[engineUsers]

	mu      sync.Mutex
	locks   map[string]chan struct{} // by container id: held while we work on it
	images  map[string]*imageFacts   // by image id and the PATH looked at
	recipes map[string]target        // where a container of that recipe keeps its credential
	seen    map[string]seen          // by container id: the mark we last read or wrote
	labels  map[string]givenLabels   // by container id
	carries map[imageRef]map[string]string
	newborn map[string]described // by container id: those that never ran
	powers  map[string]string    // by container id: how it controls the engine; only of those that were asked about
}

// Connect finds the engine and asks whether it is there. The error is an *auth.Problem of kind
// EngineMissing: not installed, not running, not permitted, not reachable.
func Connect(ctx context.Context, o Options) (*Engine, error) {
	if o.Env == nil {
		o.Env = os.Getenv
	}
	home, _ := os.UserHomeDir() // without one, only what the environment names is looked at
	r := resolver{env: o.Env, home: home}
	ep, err := r.engine(o)
	if err != nil {
		return nil, err
	}
	api, err := dialEngine(ctx, ep)
	if err != nil && ep.guessed && ctx.Err() == nil {
		for _, other := range r.usual() {
			if a, e := dialEngine(ctx, other); e == nil {
				api, ep, err = a, other, nil
				break
			}
		}
	}
	if err != nil {
		return nil, unreachable(ep, err)
	}
	e := newEngine(api, ep, o.azDirs(ep.local()))
	e.dirs, e.name, e.consents = hostDirs{o.Mounts, os.Geteuid()}, o.Host, consents{o.Consents}
	return e, nil
}

// azDirs are the host's own az directories.
func (o Options) azDirs(local bool) azDirs {
	if o.Env == nil {
		o.Env = os.Getenv
	}
	home, err := os.UserHomeDir()
	dirs := o.AzDirs
	if dirs == nil {
		dirs = []string{o.Env("AZURE_CONFIG_DIR")}
		if err == nil {
			dirs = append(dirs, filepath.Join(home, ".azure"))
		}
	}
	a := newAzDirs(dirs, local)
	if err == nil && filepath.IsAbs(home) {
		a.home = follow(home)
	}
	return a
}

func newEngine(api engineAPI, ep endpoint, az azDirs) *Engine {
	e := &Engine{api: api, host: ep.host, by: ep.choice(), local: ep.local(), az: az, now: time.Now,
		locks: map[string]chan struct{}{}, images: map[string]*imageFacts{},
		recipes: map[string]target{}, seen: map[string]seen{}, labels: map[string]givenLabels{}, carries: map[imageRef]map[string]string{}, powers: map[string]string{}, newborn: map[string]described{}}
	if strings.HasPrefix(ep.host, "ssh:") {
		e.reading = make(chan struct{}, sshLogs)
	}
	return e
}

// Host is the engine's address, for a person.
func (e *Engine) Host() string { return e.host }

// List gives the containers that sel covers, running or not.
func (e *Engine) List(ctx context.Context, sel Selector) ([]Container, error) {
	all, err := e.siftedAll(ctx, sel)
	if err != nil {
		return nil, e.problem(err)
	}
	covered := []Container{}
	for _, s := range all {
		if c := e.of(sel, s); sel.covers(c.Name, s.Labels) && !c.over() {
			covered = append(covered, c)
		}
	}
	return covered, nil
}

// of makes a Container of what the list says of it.
func (e *Engine) of(sel Selector, listed summary) Container {
	name := ""
	if len(listed.Names) > 0 {
		name = listed.Names[0]
	}
	c := sel.container(listed.ID, name, listed.Image, listed.State, listed.Labels)
	c.Engine, c.NoNetwork = e.name, listed.NetworkMode == noNetwork
	return e.withAnswers(sel, c)
}

// problem says in a sentence why the engine, which did answer once, does not.
func (e *Engine) problem(err error) *auth.Problem {
	return unreachable(endpoint{host: e.host, from: "in use"}, err)
}
