package auth

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"time"
)

// HTTPClient is a client for Entra and ARM that honours what az honours: HTTPS_PROXY and NO_PROXY,
// and a certificate bundle in REQUESTS_CA_BUNDLE or SSL_CERT_FILE, which is trusted besides the
// system's. It returns a *Problem where the bundle cannot be used.
// https://learn.microsoft.com/cli/azure/use-azure-cli-successfully-troubleshooting#work-behind-a-proxy
func HTTPClient() (*http.Client, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 2
	t.ResponseHeaderTimeout = 20 * time.Second
	if file := cmp.Or(os.Getenv("REQUESTS_CA_BUNDLE"), os.Getenv("SSL_CERT_FILE")); file != "" {
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
	}
	return &http.Client{Transport: t, Timeout: 30 * time.Second}, nil
}
