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
	listener, err := s.listen(ctx)
	if err != nil {
		return nil // ctx has ended
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(netutil.LimitListener(listener, maxConns)) }()
	s.where.at.Store(listener.Addr().(*net.TCPAddr))
	defer s.where.at.Store(nil)
	s.log.Info("the health API and the status page are served", "url", s.URL())
	select {
	case err := <-ended:
		return err
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
func (s *Server) listen(ctx context.Context) (net.Listener, error) {
	if u, is := s.watchedHere(); is {
		s.log.Info("the health API is not served: its port is another service's, which is watched", "listen", s.o.Listen, "url", u)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	said := false
	for pause := cmp.Or(s.o.Retry, firstRetry); ; pause = min(2*pause, lastRetry) {
		s.tries.Add(1)
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.o.Listen)
		if err == nil {
			if said {
				s.o.Lacks(ctx, nil)
			}
			return listener, nil
		}
		if !said && ctx.Err() == nil {
			said = true
			s.explain(ctx, err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause - rand.N(pause/5+1)):
		}
	}
}

// watchedHere is the service on our port whose health is watched.
func (s *Server) watchedHere() (address string, is bool) {
	i := slices.IndexFunc(s.o.Watched, func(u string) bool { return samePort(u, s.o.Listen) })
	if i < 0 {
		return "", false
	}
	return s.o.Watched[i], true
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
	if _, is := (&Server{o: Options{Listen: listen, Watched: watched}}).watchedHere(); is || listen == "" {
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
