package instance

import (
	"context"
	"net"
	"time"
)

// Running reports whether an instance listens in dir. It asks it nothing.
func Running(ctx context.Context, dir string) bool {
	d := net.Dialer{Timeout: time.Second}
	conn, err := d.DialContext(ctx, "unix", socketPath(dir))
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
