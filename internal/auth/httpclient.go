package auth

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// HTTPClient is a client for Entra and ARM that honours what az honours: HTTPS_PROXY and NO_PROXY,
// and a certificate bundle in REQUESTS_CA_BUNDLE or SSL_CERT_FILE, which is trusted besides the
// system's. The certificates are read at the first request, for most commands make none; a bundle
// that cannot be used fails that request with a *Problem.
// https://learn.microsoft.com/cli/azure/use-azure-cli-successfully-troubleshooting#work-behind-a-proxy
func HTTPClient() *http.Client {
	return &http.Client{Transport: &skewed{next: sync.OnceValues(newTransport)}, Timeout: 30 * time.Second}
}

func newTransport() (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 2
	t.ResponseHeaderTimeout = 20 * time.Second
	file := cmp.Or(os.Getenv("REQUESTS_CA_BUNDLE"), os.Getenv("SSL_CERT_FILE"))
	if file == "" {
		return t, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pem, err := os.ReadFile(file)
	if err == nil && !pool.AppendCertsFromPEM(pem) {
		err = fmt.Errorf("%s holds no certificate", file)
	}
	if err != nil {
		return nil, &Problem{Code: "CA_BUNDLE_UNREADABLE", Kind: ConfigError, Err: err,
			Message: "The certificate bundle in REQUESTS_CA_BUNDLE or SSL_CERT_FILE cannot be used.",
			Advice:  "Set it to a readable file of PEM certificates, or unset it: " + file}
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

// skewed notes the Date header of Entra's and Resource Manager's answers: tokens are judged by their clock, not by
// ours. The clock of whatever else is asked, such as a gateway before Azure OpenAI, is nobody's measure.
type skewed struct {
	next func() (http.RoundTripper, error)
	skew atomic.Int64 // ours minus theirs
}

func (s *skewed) RoundTrip(r *http.Request) (*http.Response, error) {
	next, err := s.next()
	if err != nil {
		return nil, err
	}
	resp, err := next.RoundTrip(r)
	if err == nil && keepsTime(r.URL.Hostname()) {
		if at, perr := http.ParseTime(resp.Header.Get("Date")); perr == nil {
			s.skew.Store(int64(time.Since(at)))
		}
	}
	return resp, err
}

// keepsTime reports whether a host is Entra's or Resource Manager's.
func keepsTime(host string) bool {
	return slices.Contains(vouchedFor, host) || slices.ContainsFunc(clouds, func(c Cloud) bool {
		return c.AuthorityHost == host || strings.TrimPrefix(c.ARM, "https://") == host
	})
}

// Skew is by how much this machine's clock was ahead of Entra's at the last answer that a client from
// HTTPClient had, to a second or two; 0 before the first.
func Skew(c *http.Client) time.Duration {
	if c == nil {
		return 0
	}
	if s, ok := c.Transport.(*skewed); ok {
		return time.Duration(s.skew.Load())
	}
	return 0
}

// tolerated is the skew that Entra and the services allow (entra-docs, AADSTS700024 and 50013).
const tolerated = 5 * time.Minute

// SkewProblem says that the clock is so wrong that tokens break; nil while it is good enough.
func SkewProblem(skew time.Duration) *Problem {
	if skew.Abs() < tolerated {
		return nil
	}
	way := "ahead of"
	if skew < 0 {
		way = "behind"
	}
	return &Problem{Code: "CLOCK_SKEW", Kind: ConfigError,
		Message: fmt.Sprintf("This machine's clock is %d minutes %s Microsoft's, so tokens seem to end at the wrong time.", int(skew.Abs().Minutes()), way),
		Advice:  "Set the clock: timedatectl set-ntp true"}
}
