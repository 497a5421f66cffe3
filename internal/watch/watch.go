// Package watch asks other services for their health, at the URLs that the settings name, and tells
// whether they say that their Azure credential fails. It knows how such answers look, Code Story's
// first, not which container gives them nor what to do about it.
package watch

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"aztray/internal/watch/symptom"
)

// Report is how one service stands.
type Report struct {
	URL         string // as it was given
	Up          bool   // it answered, whatever it said
	AuthFailing bool   // it says that it fails for want of a credential; false where it is not up
	Code        string // such as AADSTS70043, for auth.ClassifyEntra; "" unless Detail is symptom.Entra
	// Detail is what it complains of, "" for nothing that concerns us. With AuthFailing false it
	// can be symptom.RoleMissing, which no credential cures.
	Detail symptom.Cause
	At     time.Time // of the answer, UTC
}

// Options are what Watch can do without.
type Options struct {
	Interval time.Duration // from an answer to the next question; 0 means 30 s
	HTTP     *http.Client  // nil means one that uses the environment's proxy
	Log      *slog.Logger  // nil means slog.Default()
}

const (
	interval = 30 * time.Second
	// patience is longer than Code Story takes at most: it allows its checks 30 s.
	patience = 40 * time.Second
	maxBody  = 256 << 10
	// maxBackOff is how many intervals pass at most between two questions to a service that is down.
	maxBackOff = 8
)

// Watch asks each of urls until ctx ends, and tells of a service's first answer and then of what has
// changed since. A single question without an answer is not a change. Only http and https URLs are
// asked, as they stand, by GET; a redirection to another host is not followed. tell is called once
// at a time and must return at once.
//
// Asking has its price: Code Story makes a small chat call at each, and hands out the errors it
// gathered only once.
func Watch(ctx context.Context, urls []string, o Options, tell func(Report)) {
	var telling sync.Mutex
	var work sync.WaitGroup
	defer work.Wait()
	urls = slices.Compact(slices.Sorted(slices.Values(urls)))
	for _, u := range urls {
		s := service{url: u, every: cmp.Or(o.Interval, interval), log: cmp.Or(o.Log, slog.Default()), http: client(o.HTTP),
			tell: func(r Report) {
				telling.Lock()
				defer telling.Unlock()
				tell(r)
			}}
		work.Go(func() { s.follow(ctx) })
	}
}

// client is a copy of c with the limits that hold here.
func client(c *http.Client) *http.Client {
	own := http.Client{}
	if c != nil {
		own = *c
	}
	own.Timeout, own.Jar = patience, nil
	own.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if r.URL.Host != via[0].URL.Host || len(via) > 3 {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &own
}

// service is one URL.
type service struct {
	url   string
	every time.Duration
	http  *http.Client
	log   *slog.Logger
	tell  func(Report)

	told  Report
	known bool
	fails int // questions in a row without an answer
}

func (s *service) follow(ctx context.Context) {
	u, err := url.Parse(s.url)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		s.log.Warn("not the URL of a health check", "url", redacted(u))
		return
	}
	log := s.log.With("url", redacted(u))
	for {
		r, status, err := s.ask(ctx)
		if ctx.Err() != nil {
			return
		}
		if s.changed(&r) {
			log.Info("another service's health", "up", r.Up, "auth_failing", r.AuthFailing, "detail", r.Detail, "code", r.Code,
				"status", status, "error", err)
			s.tell(r)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.pause()):
		}
	}
}

// changed reports whether r is news. Of two questions without an answer the second is.
func (s *service) changed(r *Report) bool {
	s.fails++
	if r.Up {
		s.fails = 0
	}
	was, is := s.told, *r
	was.At, is.At = time.Time{}, time.Time{}
	if s.known && (was == is || s.fails == 1) {
		return false
	}
	s.told, s.known = *r, true
	return true
}

// pause is the time to the next question: longer for a service that is down, and never in step
// with others.
func (s *service) pause() time.Duration {
	p := s.every
	for range s.fails - 1 {
		p = min(2*p, maxBackOff*s.every)
	}
	return p - p/10 + rand.N(p/5+1)
}

// ask asks once. The error says why the service is not up.
func (s *service) ask(ctx context.Context) (r Report, status int, err error) {
	r = Report{URL: s.url, At: time.Now().UTC()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return r, 0, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "aztray")
	resp, err := s.http.Do(req)
	if err != nil {
		return r, 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return r, resp.StatusCode, err
	}
	r.At = time.Now().UTC()
	if resp.StatusCode == http.StatusBadGateway || resp.StatusCode == http.StatusGatewayTimeout {
		return r, resp.StatusCode, nil // a proxy's word, not the service's
	}
	r.Up = true
	hit := judge(resp.StatusCode, body)
	r.Detail, r.Code, r.AuthFailing = hit.Cause, hit.Code, hit.Cause.Credential()
	return r, resp.StatusCode, nil
}

// redacted is u without its password.
func redacted(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.Redacted()
}
