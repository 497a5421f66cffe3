//go:build !windows

package containers

import (
	"context"
	"errors"
	"net"
)

// defaultHost is where the docker command looks first when nothing is set.
const defaultHost = "unix:///var/run/docker.sock"

func dialPipe(context.Context, string) (net.Conn, error) {
	return nil, errors.New("named pipes exist on Windows only")
}
