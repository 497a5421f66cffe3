package identity

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Run listens on the addresses of the newest list that comes, until ctx ends; then it ends every
// connection and returns nil. An address that cannot be listened on is told in the log, and tried again
// with the next list: bridges come and go with the engine. It never listens on all addresses, where the
// whole network could ask.
func (s *Server) Run(ctx context.Context, addrs <-chan []netip.AddrPort) error {
	server := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: s.o.Wait + listWithin + 5*time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    log.New(io.Discard, "", 0)} // a client that hangs up is no news
	var work sync.WaitGroup
	defer work.Wait()
	defer shut(server)
	open, failing := map[netip.AddrPort]net.Listener{}, map[netip.AddrPort]error{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case want := <-addrs:
			s.close(open, want)
			for _, at := range want {
				if open[at] != nil {
					continue
				}
				l, err := listen(ctx, at)
				if err != nil {
					if was := failing[at]; was == nil || was.Error() != err.Error() {
						s.o.Log.Warn("the identity endpoint does not listen there", "address", at, "err", err)
					}
					failing[at] = err
					continue
				}
				delete(failing, at)
				open[at] = l
				s.o.Log.Info("the identity endpoint listens", "address", at)
				work.Go(func() { server.Serve(l) }) // ends when l or server is closed
			}
			maps.DeleteFunc(failing, func(at netip.AddrPort, _ error) bool { return !slices.Contains(want, at) })
			if s.o.Failing != nil {
				s.o.Failing(maps.Clone(failing))
			}
		}
	}
}

// shut waits for the requests under way, whose contexts have ended, and ends every connection.
func shut(server *http.Server) {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
}

// close ends the listeners that are no longer wanted.
func (s *Server) close(open map[netip.AddrPort]net.Listener, want []netip.AddrPort) {
	for at, l := range open {
		if !slices.Contains(want, at) {
			l.Close()
			delete(open, at)
			s.o.Log.Info("the identity endpoint no longer listens", "address", at)
		}
	}
}

func listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	if !at.IsValid() || at.Addr().IsUnspecified() || at.Addr().IsMulticast() {
		return nil, fmt.Errorf("%v is not one address of this machine", at)
	}
	return (&net.ListenConfig{}).Listen(ctx, "tcp", at.String())
}
