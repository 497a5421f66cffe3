package notify

import (
	"context"

	"github.com/godbus/dbus/v5"

	"aztray/internal/session"
)

// Probe asks the desktop's notification server who it is and what it can do. It shows nothing.
func Probe(ctx context.Context) (Server, error) {
	addr := session.Bus()
	if addr == "" {
		return Server{}, ErrNoDesktop
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, err := dbus.Connect(addr, dbus.WithContext(ctx))
	if err != nil {
		return Server{}, ErrNoDesktop
	}
	defer conn.Close()
	server := conn.Object(busName, busPath)
	var s Server
	var vendor, specification string
	if err := server.CallWithContext(ctx, busIface+".GetServerInformation", 0).Store(&s.Name, &vendor, &s.Version, &specification); err != nil {
		return Server{}, err
	}
	var names []string
	if err := server.CallWithContext(ctx, busIface+".GetCapabilities", 0).Store(&names); err != nil {
		return Server{}, err
	}
	s.Buttons = newCapabilities(names).actions
	return s, nil
}
