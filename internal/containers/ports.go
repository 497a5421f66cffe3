package containers

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Ports are the TCP ports of this machine's loopback address that containers publish, running or not, each with a
// name of one that does.
type Ports map[uint16]string

// WatchPorts tells which ports the containers of the engines on this machine publish: when each engine was asked once
// or is away, and at each change, one at a time, until ctx ends. What an engine that has gone away published counts on.
//
// created is called at once when a container is created, before it is known what that publishes, which tell says before
// the function that created gave is called: a start follows within milliseconds, and Docker describes no container
// while it starts it.
func (es *Engines) WatchPorts(ctx context.Context, created func() (known func()), tell func(Ports)) {
	var mu sync.Mutex // held while telling
	asked, all := make([]bool, len(es.all)), make([]map[string]published, len(es.all))
	var work sync.WaitGroup
	for i, f := range es.all {
		work.Go(func() {
			f.watchPorts(ctx, created, func(ports map[string]published) {
				mu.Lock()
				defer mu.Unlock()
				asked[i] = true
				if ports != nil {
					all[i] = ports
				}
				if slices.Contains(asked, false) || ctx.Err() != nil {
					return
				}
				merged := Ports{}
				for _, of := range all {
					for _, id := range slices.Sorted(maps.Keys(of)) {
						for _, port := range of[id].ports {
							merged[port] = of[id].name
						}
					}
				}
				tell(merged)
			})
		})
	}
	work.Wait()
}

// published is what one container publishes.
type published struct {
	name  string
	ports []uint16
}

// watchPorts tells of one engine; nil: it is away, or on another machine.
func (f *follower) watchPorts(ctx context.Context, created func() func(), tell func(map[string]published)) {
	for pause := firstConnect; ctx.Err() == nil; pause = min(2*pause, lastConnect) {
		e, err := f.connect(ctx)
		if err == nil && !e.sharesLoopback() {
			tell(nil)
			return
		}
		if err == nil {
			began := e.now()
			_ = e.watchPorts(ctx, created, tell) // the agent's own watch says what is wrong with an engine
			if e.now().Sub(began) > steadyAfter {
				pause = firstConnect
			}
		}
		tell(nil)
		select {
		case <-ctx.Done():
		case <-time.After(pause - rand.N(pause/5)):
		}
	}
}

// portList is what the containers of an engine publish, by their ids.
type portList struct {
	mu   sync.Mutex // held while telling
	by   map[string]published
	gone map[string]bool
	tell func(map[string]published)
}

// set tells of a container; nil: it is gone.
func (l *portList) set(id string, p *published) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case p == nil:
		l.gone[id] = true
		delete(l.by, id)
	case !l.gone[id] && len(p.ports) > 0:
		l.by[id] = *p
	}
	l.tell(maps.Clone(l.by))
}

// watchPorts listens on one connection until it breaks.
func (e *Engine) watchPorts(ctx context.Context, created func() func(), tell func(map[string]published)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := e.api.events(ctx, time.Time{}) // first listen, then list: nothing falls between
	if err != nil {
		return err
	}
	defer stream.close()
	defer context.AfterFunc(ctx, stream.close)()
	all, err := e.api.list(ctx)
	if err != nil {
		return err
	}
	l := &portList{by: map[string]published{}, gone: map[string]bool{}, tell: func(map[string]published) {}}
	for _, c := range all {
		p, err := e.ports(ctx, c.ID)
		if err != nil {
			return err
		}
		l.set(c.ID, p)
	}
	var looks sync.WaitGroup
	defer looks.Wait()
	defer cancel()
	l.tell = tell
	tell(maps.Clone(l.by))
	for {
		m, err := stream.next()
		if err != nil {
			return err
		}
		switch m.Action {
		case "create":
			known := created()
			looks.Go(func() {
				defer known()
				if p, err := e.ports(ctx, m.ID); err == nil {
					l.set(m.ID, p)
				}
			})
		case "destroy", "remove":
			l.set(m.ID, nil)
		}
	}
}

// ports asks what a container publishes, whether it runs or not: the list of containers says it only of those that
// run. It is nil where the container is gone.
func (e *Engine) ports(ctx context.Context, id string) (*published, error) {
	in, err := e.api.inspect(ctx, id)
	if notFound(err) {
		return nil, nil
	}
	if _, answered := errors.AsType[*apiError](err); answered {
		return &published{}, nil // the engine can't describe it
	}
	if err != nil {
		return nil, err
	}
	return &published{strings.TrimPrefix(in.Name, "/"), in.Publishes}, nil
}

// sharesLoopback reports whether what its containers publish is published on this machine.
func (e *Engine) sharesLoopback() bool {
	if e.local {
		return true
	}
	u, err := url.Parse(e.host)
	if err != nil || u.Scheme != "tcp" {
		return false
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || ip.IsLoopback()
}
