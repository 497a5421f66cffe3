package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// script answers each question with the next of its lines: a status and a body, or "down"; the last
// one for ever.
type script struct {
	mu    sync.Mutex
	lines []string
	asked []time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, time.Now())
	line := s.lines[0]
	if len(s.lines) > 1 {
		s.lines = s.lines[1:]
	}
	switch line {
	case "down":
		return nil, errors.New("connection refused")
	case "silent":
		s.mu.Unlock()
		<-r.Context().Done()
		s.mu.Lock()
		return nil, r.Context().Err()
	}
	var status int
	var body string
	fmt.Sscanf(line, "%d", &status)
	_, body, _ = strings.Cut(line, " ")
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Request: r, Header: http.Header{}}, nil
}

const (
	wellBody = `200 {"status":"healthy","components":{}}`
	badBody  = `200 {"status":"degraded","components":{"openai":{"status":"degraded","details":{"error":"AADSTS70043"}}}}`
	roleBody = `200 {"status":"degraded","components":{"openai":{"status":"degraded","details":{"error":"lacks the required data action"}}}}`
)

// short is a report without what varies.
func short(r Report) string {
	switch {
	case !r.Up:
		return "down"
	case r.AuthFailing:
		return strings.TrimSpace("failing " + string(r.Detail) + " " + r.Code)
	case r.Detail != "":
		return "up, " + string(r.Detail)
	}
	return "up"
}

// TestWhatIsTold: the first answer and what changes, and one missed answer is no change.
func TestWhatIsTold(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"always well", []string{wellBody}, []string{"up"}},
		{"failing, then cured", []string{wellBody, badBody, badBody, wellBody}, []string{"up", "failing aadsts AADSTS70043", "up"}},
		{"a role is missing", []string{roleBody}, []string{"up, role-missing"}},
		{"down from the start, then up", []string{"down", "down", wellBody}, []string{"down", "up"}},
		{"one answer missed", []string{wellBody, "down", wellBody}, []string{"up"}},
		{"two answers missed", []string{wellBody, "down", "silent", wellBody}, []string{"up", "down", "up"}},
		{"a proxy answers for it", []string{wellBody, "502 bad gateway", "504 late", wellBody}, []string{"up", "down", "up"}},
		{"failing, down, failing still", []string{badBody, "down", "down", badBody}, []string{"failing aadsts AADSTS70043", "down", "failing aadsts AADSTS70043"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
				defer cancel()
				var got []string
				Watch(ctx, []string{"http://svc/health"}, Options{HTTP: &http.Client{Transport: &script{lines: c.lines}}}, func(r Report) {
					if r.URL != "http://svc/health" || r.At.Location() != time.UTC || time.Since(r.At) > time.Minute {
						t.Errorf("%+v", r)
					}
					got = append(got, short(r))
				})
				if !slices.Equal(got, c.want) {
					t.Errorf("told %q, want %q", got, c.want)
				}
			})
		})
	}
}

// TestPace: each half minute, eight times slower for a service that is down, never in step.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		name     string
		line     string
		min, max int // questions in an hour
	}{
		{"well", wellBody, 105, 135},
		{"failing", badBody, 105, 135},
		{"down", "down", 16, 24},
		{"silent", "silent", 12, 20},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			s := &script{lines: []string{c.line}}
			Watch(ctx, []string{"http://svc/health"}, Options{HTTP: &http.Client{Transport: s}}, func(Report) {})
			if n := len(s.asked); n < c.min || n > c.max {
				t.Errorf("%s: asked %d times in an hour", c.name, n)
			}
			if len(s.asked) > 3 && s.asked[2].Sub(s.asked[1]) == s.asked[3].Sub(s.asked[2]) {
				t.Errorf("%s: asked in step", c.name)
			}
		})
	}
}

// TestOverHTTP: several services at once, what is not a health URL, redirections and endless bodies.
func TestOverHTTP(t *testing.T) {
	var elsewhere sync.Once
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		elsewhere.Do(func() { t.Error("a redirection to another host was followed") })
	}))
	defer other.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/health", func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "u" || password != "hush" || r.Method != http.MethodGet {
			t.Errorf("%s as %q", r.Method, user)
		}
		io.WriteString(w, strings.TrimPrefix(badBody, "200 "))
	})
	mux.Handle("/health", http.RedirectHandler("/health/", http.StatusTemporaryRedirect))
	mux.HandleFunc("/health/", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"status":"healthy"}`) })
	mux.Handle("/away", http.RedirectHandler(other.URL+"/health", http.StatusFound))
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		for noise := bytes.Repeat([]byte("x"), 64<<10); r.Context().Err() == nil; {
			if _, err := w.Write(noise); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	srv := httptest.NewServer(mux)
	defer srv.Close()

	want := map[string]string{
		strings.Replace(srv.URL, "http://", "http://u:hush@", 1) + "/v1/health": "failing aadsts AADSTS70043",
		srv.URL + "/health": "up", srv.URL + "/away": "up", srv.URL + "/endless": "up", srv.URL + "/panic": "down",
	}
	urls := []string{"ftp://svc/health", "svc/health", "http://", "%"}
	for u := range want {
		urls = append(urls, u, u)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var log bytes.Buffer
	got := map[string]string{}
	Watch(ctx, urls, Options{Interval: time.Hour, Log: slog.New(slog.NewTextHandler(&log, nil))}, func(r Report) {
		if got[r.URL] != "" {
			t.Errorf("%s was told twice", r.URL)
		}
		if got[r.URL] = short(r); len(got) == len(want) {
			cancel()
		}
	})
	for u, w := range want {
		if got[u] != w {
			t.Errorf("%s: %q, want %q", u, got[u], w)
		}
	}
	if text := log.String(); strings.Contains(text, "hush") || strings.Count(text, "not the URL") != 4 {
		t.Errorf("the log:\n%s", text)
	}
}
