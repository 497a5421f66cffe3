package health

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"aztray/internal/config"
)

// Where the address is left to us, it is 127.0.0.1:8000, which people know from Code Story's service. That service
// comes to this machine in a container with the same port, and must not be kept from it: a port that a container
// publishes is left to it, running or not, and one that we hold when such a container is made is let go at once.
const (
	autoFirst = 8000
	autoPorts = 1000 // that are tried
	// autoWait is how long the engines are waited for before a port is taken.
	autoWait = 5 * time.Second
	// autoDial is how long it may take to hear whether somebody answers at a port.
	autoDial = time.Second
)

// Place is where the page and the API are.
type Place struct {
	Address string // such as 127.0.0.1:8000; "": nowhere
	Why     string // they are not at the usual port, as a clause; "": they are, or the address was set
}

// claims are the ports that are left to containers, and the one that we hold.
type claims struct {
	mu      sync.Mutex
	by      map[uint16]string
	told    bool          // by was
	created int           // containers of which it is not known what they publish
	all     int           // those that were ever created
	changed chan struct{} // closed at the next change of what is above
	held    net.Listener  // nil: none that would be left
	port    uint16
	left    chan struct{} // closed when held was left
}

// change is called with mu held.
func (c *claims) change() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// leave closes what is held, with mu held. The port is free then, whatever connections there are.
func (c *claims) leave() {
	if c.held != nil {
		close(c.left) // first: who serves sees by it why the listener is closed
		c.held.Close()
		c.held = nil
	}
}

// Published says which ports of this machine containers publish, each with the name of one. Where the address is left
// to us, the one that we hold is let go before Published returns, if it is among them.
func (s *Server) Published(ports map[uint16]string) {
	c := &s.claims
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by, c.told = ports, true
	if _, claimed := ports[c.port]; claimed {
		c.leave()
	}
	c.change()
}

// Created says that a container was created that may publish any port. Where the address is left to us, ours is let go
// before Created returns, and taken again when known was called and it turned out to be another one.
func (s *Server) Created() (known func()) {
	c := &s.claims
	c.mu.Lock()
	defer c.mu.Unlock()
	c.created++
	c.all++
	c.leave()
	c.change()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.created--
		c.change()
	}
}

// awaitClaims waits until it is known which ports are published, or for a while. It gives how many containers were
// created until then.
func (s *Server) awaitClaims(ctx context.Context) int {
	limit := time.NewTimer(autoWait)
	defer limit.Stop()
	c := &s.claims
	for {
		c.mu.Lock()
		known, all, changed := c.told && c.created == 0, c.all, c.changed
		c.mu.Unlock()
		if known {
			return all
		}
		select {
		case <-changed:
		case <-limit.C: // no engine answers in that time: they are heard later
			return all
		case <-ctx.Done():
			return all
		}
	}
}

// listenAuto takes the first port that is free and nobody's. left is closed when it was let go.
func (s *Server) listenAuto(ctx context.Context) (listener net.Listener, left <-chan struct{}, err error) {
	all, why := s.awaitClaims(ctx), ""
	for n := 0; n < autoPorts; n++ {
		port := s.o.first + uint16(n)
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port)))
		reason := ""
		if listener, left, reason, err = s.take(ctx, address, port, all); err == nil {
			s.why = why
			return listener, left, nil
		}
		if err == errCreated {
			all, why, n = s.awaitClaims(ctx), "", -1
			continue
		}
		if reason == "" || ctx.Err() != nil {
			return nil, nil, err
		}
		if why == "" {
			why = fmt.Sprintf("port %d %s", port, reason)
		}
	}
	return nil, nil, err
}

var (
	errLeft    = errors.New("the port is somebody else's")
	errCreated = errors.New("a container was created, which may publish the port")
)

// take listens at a port unless it is somebody's: then why says whose. all is how many containers had been created
// when it was known what they publish.
func (s *Server) take(ctx context.Context, address string, port uint16, all int) (l net.Listener, left <-chan struct{}, why string, err error) {
	c := &s.claims
	claimed := func() string {
		if name, ok := c.by[port]; ok {
			return "is left to the container " + name
		}
		return ""
	}
	c.mu.Lock()
	why = claimed()
	c.mu.Unlock()
	switch {
	case why != "":
		return nil, nil, why, errLeft
	case s.watchedAt(address) != "":
		return nil, nil, "is another service's, whose health is watched", errLeft
	case s.answers(ctx, address): // some systems let two programs listen, one at all addresses and one at this
		return nil, nil, "is taken by another program", errLeft
	}
	l, err = new(net.ListenConfig).Listen(ctx, "tcp", address)
	if taken(err) {
		return nil, nil, "is taken by another program", err
	}
	if err != nil {
		return nil, nil, "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all != all { // since we looked
		l.Close()
		return nil, nil, "", errCreated
	}
	if why := claimed(); why != "" {
		l.Close()
		return nil, nil, why, errLeft
	}
	c.held, c.port, c.left = l, port, make(chan struct{})
	return l, c.left, "", nil
}

func (s *Server) answers(ctx context.Context, address string) bool {
	conn, err := (&net.Dialer{Timeout: autoDial}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// auto reports whether the address is left to us.
func (s *Server) auto() bool { return s.o.Listen == config.ListenAuto }
