package agent

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"aztray/internal/auth"
	"aztray/internal/identity"
)

// transport carries requests without a network: a program's to its service, whose token it keeps, and the SDK's to
// the identity endpoint.
type transport struct {
	endpoint http.Handler
	used     string // in the program's last request
}

func (x *transport) Do(q *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if q.URL.Path == identity.Path {
		r := q.Clone(q.Context())
		r.RemoteAddr = "172.17.0.5:40000"
		x.endpoint.ServeHTTP(w, r)
	} else {
		x.used = q.Header.Get("Authorization")
	}
	return w.Result(), nil
}

// A program with a client of azcore's, whose bearer policy has its tokens from azidentity 1.15, works without a gap
// on tokens of six minutes, an hour and a day: through renewals, and while the network is away, until just before
// the end of the last. None of its requests waits for longer than a moment.
func TestAProgramByAzidentity115(t *testing.T) {
	for i, c := range []struct {
		life time.Duration
		run  time.Duration // with a network
		away time.Duration // and then without one, to just before the end of the last token
		step time.Duration // between two requests of the program
	}{
		{6 * time.Minute, 2 * time.Hour, 50 * time.Second, 5 * time.Second},
		{time.Hour, 12 * time.Hour, 25 * time.Minute, 10 * time.Second},
		{24 * time.Hour, 5 * 24 * time.Hour, 11 * time.Hour, time.Minute},
	} {
		t.Run(c.life.String(), func(t *testing.T) {
			key, err := identity.LoadKey(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:8765"+identity.Path)
			t.Setenv("IDENTITY_HEADER", key.Header(identity.ContainerName("web")).Reveal())
			r := newRig()
			r.files, r.life = profile(contoso), c.life
			inBubble(t, r, Settings{}, func(x *run) {
				server := identity.New(identity.Options{Key: key, Log: slog.New(slog.DiscardHandler),
					Known: func(context.Context) ([]identity.Client, error) {
						return []identity.Client{{Name: identity.ContainerName("web"), ID: "1", Scopes: []string{scope}}}, nil
					},
					Token: func(ctx context.Context, _ identity.Client, q identity.Question) (auth.Token, error) {
						return x.a.Token(ctx, Question{Scope: q.Scope, Refused: q.Refused})
					}})
				way := &transport{endpoint: server}
				credential, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
					ID: azidentity.ClientID(fmt.Sprint("program", i)), ClientOptions: policy.ClientOptions{Transport: way}}) // MSAL's cache is the process's
				if err != nil {
					x.t.Fatal(err)
				}
				program := runtime.NewPipeline("program", "v1", runtime.PipelineOptions{
					PerRetry: []policy.Policy{runtime.NewBearerTokenPolicy(credential, []string{scope}, nil)}}, &policy.ClientOptions{Transport: way})
				works := func(during string) {
					began := time.Now()
					q, err := runtime.NewRequest(x.t.Context(), http.MethodGet, "https://service.example/")
					if err == nil {
						_, err = program.Do(q)
					}
					var end time.Time
					for _, issued := range r.tokens() {
						if "Bearer "+issued.Secret.Reveal() == way.used {
							end = issued.ExpiresOn
						}
					}
					if took := time.Since(began); err != nil || !end.After(time.Now()) || took > 2*patience {
						x.t.Fatalf("%s: %v, with a token that ends at %v, at %v, after %v", during, err, end, time.Now(), took)
					}
				}
				for end := time.Now().Add(c.run); time.Now().Before(end); time.Sleep(c.step) {
					works("with a network")
				}
				r.mu.Lock()
				r.hangs = 90 * time.Second
				r.mu.Unlock()
				r.refuse(&auth.Problem{Kind: auth.Offline})
				for end := time.Now().Add(c.away); time.Now().Before(end); time.Sleep(c.step) {
					works("without one")
				}
			})
		})
	}
}
