package containers

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"aztray/internal/auth"
)

// overheard says why nothing is said to the engine at ep; nil where it is spoken to. Whatever goes to another
// machine by plain TCP can be read, and changed, on every network in between: the tokens that are delivered,
// those in containers that are looked at, and who may have them. allowed are the addresses that the person
// takes that risk for.
func (ep endpoint) overheard(allowed []string) error {
	if ep.secure() || !Overheard(ep.host, allowed) {
		return nil
	}
	return &auth.Problem{Code: "ENGINE_PLAINTEXT", Kind: auth.EngineMissing,
		Message: "The Docker engine at " + ep.host + " (" + ep.from + ") is on another machine and has no encryption: your tokens could be read on the way.",
		Advice:  `Reach it by ssh:// or with TLS; on a network that you trust, set engine.plaintext = ["` + ep.host + `"].`,
		Err:     errPlaintext}
}

var errPlaintext = errors.New("a plain TCP address that is not this machine's")

// Overheard reports whether what is sent to an address, which has no encryption, crosses a network: it is
// another machine's, and not one of those that are allowed. What is no address at all is refused elsewhere.
func Overheard(host string, allowed []string) bool {
	if scheme, _, _ := strings.Cut(host, "://"); scheme != "tcp" && scheme != "http" {
		return false
	}
	address, err := endpoint{host: host}.address()
	if err != nil {
		return false
	}
	if u, err := url.Parse(address); err == nil && OnThisMachine(u.Hostname()) {
		return false
	}
	return !slices.ContainsFunc(allowed, func(one string) bool {
		a, err := endpoint{host: one}.address()
		return err == nil && strings.EqualFold(a, address)
	})
}

// OnThisMachine reports whether what is sent to a host stays on this machine: it is loopback, by name or by
// number, or an address of one of this machine's own interfaces. Any other name may lead anywhere.
func OnThisMachine(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	ip = ip.Unmap()
	if ip.IsLoopback() {
		return true
	}
	own, err := net.InterfaceAddrs()
	return err == nil && slices.ContainsFunc(own, func(a net.Addr) bool {
		prefix, err := netip.ParsePrefix(a.String())
		return err == nil && prefix.Addr().Unmap() == ip.WithZone("")
	})
}
