package openai

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
)

// endless is a body without an end.
type endless struct{ read int }

func (e *endless) Read(b []byte) (int, error) {
	if e.read += len(b); e.read > 1<<20 {
		return 0, io.ErrUnexpectedEOF
	}
	return copy(b, strings.Repeat("y ", len(b))), nil
}

func TestAnAnswerIsNotReadWithoutEnd(t *testing.T) {
	body := &endless{}
	c := Client{HTTP: &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
		body.read = 0
		return &http.Response{StatusCode: 500, Body: io.NopCloser(body), Request: r}, nil
	})}}
	r := c.Probe(t.Context(), settings, token())
	if r.Status != Degraded || body.read > 2*maxBody || len(r.Problem.Err.Error()) > maxBody {
		t.Errorf("%s, %d bytes read, a cause of %d bytes", r.Status, body.read, len(r.Problem.Err.Error()))
	}
}

// trip is a network that fails.
type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestNoAnswer(t *testing.T) {
	gone := &net.DNSError{Err: "no such host", Name: "example.openai.azure.com", IsNotFound: true}
	for _, tc := range []struct {
		name     string
		err      error
		resolves bool // the sign-in's own name
		code     code
		kind     auth.Kind
		status   Status
	}{
		{"no such name, and others are found", gone, true, noSuchName, auth.ConfigError, Unhealthy},
		{"no such name, nor any other", gone, false, noNetwork, auth.Offline, Unknown},
		{"the resolver does not answer", &net.DNSError{Err: "server misbehaving", IsTemporary: true}, true, noNetwork, auth.Offline, Unknown},
		{"refused", &net.OpError{Op: "dial", Err: errors.New("connection refused")}, true, unreachable, auth.Offline, Unknown},
		{"the proxy refuses", &net.OpError{Op: "proxyconnect", Err: errors.New("connection refused")}, true, proxy, auth.Offline, Unknown},
		{"the proxy does not find it", errors.New("Bad Gateway"), true, unreachable, auth.Offline, Unknown},
		{"a certificate of nobody's", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, true, certificate, auth.Offline, Unknown},
		{"too slow", context.DeadlineExceeded, true, timedOut, auth.Offline, Unknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			asked := 0
			c := Client{
				HTTP: &http.Client{Transport: trip(func(*http.Request) (*http.Response, error) { asked++; return nil, tc.err })},
				Resolve: func(_ context.Context, host string) error {
					if host != signInHost || !tc.resolves {
						return errors.New("not found")
					}
					return nil
				},
			}
			r := c.Probe(t.Context(), settings, token())
			if r.Problem == nil || r.Problem.Code != string(tc.code) || r.Problem.Kind != tc.kind || r.Status != tc.status || r.Problem.SignInCures() {
				t.Errorf("%s %+v, want %s %s %s", r.Status, r.Problem, tc.status, tc.code, tc.kind)
			}
			if asked != 1 || r.Deployments[0].Status != tc.status {
				t.Errorf("%d requests, the deployment is %s", asked, r.Deployments[0].Status)
			}
		})
	}
}

func TestAProbeThatIsEndedLearnsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := Client{HTTP: &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
		cancel()
		return nil, r.Context().Err()
	})}}
	if r := c.Probe(ctx, settings, token()); r.Status != Unknown || r.Problem != nil || len(r.Deployments) != 2 {
		t.Errorf("%+v", r)
	}
}

func TestASilentEndpointIsLeftInTime(t *testing.T) {
	c := Client{Timeout: 10 * time.Millisecond, HTTP: &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: r.Context().Err()}
	})}}
	if r := c.Probe(t.Context(), settings, token()); r.Problem == nil || r.Problem.Code != string(timedOut) {
		t.Errorf("%+v", r)
	}
}
