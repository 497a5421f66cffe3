package containers

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Caller is a covered container with the addresses that its requests to this machine come from.
type Caller struct {
	Container
	Addresses []netip.Addr // none: not known, as behind a virtual machine or on the host's own network
}

// Gateways are this machine's own addresses on the engine's bridge networks, docker0's first: where a
// container reaches it. There are none where the engine's networks are not this machine's: it runs in a
// virtual machine, is rootless, or is elsewhere.
func (e *Engine) Gateways(ctx context.Context) ([]netip.Addr, error) {
	own, err := e.ownAddresses(ctx)
	if err != nil || len(own) == 0 {
		return nil, err
	}
	all, err := e.api.networks(ctx)
	if err != nil {
		return nil, e.problem(err)
	}
	slices.SortStableFunc(all, func(a, b network) int {
		if first := a.Name == "bridge"; first != (b.Name == "bridge") {
			if first {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	var gateways []netip.Addr
	for _, n := range all {
		for _, g := range n.gateways() {
			if n.Driver == "bridge" && own[g] && !slices.Contains(gateways, g) {
				gateways = append(gateways, g)
			}
		}
	}
	return gateways, nil
}

// gateways are those that the engine tells, else the addresses of the interface.
func (n network) gateways() []netip.Addr {
	if len(n.Gateways) > 0 {
		return n.Gateways
	}
	i, err := net.InterfaceByName(n.Bridge)
	if err != nil {
		return nil // not on this machine
	}
	all, err := i.Addrs()
	if err != nil {
		return nil
	}
	var found []netip.Addr
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			found = append(found, p.Addr().Unmap())
		}
	}
	return found
}

// Callers are the containers that sel covers, with their addresses where those can be relied on: where
// each network of the container has its gateway on this machine.
func (e *Engine) Callers(ctx context.Context, sel Selector) ([]Caller, error) {
	own, err := e.ownAddresses(ctx)
	if err != nil {
		return nil, err
	}
	all, err := e.siftedAll(ctx, sel)
	if err != nil {
		return nil, e.problem(err)
	}
	callers := []Caller{}
	for _, s := range all {
		if c := e.of(sel, s); sel.covers(c.Name, s.Labels) && !c.over() {
			callers = append(callers, Caller{c, addresses(s.Attached, own)})
		}
	}
	return callers, nil
}

// addresses are a container's own, none as soon as one of its networks is not this machine's: then its
// requests may come by another way than can be seen here.
func addresses(all []attachment, own map[netip.Addr]bool) []netip.Addr {
	var found []netip.Addr
	for _, a := range all {
		if !own[a.Gateway] {
			return nil
		}
		found = append(found, a.Addresses...)
	}
	return found
}

// ownAddresses are this machine's where the engine's networks may be among them. A rootless engine's
// are in a namespace of their own, in which the same numbers mean something else.
func (e *Engine) ownAddresses(ctx context.Context) (map[netip.Addr]bool, error) {
	if !strings.HasPrefix(e.host, "unix:") {
		return nil, nil
	}
	users, err := e.users(ctx)
	if err != nil {
		return nil, e.problem(err)
	}
	if users.rootless {
		return nil, nil
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, nil // then nothing is known of them
	}
	own := map[netip.Addr]bool{}
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLinkLocalUnicast() {
			own[p.Addr().Unmap()] = true
		}
	}
	return own, nil
}
