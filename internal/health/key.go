package health

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// Loopback is shared by all who are signed in to this machine and by containers in its network. They may look at the
// page, and what it does needs a key that they can't have. The key is in the fragment of the address that "Show
// details" and "aztray page" open, which no browser sends; the page's script signs with it what it asks for. So the
// key crosses no network, not even loopback, where a container that may open raw sockets listens. It is new at each
// start, stands in no page, header or log, and an overheard signature is good for nothing: it holds for one request,
// byte for byte, once.

const (
	keyField        = "key"                // of the fragment
	signatureHeader = "X-Aztray-Signature" // "time nonce mac": milliseconds since 1970, 32 hex digits, 64 hex digits
	signatureLife   = 5 * time.Minute      // how far the time may be from ours; a nonce is kept for twice as long
	noncesKept      = 4096                 // of who has the key; more at once are refused
)

// Open is the page's address with the key; "" while it is not served. It is for a browser of the person's own, for
// no log and no argument of a program.
func (s *Server) Open() string {
	at := s.URL()
	if at == "" {
		return ""
	}
	return at + "#" + keyField + "=" + s.signed.key
}

// signed checks signatures.
type signed struct {
	key  string
	mu   sync.Mutex
	used map[string]time.Time // by nonce: when it is too old to come again
}

var signatureForm = regexp.MustCompile(`^([0-9]{1,15}) ([0-9a-f]{32}) ([0-9a-f]{64})$`)

// by reports whether a request, whose body is given, was signed with the key, just now and for the first time.
func (s *signed) by(r *http.Request, body []byte, now time.Time) bool {
	m := signatureForm.FindStringSubmatch(r.Header.Get(signatureHeader))
	if m == nil || len(r.Header.Values(signatureHeader)) != 1 {
		return false
	}
	want := s.signature(r.Method, r.URL.RequestURI(), m[1], m[2], body)
	if subtle.ConstantTimeCompare([]byte(want), []byte(m[3])) != 1 {
		return false
	}
	ms, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil || now.Sub(time.UnixMilli(ms)).Abs() > signatureLife {
		return false
	}
	return s.first(m[2], now)
}

// signature is over everything that a request means; of the parts before the body none has a line break in it.
func (s *signed) signature(method, uri, at, nonce string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(s.key))
	for _, part := range []string{method, uri, at, nonce} {
		mac.Write([]byte(part + "\n"))
	}
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// first notes a nonce and reports whether it is new.
func (s *signed) first(nonce string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.used, func(_ string, until time.Time) bool { return until.Before(now) })
	if _, had := s.used[nonce]; had || len(s.used) >= noncesKept {
		return false
	}
	if s.used == nil {
		s.used = map[string]time.Time{}
	}
	s.used[nonce] = now.Add(2 * signatureLife)
	return true
}
