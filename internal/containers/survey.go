package containers

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"aztray/internal/auth"
)

// Place is somewhere an engine may listen, and what answered there.
type Place struct {
	Host    string        // its address
	From    string        // what names it, for a person: DOCKER_HOST, context "work", Podman
	Chosen  bool          // it is the one that is followed
	Problem *auth.Problem // why nobody answers; nil where an engine does
	Version string
	System  string        // what the engine runs on, in its own words: Docker Desktop, Debian GNU/Linux 12
	Skew    time.Duration // the engine's clock minus ours: an engine in a VM has a clock of its own
}

// Survey looks where engines usually listen. First come those that are followed: at hosts, or where there
// are none the one that the docker command would use. Then come others that answer; of those that don't,
// nothing is said.
func Survey(ctx context.Context, o Options, hosts ...string) []Place {
	if o.Env == nil {
		o.Env = os.Getenv
	}
	home, _ := os.UserHomeDir() // without one, only what the environment names is looked at
	r := resolver{env: o.Env, home: home}
	if len(hosts) == 0 {
		hosts = []string{o.Host}
	}
	var followed []endpoint
	var unknown []Place // those of which not even the address could be found out
	for _, host := range hosts {
		one := o
		one.Host = host
		ep, err := r.engine(one)
		if err != nil {
			unknown = append(unknown, Place{Host: host, Chosen: true, Problem: unreachable(ep, err)})
			continue
		}
		followed = append(followed, ep)
	}
	others := slices.DeleteFunc(r.others(followed), func(ep endpoint) bool { return o.own(ep.host) })
	found := make([]Place, len(followed)+len(others))
	var all sync.WaitGroup
	for i, ep := range slices.Concat(followed, others) {
		all.Go(func() { found[i] = look(ctx, ep) })
	}
	all.Wait()
	places := found[:len(followed):len(followed)]
	for i := range places {
		places[i].Chosen = true
	}
	places = append(places, unknown...)
	answering := slices.DeleteFunc(found[len(followed):], func(p Place) bool { return p.Problem != nil })
	// As Connect does: where nothing was chosen, any usual engine that answers will do.
	if len(followed) == 1 && followed[0].guessed && places[0].Problem != nil && len(answering) > 0 && answering[0].From != podman {
		answering[0].Chosen = true
		return answering
	}
	return append(places, answering...)
}

const podman = "Podman"

// others are the usual places on this machine besides those that are followed, each once.
func (r resolver) others(followed []endpoint) []endpoint {
	all := append([]endpoint{{host: defaultHost, from: "the default"}}, r.usual()...)
	for _, socket := range []string{filepath.Join(r.env("XDG_RUNTIME_DIR"), "podman", "podman.sock"), "/run/podman/podman.sock"} {
		if filepath.IsAbs(socket) {
			all = append(all, endpoint{host: "unix://" + filepath.ToSlash(socket), from: podman})
		}
	}
	var seen []string
	for _, ep := range followed {
		seen = append(seen, ep.host)
	}
	return slices.DeleteFunc(all, func(ep endpoint) bool {
		had := slices.Contains(seen, ep.host)
		seen = append(seen, ep.host)
		return had
	})
}

// look asks the engine at a place who it is.
func look(ctx context.Context, ep endpoint) Place {
	p := Place{Host: ep.host, From: ep.from}
	api, err := dialEngine(ctx, ep)
	if err != nil {
		p.Problem = unreachable(ep, err)
		return p
	}
	defer api.client.Close()
	ctx, cancel := context.WithTimeout(ctx, fileCall)
	defer cancel()
	asked := time.Now()
	info, err := api.client.Info(ctx)
	if err != nil {
		p.Problem = unreachable(ep, plain(err))
		return p
	}
	p.Version, p.System = info.ServerVersion, info.OperatingSystem
	if at, err := time.Parse(time.RFC3339Nano, info.SystemTime); err == nil {
		p.Skew = at.Sub(between(asked, time.Now()))
	}
	return p
}

// between is the middle of two moments, by the wall clock.
func between(a, b time.Time) time.Time { return a.Round(0).Add(b.Sub(a) / 2) }

// Label is the best word for the engine.
func (p Place) Label() string {
	return strings.TrimSpace(cmp.Or(p.System, p.From) + " " + p.Version)
}
