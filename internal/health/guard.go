package health

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

const (
	maxBody     = 4 << 10
	maxHeader   = 16 << 10
	maxRequests = 32 // answered at once, without the pages that are being kept up to date
	maxLive     = 16 // pages kept up to date
	maxConns    = 128
	writeWithin = 10 * time.Second
	serverName  = "aztray" // by which Taken knows ours
)

// guarded lets through what comes from this machine's own programs and from our own page. Each test
// stands for an attack that loopback alone does not stop.
func (s *Server) guarded(next http.Handler) http.Handler {
	turns, live := make(chan struct{}, maxRequests), make(chan struct{}, maxLive)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", serverName)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		if why := refused(r); why != "" {
			refuse(w, http.StatusForbidden, why)
			return
		}
		turn := turns
		if r.URL.Path == eventsPath {
			turn = live
		}
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		default:
			w.Header().Set("Retry-After", "5")
			refuse(w, http.StatusServiceUnavailable, "Too many requests are being answered; ask again in a moment.")
			return
		}
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeWithin))
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// refused says why a request is not answered; "" where it is.
func refused(r *http.Request) string {
	own, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ourName(r.Host, own) {
		// A page of any site whose name leads to 127.0.0.1 is of the same origin to the browser.
		return "Only requests to 127.0.0.1, [::1] or localhost by that very name are answered."
	}
	switch r.Header.Get("Sec-Fetch-Site") { // absent: no browser, or an old one
	case "", "none", "same-origin":
	default:
		// A picture, a form or a script of another site: ?auto_fix=true is a GET, which needs no leave.
		if !landing(r) {
			return "Requests from other web sites are not answered."
		}
	}
	for _, from := range []string{r.Header.Get("Origin"), r.Referer()} { // what older browsers send
		if from != "" && !ourPage(from, r.Host) {
			return "Requests from other web sites are not answered."
		}
	}
	return ""
}

// landing reports whether a browser goes to the page itself, by a link: so it comes from the file that holds the
// address with the key, which is of no site (internal/browser). From another site that gives nothing away: the page
// is not framed, its opener is cut off (Cross-Origin-Opener-Policy), nothing is done by it, and there is no key in it.
func landing(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Path == "/" && r.URL.RawQuery == "" &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// ourName reports whether a request's Host is loopback itself, and not a name that only leads there, at
// the port on which it came in.
func ourName(host string, own net.Addr) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), "80"
	}
	at, ok := own.(*net.TCPAddr)
	if !ok || port != strconv.Itoa(at.Port) {
		return false
	}
	ip, _ := netip.ParseAddr(name) // the zero Addr is not loopback
	return name == "localhost" || ip.IsLoopback()
}

// ourPage reports whether an address, or an origin, is one of a page that was had by the same name.
func ourPage(address, host string) bool {
	rest, ok := strings.CutPrefix(address, "http://")
	name, _, _ := strings.Cut(rest, "/")
	return ok && name == host
}

// refusal is the body of what was not done.
type refusal struct {
	Error string `json:"error"` // one sentence
}

func refuse(w http.ResponseWriter, code int, why string) { answer(w, code, refusal{why}) }

// answer writes v as JSON. There is nothing to be done about a reader who has gone.
func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.Encode(v)
}
