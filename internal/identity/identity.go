// Package identity is the managed-identity endpoint for containers: Azure App Service's own form, which
// the SDKs of every language take from two variables. It knows the wire format and who may ask. It
// knows nothing of container engines, and it neither obtains nor keeps a token: Options give it both.
//
// A request must carry the secret of one container. Where the engine lets a container's address be
// seen, the request must come from there as well. Make a Server with New and have it listen with Run;
// LoadKey reads the key that all the secrets come from.
package identity

import (
	"cmp"
	"context"
	"crypto/hmac"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"aztray/internal/auth"
)

// Path is where the endpoint answers.
const Path = "/token"

// Client is a container that may ask. One that may go by two names is two of them; copies of one
// compose service are Clients of the same Name.
type Client struct {
	Name      string       // what its secret is derived from: ContainerName's or ServiceName's
	ID        string       // the container's id
	Tenant    string       // the tenant it asks for; "": the one in use
	Scopes    []string     // what it may have tokens for
	Addresses []netip.Addr // where its requests come from; none: not known, and not checked
}

// ContainerName is the name by which a container is known that goes by its own.
func ContainerName(container string) string { return "container:" + container }

// ServiceName is the name by which every container of a compose service is known.
func ServiceName(project, service string) string { return "service:" + project + "/" + service }

// Options are what a Server needs.
type Options struct {
	Key Key
	// Known lists the containers that may ask, as they are now. It is called at most once a second for
	// requests that are in order.
	Known func(context.Context) ([]Client, error)
	// Token gives a token. It may wait for a renewal until ctx ends; a failure that a person can act on is
	// an *auth.Problem.
	Token func(context.Context, Client, Question) (auth.Token, error)
	// Failing is told after each list of addresses which of them cannot be listened on, and why; nil: nobody is.
	Failing func(map[netip.AddrPort]error)
	Wait    time.Duration    // for a renewal, before the caller is told to come again; 0 means 8 seconds
	Now     func() time.Time // nil means time.Now
	Log     *slog.Logger     // nil means slog.Default()
}

// Question is what a client asks for.
type Question struct {
	Scope   string // one of the client's
	Refused string // SHA-256, in hexadecimal digits, of a token that a service refused and that is not to come again; or ""
}

// Server answers containers that ask for a token. It is an http.Handler.
type Server struct {
	o       Options
	good    *limiter // by client
	bad     *limiter // by address: of those without a right secret
	busy    chan struct{}
	mu      sync.Mutex
	known   []Client
	knownAt time.Time
}

const (
	maxBusy    = 256             // requests at once
	knownFor   = time.Second     // how long the list of containers is good for
	maxHeader  = 16 << 10        // bytes
	comeAgain  = 2 * time.Second // SDKs ask four times
	listWithin = 5 * time.Second // the engine has this long to list the containers
)

// New makes a Server; nothing listens yet.
func New(o Options) *Server {
	o.Wait = cmp.Or(o.Wait, 8*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Server{o: o, good: newLimiter(200, 10, o.Now), bad: newLimiter(20, 1, o.Now), busy: make(chan struct{}, maxBusy)}
}

// ServeHTTP answers one request, and leaves one line about it in the log.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := s.answer(r)
	q := r.URL.Query()
	line := []any{"container", a.client.Name, "from", r.RemoteAddr, "resource", clip(q.Get("resource")), "status", a.status}
	if capabilities := q.Get("xms_cc"); capabilities != "" {
		line = append(line, "capabilities", clip(capabilities))
	}
	s.o.Log.Info("identity endpoint", line...)
	a.write(w)
}

// answer goes through the locks one after another: is it a container's request at all, whose is it,
// may it have what it asks for, and is there such a token.
func (s *Server) answer(r *http.Request) answer {
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
	default:
		return later(http.StatusServiceUnavailable, s.o.Wait+time.Second, "too many containers ask at once") // by then those have their answers
	}
	if status, sentence := improper(r); sentence != "" {
		return refuse(status, sentence)
	}
	from := remote(r)
	c, ok, err := s.whose(r.Context(), r.Header.Get("X-IDENTITY-HEADER"), from)
	if err != nil {
		return later(http.StatusServiceUnavailable, comeAgain, "the container engine does not say which containers there are")
	}
	if !ok {
		if wait := s.bad.take(from.String()); wait > 0 {
			return later(http.StatusTooManyRequests, wait, "too many requests without a right IDENTITY_HEADER")
		}
		if r.Header.Get("X-IDENTITY-HEADER") == "" {
			return refuse(http.StatusUnauthorized, "the request has no X-IDENTITY-HEADER, so the container lacks the variable IDENTITY_HEADER; print it with: aztray endpoint env")
		}
		return refuse(http.StatusUnauthorized, "no covered container has this IDENTITY_HEADER at this address; print the right one with: aztray endpoint env")
	}
	if wait := s.good.take(c.ID + c.Name); wait > 0 {
		return later(http.StatusTooManyRequests, wait, "this container asks too often").of(c)
	}
	if !served(r.URL.Query().Get("api-version")) {
		return refuse(http.StatusBadRequest, "the api-version must be "+oldest+" or a later one, which are those of Azure App Service").of(c)
	}
	return s.token(r, c).of(c)
}

// token answers a request that is in order.
func (s *Server) token(r *http.Request, c Client) answer {
	resource, refused := r.URL.Query().Get("resource"), r.URL.Query().Get("token_sha256_to_refresh")
	i := slices.IndexFunc(c.Scopes, func(scope string) bool { return auth.SameAudience(scope, resource) })
	if resource == "" || i < 0 {
		return refuse(http.StatusForbidden, "this container may not have tokens for that resource; the setting containers.scopes would allow it, or its label aztray.scopes once you have said so: aztray service status")
	}
	ctx, stop := context.WithTimeout(r.Context(), s.o.Wait)
	defer stop()
	t, err := s.o.Token(ctx, c, Question{Scope: c.Scopes[i], Refused: refused})
	if err != nil {
		return failed(err)
	}
	return give(t, resource)
}

// whose finds the container that a secret belongs to. A list that is a moment old may lack one that
// has just started, so it is asked for anew before anybody is refused.
func (s *Server) whose(ctx context.Context, secret string, from netip.Addr) (Client, bool, error) {
	if secret == "" {
		return Client{}, false, nil
	}
	s.mu.Lock()
	known, age := s.known, s.o.Now().Sub(s.knownAt)
	s.mu.Unlock()
	if age >= 0 && age < knownFor {
		if c, ok := s.match(known, secret, from); ok || !s.bad.has(from.String()) {
			return c, ok, nil
		}
	}
	ctx, stop := context.WithTimeout(ctx, listWithin)
	defer stop()
	known, err := s.o.Known(ctx)
	if err != nil {
		return Client{}, false, err
	}
	s.mu.Lock()
	s.known, s.knownAt = known, s.o.Now()
	s.mu.Unlock()
	c, ok := s.match(known, secret, from)
	return c, ok, nil
}

// match compares with every container's secret, in the same time whichever it is.
func (s *Server) match(known []Client, secret string, from netip.Addr) (found Client, ok bool) {
	for _, c := range known {
		right := hmac.Equal([]byte(secret), []byte(s.o.Key.Header(c.Name).Reveal()))
		if right && (len(c.Addresses) == 0 || slices.Contains(c.Addresses, from)) {
			found, ok = c, true
		}
	}
	return found, ok
}

// oldest is App Service's first api-version of this form. Later ones add parameters: MSAL's next, of which its
// public pull requests speak, is 2025-03-30, with xms_cc and token_sha256_to_refresh.
const oldest = "2019-08-01"

// served reports whether requests of an api-version are answered.
func served(version string) bool {
	day := strings.TrimSuffix(version, "-preview")
	_, err := time.Parse(time.DateOnly, day)
	return err == nil && day >= oldest
}

// clip keeps what a caller sends from filling the log.
func clip(s string) string { return s[:min(len(s), 200)] }
