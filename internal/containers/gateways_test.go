package containers

import (
	"net"
	"net/netip"
	"slices"
	"testing"
)

// Engine 20.10 does not tell the gateway of docker0.
func TestGatewayByInterface(t *testing.T) {
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(i net.Interface) bool { return i.Flags&net.FlagLoopback != 0 })
	f := newFake(inspected{}, nil)
	f.nets = []network{{Name: "bridge", Driver: "bridge", Bridge: all[i].Name}, {Name: "in a virtual machine", Driver: "bridge", Bridge: "br-none"}}
	got, err := fakeHost(f, t.TempDir()).Gateways(t.Context())
	if err != nil || !slices.Contains(got, own) {
		t.Errorf("%v, %v", got, err)
	}
}

// own is an address of this machine that tests may rely on, and strange is none of its.
var own, strange = netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.0.2.1")

func TestGateways(t *testing.T) {
	nets := []network{
		{Name: "another", Driver: "bridge", Gateways: []netip.Addr{netip.MustParseAddr("::1"), own}},
		{Name: "in a virtual machine", Driver: "bridge", Gateways: []netip.Addr{strange}},
		{Name: "lan", Driver: "macvlan", Gateways: []netip.Addr{own}},
		{Name: "bridge", Driver: "bridge", Gateways: []netip.Addr{own}},
	}
	want := []netip.Addr{own}
	if all, _ := net.InterfaceAddrs(); slices.ContainsFunc(all, func(a net.Addr) bool { return a.String() == "::1/128" }) {
		want = append(want, netip.MustParseAddr("::1"))
	}
	for _, c := range []struct {
		name     string
		host     string
		rootless bool
		want     []netip.Addr
	}{
		{"an engine on this machine: its bridges, the default one first", "unix:///fake", false, want},
		{"a rootless one, whose networks are in a namespace", "unix:///fake", true, nil},
		{"one on another machine", "tcp://example:2376", false, nil},
		{"Docker Desktop's on Windows", "npipe:////./pipe/docker_engine", false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(inspected{}, nil)
			f.nets, f.options = nets, rootlessOptions(c.rootless)
			e := newEngine(f, endpoint{host: c.host}, newAzDirs(nil, true))
			got, err := e.Gateways(t.Context())
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestCallers(t *testing.T) {
	one, two := netip.MustParseAddr("172.17.0.2"), netip.MustParseAddr("172.18.0.2")
	here := func(a ...netip.Addr) attachment { return attachment{own, a} }
	for _, c := range []struct {
		name     string
		on       []attachment
		rootless bool
		want     []netip.Addr
	}{
		{"on a bridge", []attachment{here(one)}, false, []netip.Addr{one}},
		{"on two", []attachment{here(one), here(two)}, false, []netip.Addr{one, two}},
		{"on a bridge and on a network that is not here", []attachment{here(one), {strange, []netip.Addr{two}}}, false, nil},
		{"on a network with no gateway", []attachment{{Addresses: []netip.Addr{one}}}, false, nil},
		{"on the host's network, or stopped", nil, false, nil},
		{"in a rootless engine", []attachment{here(one)}, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(inspected{}, nil)
			f.options = rootlessOptions(c.rootless)
			f.listed = []summary{{ID: "1", Names: []string{"/web"}, State: "running", Attached: c.on},
				{ID: "2", Names: []string{"/not-covered"}, State: "running", Attached: c.on}}
			got, err := fakeHost(f, t.TempDir()).Callers(t.Context(), Selector{Names: []string{"web"}})
			if err != nil || len(got) != 1 || got[0].Name != "web" || !slices.Equal(got[0].Addresses, c.want) {
				t.Errorf("%+v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func rootlessOptions(rootless bool) []string {
	if rootless {
		return []string{"name=seccomp,profile=default", "name=rootless"}
	}
	return nil
}
