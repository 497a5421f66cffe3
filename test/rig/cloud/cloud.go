package cloud

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options say where and when a Cloud runs.
type Options struct {
	Dir    string           // where its CA file goes; "" means a temporary directory, removed by Close
	Listen string           // "" means 127.0.0.1:0
	Now    func() time.Time // the clock that tokens live by; nil means time.Now
}

// Cloud is the running stand-in. Its methods may be called from any goroutine.
type Cloud struct {
	dir       string
	removeDir bool
	now       func() time.Time
	ca        *authority
	key       *rsa.PrivateKey // signs tokens
	visitPath string          // where the browser script reports; random, so that no web page guesses it
	client    *http.Client
	proxyURL  string

	ctx    context.Context // ends at Close
	cancel context.CancelFunc
	work   sync.WaitGroup // servers, tunnels, visits
	front  *http.Server   // the proxy
	back   *http.Server   // what is behind it
	inner  *tunnelListener

	mu        sync.Mutex        // guards all below
	robotCert *x509.Certificate // nil while Robot has none
	policy    Policy
	log       []Request
	logged    chan struct{} // closed and replaced when log grows
	issued    []IssuedToken
	flows     map[string]*signIn       // sign-in pages that wait for a click, by id
	codes     map[string]*signIn       // authorization codes
	devices   map[string]*deviceSignIn // by device code
	refresh   map[string]*refreshToken
	access    map[string]*accessToken
	tunnels   map[net.Conn]struct{}
	visits    []string
}

// signingKey is shared by every Cloud of a process, for it takes a while to make.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// Start makes a Cloud and listens.
func Start(o Options) (*Cloud, error) {
	ca, err := newAuthority()
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	key, err := signingKey()
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	c := &Cloud{
		dir: o.Dir, now: o.Now, ca: ca, key: key, visitPath: "/visit/" + rand.Text(),
		policy: defaultPolicy(), logged: make(chan struct{}),
		flows: map[string]*signIn{}, codes: map[string]*signIn{}, devices: map[string]*deviceSignIn{},
		refresh: map[string]*refreshToken{}, access: map[string]*accessToken{},
		tunnels: map[net.Conn]struct{}{},
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.dir == "" {
		if c.dir, err = os.MkdirTemp("", "aztray-rig-cloud-"); err != nil {
			return nil, err
		}
		c.removeDir = true
	}
	if err := os.WriteFile(c.CAFile(), ca.pem, 0o644); err != nil {
		return nil, errors.Join(err, c.removeOwnDir())
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.inner = newTunnelListener()
	quiet := log.New(io.Discard, "", 0) // a client that hangs up is no news
	c.front = &http.Server{Handler: http.HandlerFunc(c.serveProxy), ErrorLog: quiet, ReadHeaderTimeout: time.Minute}
	c.back = &http.Server{Handler: http.HandlerFunc(c.serve), ErrorLog: quiet, ReadHeaderTimeout: time.Minute}
	c.work.Go(func() { c.back.Serve(c.inner) })
	if c.proxyURL, err = c.AlsoListen(cmp.Or(o.Listen, "127.0.0.1:0")); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.client = newClient(c.proxyURL, ca.cert)
	return c, nil
}

// AlsoListen opens the proxy at a further address, such as the Docker bridge's, and gives its URL.
func (c *Cloud) AlsoListen(addr string) (proxyURL string, err error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", err
	}
	c.work.Go(func() { c.front.Serve(l) })
	return "http://" + l.Addr().String(), nil
}

// Close ends every connection and removes the temporary directory. It returns when nothing runs.
func (c *Cloud) Close() error {
	c.mu.Lock() // no visit begins once the context has ended
	c.cancel()
	c.mu.Unlock()
	c.inner.Close()
	err := errors.Join(c.front.Close(), c.back.Close())
	c.dropTunnels()
	if c.client != nil {
		c.client.CloseIdleConnections()
	}
	c.work.Wait()
	return errors.Join(err, c.removeOwnDir())
}

func (c *Cloud) removeOwnDir() error {
	if !c.removeDir {
		return nil
	}
	return os.RemoveAll(c.dir)
}

// ProxyURL is the proxy's, as http://127.0.0.1:40000.
func (c *Cloud) ProxyURL() string { return c.proxyURL }

// CAFile is the path of the certificate authority's certificate, in PEM.
func (c *Cloud) CAFile() string { return filepath.Join(c.dir, "ca.pem") }

// HTTPClient gives a client that trusts the CA and goes through the proxy, except to this machine.
func (c *Cloud) HTTPClient() *http.Client { return c.client }

// SetPolicy changes the policy under the lock. Cutting the network drops open connections too.
func (c *Cloud) SetPolicy(change func(*Policy)) {
	c.mu.Lock()
	change(&c.policy)
	cut := c.policy.NetworkCut
	c.mu.Unlock()
	if cut {
		c.dropTunnels()
	}
}

// Env is what a program needs in its environment, beyond the test's own, to meet this cloud and no
// other, with its az directory at azureConfigDir. az's telemetry stays on, as people have it: what it would send goes
// to the proxy, which knows no such host.
func (c *Cloud) Env(azureConfigDir string) []string {
	return EnvVia(c.proxyURL, c.CAFile(), azureConfigDir)
}

// EnvVia is Env where proxy and CA file are known by other names, as in a container.
func EnvVia(proxyURL, caFile, azureConfigDir string) []string {
	const direct = "localhost,127.0.0.1,::1"
	return []string{
		// HTTP_PROXY too, so that nothing that speaks plain HTTP gets out; the lower case wins in Python.
		"HTTPS_PROXY=" + proxyURL, "https_proxy=" + proxyURL,
		"HTTP_PROXY=" + proxyURL, "http_proxy=" + proxyURL,
		"NO_PROXY=" + direct, "no_proxy=" + direct,
		"REQUESTS_CA_BUNDLE=" + caFile, "SSL_CERT_FILE=" + caFile, "NODE_EXTRA_CA_CERTS=" + caFile,
		"AZURE_CONFIG_DIR=" + azureConfigDir,
		"AZURE_CORE_NO_COLOR=true", "AZURE_CORE_SURVEY_MESSAGE=0",
		"AZURE_TOKEN_CREDENTIALS=AzureCLICredential", // so that no SDK looks for a metadata service
	}
}

func newClient(proxyURL string, ca *x509.Certificate) *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	return &http.Client{Transport: &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			if host := r.URL.Hostname(); host == "localhost" || net.ParseIP(host).IsLoopback() {
				return nil, nil
			}
			return url.Parse(proxyURL)
		},
		TLSClientConfig: &tls.Config{RootCAs: roots},
		IdleConnTimeout: time.Minute,
	}}
}
