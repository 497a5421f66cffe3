package identity

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/managedidentity"
)

// serve runs a rig's server on a port of loopback that is free, and gives its URL.
func (r *rig) serve(t *testing.T, loopback string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	addrs, done := make(chan []netip.AddrPort), make(chan error, 1)
	go func() { done <- r.Run(ctx, addrs) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	at := netip.AddrPortFrom(netip.MustParseAddr(loopback), freePort(t))
	addrs <- []netip.AddrPort{at, netip.MustParseAddrPort("0.0.0.0:1"), netip.MustParseAddrPort("[::]:1")}
	for end := time.Now().Add(10 * time.Second); !strings.Contains(r.logged(), "the identity endpoint listens"); {
		if time.Now().After(end) {
			t.Fatalf("it does not listen: %s", r.logged())
		}
		time.Sleep(time.Millisecond)
	}
	r.again = func() { addrs <- nil; addrs <- nil }
	return "http://" + at.String() + Path
}

func (r *rig) logged() string {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	return r.log.String()
}

// freePort is one that nobody has at the moment.
func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := listen(t.Context(), netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String()).Port()
}

func TestItNeverListensOnAllAddresses(t *testing.T) {
	r := newRig(t, Options{})
	url := r.serve(t, "127.0.0.1")
	if _, err := http.Get(url); err != nil {
		t.Error(err)
	}
	for _, all := range []string{"0.0.0.0:1", "[::]:1"} {
		if !strings.Contains(r.logged(), `address=`+all) {
			t.Errorf("nothing is said of %s: %s", all, r.logged())
		}
	}
	if n := strings.Count(r.logged(), "endpoint listens"); n != 1 {
		t.Errorf("it listens on %d addresses: %s", n, r.logged())
	}
	r.again() // an empty list
	if _, err := http.Get(url); err == nil {
		t.Error("it still listens where it is no longer to")
	}
}

// The SDKs' own client for managed identities, with the two variables that env prints.
func TestTheSDKsTakeIt(t *testing.T) {
	for _, v := range []string{"IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET", "HTTP_PROXY", "http_proxy"} {
		t.Setenv(v, "")
	}
	r := newRig(t, Options{Now: time.Now})
	t.Setenv("IDENTITY_ENDPOINT", r.serve(t, "127.0.0.1"))
	t.Setenv("IDENTITY_HEADER", r.key.Header(ContainerName("web")).Reveal())
	const want = "token of 1 in  for " + cognitive

	credential, err := azidentity.NewManagedIdentityCredential(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{cognitive}})
	if err != nil || got.Token != want || !got.ExpiresOn.Equal(ended) {
		t.Errorf("azidentity: %q until %v, %v", got.Token, got.ExpiresOn, err)
	}
	_, err = credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://vault.azure.net/.default"}})
	if err == nil || !strings.Contains(err.Error(), "aztray.scopes") {
		t.Errorf("azidentity, for what is not allowed: %v", err)
	}

	app, err := managedidentity.New(managedidentity.SystemAssigned())
	if err != nil {
		t.Fatal(err)
	}
	res, err := app.AcquireToken(t.Context(), "https://cognitiveservices.azure.com")
	if err != nil || res.AccessToken != want || !res.ExpiresOn.Equal(ended) {
		t.Errorf("MSAL: %q until %v, %v", res.AccessToken, res.ExpiresOn, err)
	}

	r.err = broken // an SDK caches what it got, so a new one asks
	t.Setenv("IDENTITY_HEADER", r.key.Header(ServiceName("story", "worker")).Reveal())
	r.known[1].Addresses = nil
	fresh, err := azidentity.NewManagedIdentityCredential(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fresh.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://management.core.windows.net//.default"}})
	if err == nil || !strings.Contains(err.Error(), "aztray: The sign-in has ended. Sign in: aztray service auth-renew") {
		t.Errorf("the container's log does not say what to do: %v", err)
	}
}

func TestAPortThatIsTakenIsToldOnce(t *testing.T) {
	r := newRig(t, Options{})
	l, err := listen(t.Context(), netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	at := []netip.AddrPort{netip.MustParseAddrPort(l.Addr().String())}
	ctx, stop := context.WithCancel(t.Context())
	addrs, done := make(chan []netip.AddrPort), make(chan error, 1)
	go func() { done <- r.Run(ctx, addrs) }()
	for range 3 {
		addrs <- at
	}
	if n := strings.Count(r.logged(), "does not listen there"); n != 1 {
		t.Errorf("told %d times: %s", n, r.logged())
	}
	l.Close()
	addrs <- at // now it is free
	addrs <- at
	resp, err := http.Get("http://" + at[0].String() + good)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a secret: %d", resp.StatusCode)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
