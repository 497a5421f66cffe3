package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/identity"
)

// endpoint leads what containers ask of the identity endpoint to the agent, and tells it who they are.
type endpoint struct {
	*program
	updates <-chan agent.Snapshot

	callers atomic.Pointer[map[string]containers.Container] // by id: who may ask, as they were last listed

	seen   string // the containers at the last look for addresses, and when that was
	seenAt time.Time
}

// endpoint serves the identity endpoint until ctx ends.
func (p *program) endpoint(updates <-chan agent.Snapshot) func(context.Context) error {
	return (&endpoint{program: p, updates: updates}).serve
}

func (e *endpoint) serve(ctx context.Context) error {
	key, err := identity.LoadKey(e.state)
	if err != nil {
		return err
	}
	server := identity.New(identity.Options{Key: key, Known: e.known, Token: e.token, Log: e.log,
		Failing: func(at map[netip.AddrPort]error) { e.agent.Lacks(ctx, agent.PartEndpoint, notListening(at)) }})
	addrs := make(chan []netip.AddrPort)
	var follow sync.WaitGroup
	defer follow.Wait()
	follow.Go(func() { e.addresses(ctx, addrs) })
	return server.Run(ctx, addrs)
}

// notListening is the problem of an endpoint that can't have its addresses; nil where it has them all.
func notListening(failing map[netip.AddrPort]error) *auth.Problem {
	if len(failing) == 0 {
		return nil
	}
	at := slices.SortedFunc(maps.Keys(failing), netip.AddrPort.Compare)[0]
	p := &auth.Problem{Code: "ENDPOINT_NOT_LISTENING", Kind: auth.ConfigError, Err: failing[at],
		Message: fmt.Sprintf("The identity endpoint can't listen on %s, so containers get no token there.", at),
		Advice:  "See the log, or set endpoint.port to another."}
	if errors.Is(failing[at], errInUse) {
		p.Code = "ENDPOINT_PORT_TAKEN"
		p.Message = fmt.Sprintf("The identity endpoint's port is taken by another program (%s), so containers get no token there.", at)
		p.Advice = "End that program, or set endpoint.port to another and give the containers their variables anew."
	}
	return p
}

// token gives a container its token and has the agent know that it got one.
func (e *endpoint) token(ctx context.Context, c identity.Client, q identity.Question) (auth.Token, error) {
	if p := e.asked(ctx, c.ID); p != nil {
		return auth.Token{}, p
	}
	t, err := e.agent.Token(ctx, agent.Question{Tenant: c.Tenant, Scope: q.Scope, Refused: q.Refused})
	if err == nil {
		e.agent.Served(ctx, c.ID, t)
	}
	return t, err
}

// asked is why a container gets no token before the person has said so; nil where it may have one.
func (e *endpoint) asked(ctx context.Context, id string) *auth.Problem {
	var c containers.Container
	known := false
	if all := e.callers.Load(); all != nil {
		c, known = (*all)[id]
	}
	if !known { // it has gone since
		return &auth.Problem{Code: "CONTAINER_GONE", Kind: auth.Transient, Message: "The container is not known any more."}
	}
	return refusal(e.engines.Question(ctx, c))
}

// refusal is the problem of one about whom q is to be asked first.
func refusal(q containers.Status) *auth.Problem {
	switch {
	case q.State == containers.Failed:
		return &auth.Problem{Code: "CONTAINER_NOT_SEEN", Kind: auth.Transient, Message: "The engine does not say what this container may do. " + q.Error}
	case q.Consent == containers.Consent{}:
		return nil
	}
	return &auth.Problem{Code: "CONTAINER_WAITS", Kind: auth.ConfigError, Message: q.Error}
}

// known are the covered containers, each by its own name and by its compose service's.
func (e *endpoint) known(ctx context.Context) ([]identity.Client, error) {
	callers, err := e.engines.Callers(ctx, containers.Selector{Names: e.set.Containers.Names,
		ScopesAllowed: e.set.Containers.ScopesAllowed, TenantsAllowed: e.set.Containers.TenantsAllowed})
	if err != nil {
		return nil, err
	}
	all := map[string]containers.Container{}
	for _, c := range callers {
		all[c.ID] = c.Container
	}
	e.callers.Store(&all)
	return clients(callers, e.choice()), nil
}

// scope is the judged one: az's cloud may have another than the settings say.
func (e *endpoint) scope() string {
	if s := e.newest.Load(); s != nil {
		return cmp.Or(s.Scope, e.set.Azure.Scope)
	}
	return e.set.Azure.Scope
}

// choice is what containers' labels are weighed against.
func (e *endpoint) choice() containers.Choice {
	ch := containers.Choice{Scopes: append([]string{e.scope()}, e.set.Containers.Scopes...)}
	s := e.newest.Load()
	if s == nil {
		return ch
	}
	ch.Tenant = s.Tenant.ID
	ch.ID = func(tenant string) string {
		for _, t := range s.Tenants {
			if strings.EqualFold(t.ID, tenant) || strings.EqualFold(t.Domain, tenant) {
				return t.ID
			}
		}
		return tenant
	}
	return ch
}

func clients(callers []containers.Caller, ch containers.Choice) []identity.Client {
	var all []identity.Client
	for _, b := range callers {
		c := identity.Client{Name: identity.ContainerName(b.Name), ID: b.ID, Addresses: b.Addresses}
		g := ch.Grant(b.Container)
		if c.Scopes = auth.WithSpellings(g.Scopes); g.Tenant != ch.Tenant { // else the one in use when it asks
			c.Tenant = g.Tenant
		}
		all = append(all, c)
		if b.Service != "" {
			c.Name = identity.ServiceName(b.Project, b.Service)
			all = append(all, c)
		}
	}
	return all
}

// addresses gives the addresses to listen on: loopback at once, and the engines' bridges as they come.
// A container that came, or the agent's tick, is the reason to look again.
func (e *endpoint) addresses(ctx context.Context, to chan<- []netip.AddrPort) {
	port := uint16(e.set.Endpoint.Port)
	loopback := []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	for {
		all := slices.Clone(loopback)
		if gateways, err := e.engines.Gateways(ctx); err == nil {
			all = append(all, gateways...)
		}
		var at []netip.AddrPort
		for _, a := range all {
			at = append(at, netip.AddrPortFrom(a, port))
		}
		select {
		case to <- at:
		case <-ctx.Done():
			return
		}
		if !e.changed(ctx) {
			return
		}
	}
}

// changed waits for a snapshot with other containers than the last time, or for one that comes a while
// after it: networks come and go without us. It is false when ctx has ended.
func (e *endpoint) changed(ctx context.Context) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case s := <-e.updates:
			var now strings.Builder
			for _, c := range s.Containers {
				fmt.Fprintln(&now, c.ID, c.Running)
			}
			if now.String() != e.seen || s.At.Sub(e.seenAt) > lookAgain {
				e.seen, e.seenAt = now.String(), s.At
				return true
			}
		}
	}
}

// lookAgain is less than the agent's tick, at which there is a snapshot whatever happens.
const lookAgain = 20 * time.Second
