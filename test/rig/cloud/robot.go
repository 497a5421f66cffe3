package cloud

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// RobotPolicy is what may be wrong with the proofs of [Robot].
type RobotPolicy struct {
	SecretExpired      bool // 7000222
	CertificateExpired bool // 700027
	FederationRemoved  bool // 700213
}

// FederatedIssuer is whose tokens Entra takes for [Robot]'s own, as of a build service.
const (
	FederatedIssuer  = "https://token.builds.example"
	federatedSubject = "repo:contoso/app:ref:refs/heads/main"
	federatedFor     = "api://AzureADTokenExchange"
	jwtBearer        = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// robotSignsIn is the client credentials grant: by secret, certificate or federated token.
func (c *Cloud) robotSignsIn(r *http.Request, f url.Values, where authorityPath) (ask, *entraError) {
	robot := principal{app: Robot}
	tenant := where.of(robot)
	if f.Get("client_id") != RobotID || tenant != Contoso {
		return ask{}, refuse(700016, f.Get("client_id"), tenant.Name)
	}
	a := ask{who: robot, client: RobotID, cloud: where.cloud, tenant: tenant}
	switch {
	case f.Get("client_assertion") != "":
		if e := c.asserted(f, "https://"+hostOf(r.Host)+r.URL.Path); e != nil {
			return a, e
		}
	case subtle.ConstantTimeCompare([]byte(f.Get("client_secret")), []byte(RobotSecret)) != 1:
		return a, refuse(7000215, RobotID)
	case c.policy.Robot.SecretExpired:
		return a, refuse(7000222, RobotID)
	}
	var e *entraError
	a.scopes, e = parseScopes(f.Get("scope"))
	return a, e
}

// assertion is what is read of a client assertion, a JWT.
type assertion struct {
	header struct {
		Algorithm string `json:"alg"`
		Key       string `json:"kid"`
		SHA1      string `json:"x5t"`
		SHA256    string `json:"x5t#S256"`
	}
	claims struct {
		Issuer   string  `json:"iss"`
		Subject  string  `json:"sub"`
		Audience string  `json:"aud"`
		From     float64 `json:"nbf"`
		Until    float64 `json:"exp"`
	}
	signed    []byte
	signature []byte
}

func parseAssertion(jwt string) (assertion, bool) {
	var a assertion
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return a, false
	}
	for i, v := range []any{&a.header, &a.claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(b, v) != nil {
			return a, false
		}
	}
	var err error
	a.signature, err = base64.RawURLEncoding.DecodeString(parts[2])
	a.signed = []byte(parts[0] + "." + parts[1])
	return a, err == nil
}

// by reports whether the owner of key signed it.
func (a assertion) by(key *rsa.PublicKey) bool {
	sum := sha256.Sum256(a.signed)
	switch a.header.Algorithm {
	case "RS256":
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], a.signature) == nil
	case "PS256":
		return rsa.VerifyPSS(key, crypto.SHA256, sum[:], a.signature, nil) == nil
	}
	return false
}

// asserted checks a client assertion for the token endpoint at address.
func (c *Cloud) asserted(f url.Values, address string) *entraError {
	a, ok := parseAssertion(f.Get("client_assertion"))
	if !ok || f.Get("client_assertion_type") != jwtBearer {
		return refuse(50027)
	}
	now := c.now()
	from, until := time.Unix(int64(a.claims.From), 0), time.Unix(int64(a.claims.Until), 0)
	if a.header.SHA1 == "" && a.header.SHA256 == "" {
		switch {
		case a.claims.Issuer != FederatedIssuer:
			return refuse(700211, a.claims.Issuer)
		case c.policy.Robot.FederationRemoved, a.claims.Subject != federatedSubject:
			return refuse(700213, a.claims.Subject)
		case a.claims.Audience != federatedFor:
			return refuse(700212, a.claims.Audience)
		case a.header.Key != keyID, !a.by(&c.key.PublicKey):
			return refuse(50027)
		}
	} else {
		known := false
		if c.robotCert != nil {
			bySHA1, bySHA256 := sha1.Sum(c.robotCert.Raw), sha256.Sum256(c.robotCert.Raw) // az still uses the first
			known = names(a.header.SHA1, bySHA1[:]) || names(a.header.SHA256, bySHA256[:])
		}
		switch {
		case !known:
			return refuse(700027, "The key was not found.", RobotID)
		case c.policy.Robot.CertificateExpired:
			return refuse(700027, "The key used is expired.", RobotID)
		case a.claims.Issuer != RobotID, a.claims.Subject != RobotID, !a.by(c.robotCert.PublicKey.(*rsa.PublicKey)):
			return refuse(50027)
		case a.claims.Audience != address:
			return refuse(700023)
		}
	}
	if now.Before(from.Add(-5*time.Minute)) || !now.Before(until) {
		return refuse(700024, entraTime(now), entraTime(from), entraTime(until))
	}
	return nil
}

// names reports whether a thumbprint in a JWT's header is a digest. The SDKs pad it, and spell it in
// either alphabet.
func names(thumbprint string, digest []byte) bool {
	plain := strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(thumbprint)
	return thumbprint != "" && plain == base64.RawURLEncoding.EncodeToString(digest)
}

// WriteCertificate makes a certificate for [Robot], which replaces the last one, and writes it with its
// key to a PEM file in dir, as az and the SDKs take it.
func (c *Cloud) WriteCertificate(dir string) (path string, err error) {
	template, err := certificate("robot")
	if err != nil {
		return "", err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return "", err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return "", err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	c.mu.Lock()
	c.robotCert = cert
	c.mu.Unlock()
	path = filepath.Join(dir, "robot.pem")
	return path, os.WriteFile(path, text, 0o600)
}

// FederatedToken is one of [FederatedIssuer]'s for [Robot], good for a while from now on.
func (c *Cloud) FederatedToken(lasts time.Duration) string {
	now := c.now()
	return c.sign(map[string]any{"iss": FederatedIssuer, "sub": federatedSubject, "aud": federatedFor,
		"nbf": now.Unix(), "iat": now.Unix(), "exp": now.Add(lasts).Unix(), "jti": newGUID()})
}
