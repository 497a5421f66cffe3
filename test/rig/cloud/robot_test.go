package cloud_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"aztray/test/rig/cloud"
)

// What a service principal proves itself with, as the SDK sends it (a certificate by PS256).
func TestRobotsProofs(t *testing.T) {
	secret := func(t *testing.T, o azcore.ClientOptions, _ *cloud.Cloud) (azcore.TokenCredential, error) {
		return azidentity.NewClientSecretCredential(cloud.Contoso.ID, cloud.RobotID, cloud.RobotSecret, &azidentity.ClientSecretCredentialOptions{ClientOptions: o})
	}
	certificate := func(t *testing.T, o azcore.ClientOptions, c *cloud.Cloud) (azcore.TokenCredential, error) {
		certs, key := robotsCertificate(t, c)
		return azidentity.NewClientCertificateCredential(cloud.Contoso.ID, cloud.RobotID, certs, key, &azidentity.ClientCertificateCredentialOptions{ClientOptions: o})
	}
	replaced := func(t *testing.T, o azcore.ClientOptions, c *cloud.Cloud) (azcore.TokenCredential, error) {
		cred, err := certificate(t, o, c)
		robotsCertificate(t, c)
		return cred, err
	}
	federated := func(lasts time.Duration) func(*testing.T, azcore.ClientOptions, *cloud.Cloud) (azcore.TokenCredential, error) {
		return func(t *testing.T, o azcore.ClientOptions, c *cloud.Cloud) (azcore.TokenCredential, error) {
			token := func(context.Context) (string, error) { return c.FederatedToken(lasts), nil }
			return azidentity.NewClientAssertionCredential(cloud.Contoso.ID, cloud.RobotID, token, &azidentity.ClientAssertionCredentialOptions{ClientOptions: o})
		}
	}
	torn := func(t *testing.T, o azcore.ClientOptions, c *cloud.Cloud) (azcore.TokenCredential, error) {
		token := func(context.Context) (string, error) {
			good := c.FederatedToken(time.Hour)
			return good[:len(good)-8] + "AAAAAAAA", nil
		}
		return azidentity.NewClientAssertionCredential(cloud.Contoso.ID, cloud.RobotID, token, &azidentity.ClientAssertionCredentialOptions{ClientOptions: o})
	}
	for _, tt := range []struct {
		name   string
		makes  func(*testing.T, azcore.ClientOptions, *cloud.Cloud) (azcore.TokenCredential, error)
		policy func(*cloud.RobotPolicy)
		want   string // "" where a token is given
	}{
		{"a secret", secret, nil, ""},
		{"a secret that has expired", secret, func(p *cloud.RobotPolicy) { p.SecretExpired = true }, "AADSTS7000222: The provided client secret keys for app"},
		{"a certificate", certificate, nil, ""},
		{"a certificate that has expired", certificate, func(p *cloud.RobotPolicy) { p.CertificateExpired = true }, "AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key used is expired."},
		{"a certificate that was replaced", replaced, nil, "Reason - The key was not found."},
		{"a federated token", federated(time.Hour), nil, ""},
		{"a federated token that has expired", federated(-time.Second), nil, "AADSTS700024: Client assertion is not within its valid time range."},
		{"a federated token that somebody changed", torn, nil, "AADSTS50027"},
		{"a federated token, no longer trusted", federated(time.Hour), func(p *cloud.RobotPolicy) { p.FederationRemoved = true }, "AADSTS700213: No matching federated identity record"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, cloud.Options{})
			if tt.policy != nil {
				c.SetPolicy(func(p *cloud.Policy) { tt.policy(&p.Robot) })
			}
			cred, err := tt.makes(t, azcore.ClientOptions{Transport: c.HTTPClient(), Retry: policy.RetryOptions{MaxRetries: -1}}, c)
			if err != nil {
				t.Fatal(err)
			}
			got, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{cloud.ScopeCognitive}})
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want == "" && claims(t, got.Token)["appid"] != cloud.RobotID:
				t.Error("the token is of another application")
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want one that says %q", err, tt.want)
			}
		})
	}
}

func robotsCertificate(t *testing.T, c *cloud.Cloud) ([]*x509.Certificate, crypto.PrivateKey) {
	t.Helper()
	path, err := c.WriteCertificate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	certs, key, err := azidentity.ParseCertificates(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return certs, key
}

// The managed identity endpoint, as the SDKs ask App Service's and az 2.45 asks that of MSI_ENDPOINT.
func TestTheMachinesIdentity(t *testing.T) {
	c := start(t, cloud.Options{})
	env := map[string]string{}
	for _, pair := range c.IdentityEnv() {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	for _, tt := range []struct {
		name, method, header, value string
		none                        bool
		want                        int
	}{
		{"App Service's", http.MethodGet, "X-IDENTITY-HEADER", env["IDENTITY_HEADER"], false, 200},
		{"with another's header", http.MethodGet, "X-IDENTITY-HEADER", "guess", false, 401},
		{"the one of MSI_ENDPOINT", http.MethodPost, "Metadata", "true", false, 200},
		{"by a web page", http.MethodPost, "", "", false, 401},
		{"of a machine without one", http.MethodPost, "Metadata", "true", true, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c.SetPolicy(func(p *cloud.Policy) { p.NoIdentity = tt.none })
			form := url.Values{"resource": {"https://cognitiveservices.azure.com"}, "api-version": {"2019-08-01"}}
			address, body := env["IDENTITY_ENDPOINT"]+"?"+form.Encode(), io.Reader(nil)
			if tt.method == http.MethodPost {
				address, body = env["MSI_ENDPOINT"], strings.NewReader(form.Encode())
			}
			req, err := http.NewRequestWithContext(t.Context(), tt.method, address, body)
			if err != nil {
				t.Fatal(err)
			}
			if tt.method == http.MethodPost {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			if tt.header != "" {
				req.Header.Set(tt.header, tt.value)
			}
			resp, err := c.HTTPClient().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != tt.want {
				t.Errorf("%s, want %d", resp.Status, tt.want)
			}
		})
	}
}
