package identity

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// forwarded are the headers by which a request tells that somebody sent it on.
var forwarded = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Via", "X-Real-Ip"}

// browsers are the headers that only a web page's requests have.
var browsers = []string{"Origin", "Sec-Fetch-Site", "Referer"}

// hostNames are what container engines call this machine.
var hostNames = []string{"localhost", "host.docker.internal", "gateway.docker.internal", "host.containers.internal", "host.orb.internal", "host.lima.internal"}

// improper says why a request can't be a container's own, and with which status to refuse it; "" where
// it can.
func improper(r *http.Request) (status int, sentence string) {
	has := func(name string) bool { return len(r.Header.Values(name)) > 0 }
	switch {
	case r.URL.Path != Path:
		return http.StatusNotFound, "there is nothing here but " + Path
	case r.Method != http.MethodGet:
		return http.StatusMethodNotAllowed, "tokens are asked for by GET"
	case r.ContentLength != 0:
		return http.StatusRequestEntityTooLarge, "a request for a token has no body"
	// An app that fetches what its users name can be led here, and a proxy lends its own address.
	case slices.ContainsFunc(forwarded, has):
		return http.StatusForbidden, "requests that were passed on are refused; name this host in NO_PROXY and no_proxy"
	case slices.ContainsFunc(browsers, has):
		return http.StatusForbidden, "web pages get no tokens"
	// A name of somebody else's that resolves to this machine is how a web page would come here.
	case !ours(r):
		return http.StatusForbidden, "this is not the host that was asked for"
	}
	return 0, ""
}

// ours reports whether the request names this machine: as engines do, or by the address it came to.
func ours(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if slices.Contains(hostNames, host) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	if ip.IsLoopback() {
		return true
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())
	return err == nil && at.Addr().Unmap() == ip.Unmap()
}

// remote is the caller's address; the zero Addr where it cannot be told.
func remote(r *http.Request) netip.Addr {
	at, _ := netip.ParseAddrPort(r.RemoteAddr)
	return at.Addr().Unmap().WithZone("")
}
