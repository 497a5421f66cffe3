package cloud

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// serviceAt says which service answers at a host. Any other host does not resolve.
func serviceAt(host string) (ServiceName, bool) {
	if _, service, ok := cloudAt(host); ok {
		return service, true
	}
	switch host {
	case "microsoft.com", "www.microsoft.com":
		return Entra, true
	case "docs.microsoft.com", "learn.microsoft.com":
		return Docs, true
	}
	return OpenAI, strings.HasSuffix(host, regionalSuffix)
}

// serveProxy is the proxy's own listener: CONNECT, the browser script's report, and the managed identity.
func (c *Cloud) serveProxy(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		c.connect(w, r)
	case r.Method == http.MethodPost && !r.URL.IsAbs() && r.URL.Path == c.visitPath:
		c.serveVisit(w, r)
	case !r.URL.IsAbs() && r.URL.Path == identityPath:
		c.serveIdentity(w, r)
	default: // plain HTTP to somewhere, such as a metadata service: nobody there
		c.record(Request{Time: c.now(), Method: r.Method, Host: hostOf(r.Host), Path: r.URL.Path, Outcome: "plain http refused"})
		panic(http.ErrAbortHandler)
	}
}

func (c *Cloud) connect(w http.ResponseWriter, r *http.Request) {
	host := hostOf(r.Host)
	service, known := serviceAt(host)
	refuse := func(outcome string, status int) {
		c.record(Request{Time: c.now(), Method: r.Method, Host: host, Service: service, Status: status, Outcome: outcome})
		if status == 0 {
			c.reset(w)
			return
		}
		http.Error(w, outcome, status)
	}
	cut, faults := c.faults(service)
	switch {
	case cut:
		refuse("cut", 0)
		return
	case !known:
		refuse("unknown host", http.StatusBadGateway)
		return
	case faults.Outage == OutageRefused:
		refuse("refused", http.StatusBadGateway)
		return
	case faults.Outage == OutageReset:
		refuse("reset", 0)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		conn.Close()
		return
	}
	c.tunnel(conn, buffered.Reader, host)
}

// tunnel hands the client's end to the server behind, as TLS for host.
func (c *Cloud) tunnel(conn net.Conn, early *bufio.Reader, host string) {
	t := &tunnelConn{Conn: conn, early: early, closed: func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.tunnels, conn)
	}}
	c.mu.Lock()
	c.tunnels[conn] = struct{}{}
	c.mu.Unlock()
	c.inner.add(tls.Server(t, &tls.Config{
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.ca.forHost(cmp.Or(hello.ServerName, host))
		},
	}))
}

// reset ends the connection with RST, as a failing network does.
func (c *Cloud) reset(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		abort(conn)
	}
}

func (c *Cloud) dropTunnels() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.tunnels {
		abort(conn)
	}
	clear(c.tunnels)
}

func abort(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

func (c *Cloud) faults(s ServiceName) (cut bool, f Faults) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f = c.policy.Faults
	if own := c.policy.services[s]; own != nil {
		f = own.or(f)
	}
	return c.policy.NetworkCut, f
}

// reply is one answer. Outcome goes into the log.
type reply struct {
	status  int
	header  http.Header
	body    []byte
	outcome string
}

// serve answers every request that came through a tunnel: faults first, then the service.
func (c *Cloud) serve(w http.ResponseWriter, r *http.Request) {
	host := hostOf(r.Host)
	service, _ := serviceAt(host)
	rec := Request{Time: c.now(), Method: r.Method, Host: host, Path: r.URL.Path, Service: service}
	cut, faults := c.faults(service)
	if !c.pause(r, faults.Latency) {
		panic(http.ErrAbortHandler)
	}
	var rep reply
	switch {
	case cut, faults.Outage == OutageReset, faults.Outage == OutageRefused:
		rec.Outcome = "reset"
		c.record(rec)
		panic(http.ErrAbortHandler)
	case faults.Outage == OutageSilent:
		rec.Outcome = "silent"
		c.record(rec)
		c.pause(r, time.Hour)
		panic(http.ErrAbortHandler)
	case faults.Outage == Outage503:
		rep = unavailable(service, http.StatusServiceUnavailable, time.Second, "unavailable")
	case faults.Throttle > 0:
		rep = unavailable(service, http.StatusTooManyRequests, faults.Throttle, "throttled")
	default:
		rep = c.answer(service, r, &rec)
	}
	rec.Status, rec.Outcome = rep.status, cmp.Or(rep.outcome, "ok")
	c.record(rec)
	c.write(w, rep)
}

// pause waits; it reports false if the client or the Cloud went away first.
func (c *Cloud) pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-c.ctx.Done():
	}
	return false
}

// answer reads the whole request before it takes the lock, for a client may be slow.
func (c *Cloud) answer(service ServiceName, r *http.Request, rec *Request) reply {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return apiError(http.StatusBadRequest, "BadRequest", "The request body could not be read.")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.mu.Lock()
	defer c.mu.Unlock()
	switch service {
	case ARM:
		return c.arm(r, rec)
	case OpenAI:
		return c.openAI(r, rec)
	case Docs:
		return docs(r)
	}
	return c.entra(r, rec)
}

func (c *Cloud) write(w http.ResponseWriter, rep reply) {
	c.mu.Lock()
	date := c.now().Add(c.policy.ClockSkew)
	c.mu.Unlock()
	h := w.Header()
	for k, v := range rep.header {
		h[k] = v
	}
	h.Set("Date", date.UTC().Format(http.TimeFormat))
	h.Set("Content-Length", strconv.Itoa(len(rep.body)))
	w.WriteHeader(rep.status)
	w.Write(rep.body)
}

// unavailable is a 503 or 429 with Retry-After, in the words of the service.
func unavailable(s ServiceName, status int, after time.Duration, outcome string) reply {
	seconds := int((after + time.Second - 1) / time.Second)
	var rep reply
	switch {
	case s == Entra:
		rep = jsonReply(status, map[string]any{"error": "temporarily_unavailable",
			"error_description": "AADSTS90033: A transient error has occurred. Please try again.", "error_codes": []int{90033}})
	case status == http.StatusTooManyRequests:
		rep = apiError(status, "429", fmt.Sprintf("Requests have exceeded call rate limit. Please retry after %d seconds.", seconds))
	default:
		rep = apiError(status, "ServiceUnavailable", "The service is temporarily unavailable.")
	}
	rep.header.Set("Retry-After", strconv.Itoa(seconds))
	rep.outcome = outcome
	return rep
}

func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = host
	}
	return strings.ToLower(hostport)
}

// tunnelConn is the client's end of a tunnel, with what it sent ahead of our answer to CONNECT.
type tunnelConn struct {
	net.Conn
	early  *bufio.Reader
	closed func()
	once   sync.Once
}

func (t *tunnelConn) Read(b []byte) (int, error) { return t.early.Read(b) }

func (t *tunnelConn) Close() error {
	t.once.Do(t.closed)
	return t.Conn.Close()
}

// tunnelListener gives tunnels to an http.Server.
type tunnelListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newTunnelListener() *tunnelListener {
	return &tunnelListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *tunnelListener) add(conn net.Conn) {
	select {
	case l.conns <- conn:
	case <-l.done:
		conn.Close()
	}
}

func (l *tunnelListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *tunnelListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *tunnelListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
