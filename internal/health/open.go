package health

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"slices"
	"sync"
	"time"
)

// What is asked about a container, whether it is to have the credential, must not be answered by that
// container. One in this machine's network has the page, and the page's secret, as everybody has who reaches
// loopback. So an answer needs a key that only the page has which the tray opened.

const (
	openParam  = "open"    // of the page's address: a one-time code
	keyField   = "key"     // of the form that answers
	withParam  = "answers" // of the address of the page's events: the page has the key
	codeLife   = time.Minute
	codesAlive = 4 // at once; of more the oldest is given up
)

// Open is an address that opens the page with what it takes to answer; "" while it is not served. It is for a
// browser of the person's, now, and for no log.
func (s *Server) Open() string {
	at := s.URL()
	if at == "" {
		return ""
	}
	return at + "?" + openParam + "=" + s.codes.issue(time.Now().UTC())
}

// codes are those that were given out and not yet used. A code is an argument of the browser that is started
// with it, so whoever may list this machine's processes can read it, for as long as that browser runs. That is
// why it opens one page and is gone after a minute; and why it is not the key, which is in no argument, no
// address and no log. Who reads it and is faster than the browser has the key, and the person a page without.
type codes struct {
	mu    sync.Mutex
	alive []code // the oldest first
}

type code struct {
	text string
	ends time.Time
}

// issue makes a code.
func (c *codes) issue(now time.Time) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alive = append(c.alive, code{rand.Text(), now.Add(codeLife)}) // 130 random bits
	c.alive = c.alive[max(0, len(c.alive)-codesAlive):]
	return c.alive[len(c.alive)-1].text
}

// use reports whether a code is good, which it then is no more.
func (c *codes) use(text string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alive = slices.DeleteFunc(c.alive, func(k code) bool { return !k.ends.After(now) })
	before := len(c.alive)
	c.alive = slices.DeleteFunc(c.alive, func(k code) bool { return same(k.text, text) })
	return len(c.alive) < before
}

// same compares a secret with what was sent for it, in a time that tells nothing about it.
func same(secret, sent string) bool {
	return subtle.ConstantTimeCompare([]byte(secret), []byte(sent)) == 1
}

// keyFor is the key for a page that is asked for with a good code; "" for any other.
func (s *Server) keyFor(r *http.Request) string {
	if text := r.URL.Query().Get(openParam); text != "" && s.codes.use(text, time.Now().UTC()) {
		return s.key
	}
	return ""
}
