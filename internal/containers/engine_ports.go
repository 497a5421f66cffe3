package containers

import (
	"net/netip"
	"slices"
	"strconv"

	api "github.com/docker/docker/api/types/container"
)

// publishes are the TCP ports that a container takes of the loopback address when it runs: those it was given by
// number, and on the host's own network those that its image says it listens on. Where it was given a range, the
// engine takes what is free.
func publishes(c api.InspectResponse) []uint16 {
	var all []uint16
	for port, bindings := range c.HostConfig.PortBindings {
		for _, b := range bindings {
			ip, err := netip.ParseAddr(b.HostIP)
			if port.Proto() != "tcp" || err == nil && !ip.IsLoopback() && !ip.IsUnspecified() {
				continue
			}
			if n, err := strconv.ParseUint(b.HostPort, 10, 16); err == nil && n > 0 {
				all = append(all, uint16(n))
			}
		}
	}
	if c.HostConfig.NetworkMode.IsHost() {
		for port := range c.Config.ExposedPorts {
			if n, err := strconv.ParseUint(port.Port(), 10, 16); err == nil && port.Proto() == "tcp" && n > 0 {
				all = append(all, uint16(n))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
