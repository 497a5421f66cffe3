//go:build e2e

package e2e

import (
	"flag"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// freePort is one that nothing listens on.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// onBridge has what listens on loopback answer on the engine's default bridge too, until the test ends, and
// gives its address there.
func (x *story) onBridge(loopback string) string {
	x.t.Helper()
	to, err := url.Parse(loopback)
	x.must(err)
	bridge, err := net.InterfaceByName("docker0")
	x.must(err)
	addrs, err := bridge.Addrs()
	x.must(err)
	ip, _, err := net.ParseCIDR(addrs[0].String())
	x.must(err)
	l, err := net.Listen("tcp", net.JoinHostPort(ip.String(), "0"))
	x.must(err)
	var open sync.WaitGroup
	x.t.Cleanup(func() { l.Close(); open.Wait() })
	open.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { pass(in, to.Host) })
		}
	})
	there := *to
	there.Host = l.Addr().String()
	return there.String()
}

// pass carries one connection to addr until either side ends it.
func pass(in net.Conn, addr string) {
	defer in.Close()
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer out.Close()
	var back sync.WaitGroup
	back.Go(func() {
		io.Copy(in, out)
		in.Close()
	})
	io.Copy(out, in)
	out.Close()
	back.Wait()
}
