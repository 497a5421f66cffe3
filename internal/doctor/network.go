package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"aztray/internal/auth"
	"aztray/internal/shell"
)

func networkChecks(f *facts) []check {
	return []check{
		{groupNetwork, "net.proxy", func(ctx context.Context) ([]Line, []check) {
			p, ok := f.proxy.get(ctx)
			if !ok {
				return nil, nil
			}
			return judgeProxy(p), nil
		}},
		{groupNetwork, "net.ca", func(context.Context) ([]Line, []check) { return judgeCA(lookAtCA(os.Getenv)), nil }},
		{groupNetwork, "net.entra", func(ctx context.Context) ([]Line, []check) {
			p, _ := f.proxy.get(ctx)
			e, ok := f.entra.get(ctx)
			if !ok {
				return nil, nil
			}
			return append(judgeEntra(e, p), judgeClock(e)...), nil
		}},
	}
}

// signInHost is asked whether anything of Microsoft's can be reached.
const signInHost = "login.microsoftonline.com"

// proxyFacts are what the environment says of a proxy for Entra, and whether it is there.
type proxyFacts struct {
	Upper, Lower string   // HTTPS_PROXY and https_proxy, which programs take in different order
	Bad          bool     // it is no address
	URL          *url.URL // that Go's programs go by; nil for none
	Err          error    // of connecting to it
}

func lookAtProxy(ctx context.Context, env func(string) string) proxyFacts {
	f := proxyFacts{Upper: env("HTTPS_PROXY"), Lower: env("https_proxy")}
	ask, err := http.NewRequest(http.MethodGet, "https://"+signInHost, nil)
	if err == nil {
		f.URL, err = http.ProxyFromEnvironment(ask)
	}
	if err != nil || f.URL != nil && f.URL.Hostname() == "" {
		f.Bad, f.URL = true, nil
	}
	if f.URL == nil {
		return f
	}
	port := map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[f.URL.Scheme]
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(f.URL.Hostname(), cmp.Or(f.URL.Port(), port, "80")))
	if f.Err = err; err == nil {
		conn.Close()
	}
	return f
}

func judgeProxy(f proxyFacts) []Line {
	const check, title = "net.proxy", "proxy"
	wrong := func(v Verdict, code, message, advice string) []Line {
		return in(groupNetwork, "", bad(check, title, v, code, message, advice))
	}
	switch {
	case f.Bad:
		return wrong(Wrong, "NET_PROXY_ADDRESS", "HTTPS_PROXY is not the address of a proxy.",
			"Write it as http://host:port, or do without: "+shell.Unset(shell.Proxy...))
	case f.URL == nil:
		return in(groupNetwork, "", notApplicable(check, title, "None is set, or NO_PROXY passes it over."))
	case f.Err != nil:
		return wrong(Wrong, "NET_PROXY", fmt.Sprintf("The proxy of HTTPS_PROXY, %s, cannot be reached: %s.", f.URL.Host, reason(f.Err)),
			"Switch the VPN on, or set HTTPS_PROXY right; where this network needs none: "+shell.Unset(shell.Proxy...))
	case f.Upper != "" && f.Lower != "" && f.Upper != f.Lower:
		return wrong(Warning, "NET_PROXY_TWO", "HTTPS_PROXY and https_proxy differ: aztray goes by the first, az by the second.",
			"Set both alike: export https_proxy=\"$HTTPS_PROXY\"")
	}
	return in(groupNetwork, "", good(check, title, f.URL.Host+" takes connections"))
}

// reason is a failed connection in a few words.
func reason(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return "there is no such name here"
	case errors.Is(err, context.DeadlineExceeded) || os.IsTimeout(err):
		return "it does not answer"
	}
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return err.Error()
}

// caFacts is a file of certificates that the environment names.
type caFacts struct {
	Variable, File string
	Err            error
	Certificates   int
}

// caVariables name certificates, in the order in which az's library goes by them; SSL_CERT_FILE is Go's.
var caVariables = []string{"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}

func lookAtCA(env func(string) string) []caFacts {
	var all []caFacts
	for _, name := range caVariables {
		file := env(name)
		if file == "" {
			continue
		}
		f := caFacts{Variable: name, File: file}
		text, err := os.ReadFile(file)
		f.Err = err
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			if _, err := x509.ParseCertificate(block.Bytes); err == nil {
				f.Certificates++
			}
		}
		all = append(all, f)
	}
	return all
}

func judgeCA(all []caFacts) []Line {
	const check, title = "net.ca", "certificates"
	var lines []Line
	said := ""
	for _, f := range all {
		again := fmt.Sprintf("Set %s to a PEM file of certificates, or do without: %s", f.Variable, shell.Unset(f.Variable))
		switch {
		case errors.Is(f.Err, os.ErrNotExist):
			lines = append(lines, bad(check, title, Wrong, "CA_BUNDLE_MISSING", fmt.Sprintf("%s names %s, which is not there.", f.Variable, f.File), again))
		case f.Err != nil:
			lines = append(lines, bad(check, title, Wrong, "CA_BUNDLE_UNREADABLE", fmt.Sprintf("%s names %s, which cannot be read.", f.Variable, f.File), again))
		case f.Certificates == 0:
			lines = append(lines, bad(check, title, Wrong, "CA_BUNDLE_EMPTY", fmt.Sprintf("%s names %s, which holds no certificate.", f.Variable, f.File), again))
		case said == "":
			said = fmt.Sprintf("%s adds %s", f.Variable, count(f.Certificates, "certificate"))
		}
	}
	if len(lines) == 0 && said != "" {
		lines = []Line{good(check, title, said)}
	}
	if len(lines) == 0 {
		lines = []Line{good(check, title, "The system's own")}
	}
	return in(groupNetwork, "", lines...)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// entraFacts are what came of asking Entra for its public description.
type entraFacts struct {
	Host    string
	Problem *auth.Problem // nil where it answered
	Issuer  string        // of the certificate that was presented and is not trusted
	Skew    time.Duration // our clock minus Entra's
}

// reachEntra asks for what anybody may know. Any answer will do.
func reachEntra(ctx context.Context, client auth.Client) entraFacts {
	f := entraFacts{Host: signInHost}
	if files, err := client.Dir.Read(ctx); err == nil {
		f.Host = cmp.Or(files.Cloud.AuthorityHost, f.Host)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+f.Host+"/organizations/v2.0/.well-known/openid-configuration", nil)
	if err != nil {
		f.Problem = auth.Classify(err.Error(), err)
		return f
	}
	resp, err := client.Silent.HTTP.Do(req)
	if err != nil {
		f.Problem, f.Issuer = auth.Classify(err.Error(), err), issuer(err)
		return f
	}
	resp.Body.Close()
	f.Skew = auth.Skew(client.Silent.HTTP)
	return f
}

// issuer says who vouches for a certificate that was refused: with a network that looks into what it
// carries, that is the network.
func issuer(err error) string {
	refused, ok := errors.AsType[*tls.CertificateVerificationError](err)
	if !ok || len(refused.UnverifiedCertificates) == 0 {
		return ""
	}
	last := refused.UnverifiedCertificates[len(refused.UnverifiedCertificates)-1]
	if len(last.Issuer.Organization) > 0 {
		return cmp.Or(last.Issuer.CommonName, last.Issuer.Organization[0])
	}
	return last.Issuer.CommonName
}

func judgeEntra(f entraFacts, proxy proxyFacts) []Line {
	const check, title = "net.entra", "Microsoft Entra"
	p := f.Problem
	switch {
	case p == nil:
		return in(groupNetwork, "", good(check, title, f.Host+" answers"))
	case p.Kind == auth.ConfigError:
		return in(groupNetwork, "", notApplicable(check, title, "It cannot be asked before the certificates are right."))
	case proxy.Bad || proxy.Err != nil:
		return in(groupNetwork, "", notApplicable(check, title, "It is asked through the proxy, which is not there."))
	case f.Issuer != "":
		return in(groupNetwork, "", bad(check, title, Wrong, p.Code,
			fmt.Sprintf("A proxy looks into the connection: the certificate for %s comes from %q, which this machine does not trust.", f.Host, f.Issuer),
			"Ask who runs the network for that CA's certificate as a PEM file, then: "+shell.Set("REQUESTS_CA_BUNDLE", "/path/to/ca.pem")))
	case p.Code == "NET_DNS":
		return in(groupNetwork, "", bad(check, title, Wrong, p.Code, "The name "+f.Host+" cannot be looked up.", "Check the network and the VPN."))
	}
	return in(groupNetwork, "", bad(check, title, Wrong, p.Code, p.Message, p.Advice))
}

// drift is how far a clock may be off before that is worth a word; tokens break at five minutes.
const drift = time.Minute

func judgeClock(f entraFacts) []Line {
	const check, title = "net.clock", "clock"
	switch p := auth.SkewProblem(f.Skew); {
	case f.Problem != nil:
		return in(groupNetwork, "", notApplicable(check, title, "It is compared with Microsoft's, which did not answer."))
	case p != nil:
		return in(groupNetwork, "", problem(check, title, Wrong, p))
	case f.Skew.Abs() >= drift:
		return in(groupNetwork, "", bad(check, title, Warning, "CLOCK_DRIFTS",
			fmt.Sprintf("This machine's clock is off by %v; at five minutes tokens break.", f.Skew.Abs().Round(time.Second)), "Set the clock: timedatectl set-ntp true"))
	}
	return in(groupNetwork, "", good(check, title, "It agrees with Microsoft's"))
}
