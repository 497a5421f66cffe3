package main

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"aztray/internal/identity"
)

// A port that is taken is told, and so is that it is no longer.
func TestATakenPortIsTold(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort(l.Addr().String())
	told := make(chan map[netip.AddrPort]error, 1)
	server := identity.New(identity.Options{Failing: func(f map[netip.AddrPort]error) { told <- f }})
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	addrs, ended := make(chan []netip.AddrPort), make(chan error)
	go func() { ended <- server.Run(ctx, addrs) }()
	addrs <- []netip.AddrPort{at}
	p := notListening(<-told)
	if p == nil || p.Code != "ENDPOINT_PORT_TAKEN" || !strings.Contains(p.Message, at.String()) {
		t.Errorf("of a taken port: %+v", p)
	}
	l.Close()
	addrs <- []netip.AddrPort{at}
	if p := notListening(<-told); p != nil {
		t.Errorf("of a port that came free: %+v", p)
	}
	other := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), at.Port()) // nobody's
	addrs <- []netip.AddrPort{at, other}
	if p := notListening(<-told); p == nil || p.Code != "ENDPOINT_NOT_LISTENING" {
		t.Errorf("of an address that is not ours: %+v", p)
	}
	addrs <- []netip.AddrPort{at}
	if p := notListening(<-told); p != nil {
		t.Errorf("when nobody wants that address any more: %+v", p)
	}
	stop()
	<-ended
}
