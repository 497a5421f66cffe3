package main

import (
	"fmt"
	"log/slog"
	"net"
	"os"
)

// systemd is who started us, if it was that: a unit of Type=notify. The protocol is one datagram for
// each message: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
type systemd struct {
	socket string // "" where nobody listens
	log    *slog.Logger
}

func newSystemd(log *slog.Logger) systemd { return systemd{os.Getenv("NOTIFY_SOCKET"), log} }

// tell sends lines of NAME=VALUE. What does not arrive is no reason to stop working.
func (s systemd) tell(state string) {
	if s.socket == "" {
		return
	}
	conn, err := net.Dial("unixgram", s.socket) // a name that begins with @ is Linux's abstract kind
	if err == nil {
		_, err = conn.Write([]byte(state))
		conn.Close()
	}
	if err != nil {
		s.log.Warn("systemd was not told", "err", err)
	}
}

// reloading says that the settings are read anew, until READY=1 is told.
func (s systemd) reloading() {
	s.tell(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", monotonic().Microseconds()))
}
