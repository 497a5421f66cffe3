package health

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"

	"aztray/internal/auth"
	"aztray/internal/config"
)

// place is where it listens, while it does.
type place struct{ at atomic.Pointer[net.TCPAddr] }

func (p *place) url() string {
	at := p.at.Load()
	if at == nil {
		return ""
	}
	return "http://" + at.String() + "/"
}

const (
	firstRetry = 30 * time.Second
	lastRetry  = 5 * time.Minute
	goodbye    = 2 * time.Second // for answers under way at the end
)

// serve listens as soon as it can, and answers until ctx ends.
func (s *Server) serve(ctx context.Context) error {
	handler, err := s.handler()
	if err != nil {
		return err
	}
	var server *http.Server
	defer func() {
		if server != nil {
			server.Close()
		}
		gone, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
		defer cancel()
		s.at(gone, Place{})
	}()
	for {
		listener, left, err := s.listen(ctx)
		if err != nil {
			return nil // ctx has ended
		}
		place := Place{listener.Addr().String(), s.why}
		if server == nil || place.Address != s.told.Address { // what is open of a port that was left ends: somebody else is there
			if server != nil {
				server.Close()
			}
			server = s.server(ctx, handler)
			s.log.Info("the health API and the status page are served", "url", "http://"+place.Address+"/")
			if place.Why != "" {
				s.log.Info("their address is not the usual one", "why", place.Why)
			}
		}
		s.where.at.Store(listener.Addr().(*net.TCPAddr))
		s.at(ctx, place)
		if err := s.serveAt(ctx, server, listener, left); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

func (s *Server) server(ctx context.Context, handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// at tells where it serves, where that is new.
func (s *Server) at(ctx context.Context, p Place) {
	if p == (Place{}) {
		s.where.at.Store(nil)
	}
	if p != s.told {
		s.told = p
		s.o.At(ctx, p)
	}
}

// serveAt answers until ctx ends, or the port is left: then with nil.
func (s *Server) serveAt(ctx context.Context, server *http.Server, listener net.Listener, left <-chan struct{}) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(netutil.LimitListener(listener, maxConns)) }()
	select {
	case err := <-ended:
		select {
		case <-left: // and so it ended
			return nil
		default:
			return err
		}
	case <-left:
		<-ended
		return nil
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if server.Shutdown(last) != nil {
		server.Close()
	}
	<-ended
	return nil
}

// listen tries until it has the port, or ctx ends. What is in its way is said once. A port that is said to
// be another service's is left to it: while that one is down too, or it could not come up again.
// left is closed when the port was left to a container; it is nil where the address was set.
func (s *Server) listen(ctx context.Context) (listener net.Listener, left <-chan struct{}, err error) {
	if u := s.watchedAt(s.o.Listen); u != "" && !s.auto() {
		s.log.Info("the health API is not served: its port is another service's, which is watched", "listen", s.o.Listen, "url", u)
		<-ctx.Done()
		return nil, nil, ctx.Err()
	}
	said := false
	for pause := cmp.Or(s.o.Retry, firstRetry); ; pause = min(2*pause, lastRetry) {
		s.tries.Add(1)
		if s.auto() {
			listener, left, err = s.listenAuto(ctx)
		} else {
			listener, err = new(net.ListenConfig).Listen(ctx, "tcp", s.o.Listen)
		}
		if err == nil {
			if said {
				s.o.Lacks(ctx, nil)
			}
			return listener, left, nil
		}
		if !said && ctx.Err() == nil {
			said = true
			s.at(ctx, Place{})
			s.explain(ctx, err)
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(pause - rand.N(pause/5+1)):
		}
	}
}

// watchedAt is the service at that port whose health is watched; "": none is.
func (s *Server) watchedAt(listen string) string {
	i := slices.IndexFunc(s.o.Watched, func(u string) bool { return samePort(u, listen) })
	if i < 0 {
		return ""
	}
	return s.o.Watched[i]
}

// explain says what is in the way of serving.
func (s *Server) explain(ctx context.Context, err error) {
	if !taken(err) {
		s.log.Warn("the health API is not served", "listen", s.o.Listen, "err", err)
		s.o.Lacks(ctx, &auth.Problem{Code: "HEALTH_NOT_SERVED", Kind: auth.ConfigError, Err: err,
			Message: fmt.Sprintf("The health API and the status page are not there: %s can't be listened on.", s.o.Listen),
			Advice:  "Set health.listen to another address of this machine."})
		return
	}
	s.log.Warn("the health API is not served: another program has the port", "listen", s.o.Listen)
	s.o.Lacks(ctx, taker(s.o.Listen))
}

// Taken says that another program than aztray answers at an address, or listens there and says nothing;
// nil where aztray does, nobody does, or the address is left to a service that is watched.
func Taken(ctx context.Context, listen string, watched []string) *auth.Problem {
	if listen == "" || listen == config.ListenAuto || (&Server{o: Options{Watched: watched}}).watchedAt(listen) != "" {
		return nil
	}
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", listen)
	if err != nil {
		return nil
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(2 * time.Second))
	fmt.Fprintf(conn, "GET /openapi.json HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", listen)
	resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, maxHeader)), nil)
	if err == nil {
		resp.Body.Close()
		if resp.Header.Get("Server") == serverName {
			return nil
		}
	}
	return taker(listen)
}

// taker is another program on our port.
func taker(listen string) *auth.Problem {
	return &auth.Problem{Code: "HEALTH_PORT_TAKEN", Kind: auth.ConfigError,
		Message: fmt.Sprintf("Another program has %s, so the health API and the status page are not there.", listen),
		Advice:  fmt.Sprintf("Set health.listen to a free address, or health.watch to that program's own health, such as http://%s/health.", listen)}
}

// samePort reports whether a URL leads to the port of an address of this machine.
func samePort(address, listen string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	_, port, err := net.SplitHostPort(listen)
	ip := net.ParseIP(u.Hostname())
	return err == nil && u.Port() == port && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// taken reports that somebody else listens there.
func taken(err error) bool { return errors.Is(err, errInUse) }
