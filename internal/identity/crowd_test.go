package identity

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"aztray/internal/auth"
)

// inProcess carries an SDK's requests to a Server without a network, so that time may be made up.
type inProcess struct {
	server *Server
	header func(*http.Request) string // the secret, by who asks
	mu     sync.Mutex
	status map[int]int // how often each was answered
}

func (p *inProcess) Do(q *http.Request) (*http.Response, error) {
	r := q.Clone(q.Context())
	r.RemoteAddr = "172.17.0.5:40000"
	r.Header.Set("X-IDENTITY-HEADER", p.header(q))
	w := httptest.NewRecorder()
	p.server.ServeHTTP(w, r)
	p.mu.Lock()
	p.status[w.Code]++
	p.mu.Unlock()
	return w.Result(), nil
}

// As many processes of containers as may be ask at once, each with a credential of its own that holds no token
// yet: all get one, by the rules of azidentity 1.15 on when it asks again and when it gives up.
func TestACrowdOfAzidentity115(t *testing.T) {
	ids := 0
	for _, c := range []struct {
		name    string
		from    int // containers
		askers  int
		renewal time.Duration // that all have to wait for
		refused int           // first answers that are 429
		within  time.Duration // until all have a token
	}{
		{"150, as worker processes that start together", 1, 150, 0, 0, 0},
		{"more than the burst", 1, 300, 0, 100, 10 * time.Second},
		{"more than have their turn within a minute", 1, 1000, 0, 800, 100 * time.Second},
		{"150 that wait for a renewal", 1, 150, 5 * time.Second, 0, 5 * time.Second},
		{"more at once than may wait for a renewal", 9, 900, 7 * time.Second, 0, 9 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:8765"+Path)
			key, err := LoadKey(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("IDENTITY_HEADER", "see inProcess")
			var known []Client
			for i := range c.from {
				known = append(known, Client{Name: ContainerName(fmt.Sprint("web", i)), ID: fmt.Sprint(i), Scopes: []string{cognitive}})
			}
			ids += 10_000
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				p := &inProcess{status: map[int]int{}, server: New(Options{Key: key, Log: slog.New(slog.DiscardHandler),
					Known: func(context.Context) ([]Client, error) { return known, nil },
					Token: func(ctx context.Context, _ Client, q Question) (auth.Token, error) {
						select {
						case <-time.After(time.Until(began.Add(c.renewal))):
							return auth.Token{Scope: q.Scope, Secret: auth.NewSecret("t"), ExpiresOn: time.Now().Add(time.Hour)}, nil
						case <-ctx.Done():
							return auth.Token{}, context.Cause(ctx)
						}
					},
				})}
				p.header = func(q *http.Request) string {
					n, _ := strconv.Atoi(q.URL.Query().Get("client_id"))
					return key.Header(known[n%c.from].Name).Reveal()
				}
				var all sync.WaitGroup
				for i := range c.askers {
					all.Go(func() {
						// A client id of its own has MSAL, whose cache is the process's, ask for each.
						credential, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
							ID: azidentity.ClientID(fmt.Sprint(ids + i)), ClientOptions: policy.ClientOptions{Transport: p}})
						if err == nil {
							_, err = credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{cognitive}})
						}
						if err != nil {
							t.Errorf("%d after %v: %v", i, time.Since(began), strings.ReplaceAll(err.Error(), "\n", " "))
						}
					})
				}
				all.Wait()
				if took := time.Since(began); took > c.within || p.status[http.StatusTooManyRequests] < c.refused || c.refused == 0 && p.status[http.StatusTooManyRequests] > 0 {
					t.Errorf("all had a token after %v, by answers %v; want within %v, %d refused", took, p.status, c.within, c.refused)
				}
			})
		})
	}
}

// Whoever comes too early is told a time at which there is one for it, whatever others were told before.
func TestWhoIsToldToWaitHasItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(5, 2, time.Now)
		var all sync.WaitGroup
		tries := make(chan int, 60)
		for range cap(tries) {
			all.Go(func() {
				n := 1
				for wait := l.take("a"); wait > 0; wait = l.take("a") {
					n++
					time.Sleep(wait)
				}
				tries <- n
			})
		}
		all.Wait()
		close(tries)
		for n := range tries {
			if n > 2 {
				t.Errorf("one came %d times", n)
			}
		}
		if wait := l.take("b"); wait != 0 {
			t.Errorf("another has to wait for %v", wait)
		}
	})
}

// A caller that is refused without end has nobody wait for longer than azidentity does, and waits itself no longer
// when it has been quiet.
func TestATurnIsNeverFarAway(t *testing.T) {
	now := ended
	l := newLimiter(1, 1, func() time.Time { return now })
	for range 10_000 {
		if wait := l.take("a"); wait > longest {
			t.Fatalf("it is to wait for %v", wait)
		}
	}
	now = now.Add(-time.Hour) // the clock is set back
	if wait := l.take("a"); wait > longest {
		t.Errorf("it is to wait for %v", wait)
	}
	now = now.Add(2 * time.Hour)
	if wait := l.take("a"); wait != 0 {
		t.Errorf("after an hour: %v", wait)
	}
	if wait := l.take("a"); wait != time.Second {
		t.Errorf("then: %v", wait)
	}
}

// What MSAL's next api-version adds is passed on and noted.
func TestWhatMSALsNextAPIVersionAdds(t *testing.T) {
	r := newRig(t, Options{})
	var asked Question
	token := r.o.Token
	r.o.Token = func(ctx context.Context, c Client, q Question) (auth.Token, error) {
		asked = q
		return token(ctx, c, q)
	}
	hash := strings.Repeat("0a", 32)
	w := r.ask(strings.Replace(good, "2019-08-01", "2025-03-30", 1)+"&xms_cc=cp1%2Ccp2&token_sha256_to_refresh="+hash, r.key.Header(ContainerName("web")).Reveal(), nil)
	if w.Code != 200 || asked != (Question{Scope: cognitive, Refused: hash}) {
		t.Errorf("%d, asked for %+v", w.Code, asked)
	}
	if !strings.Contains(r.log.String(), `capabilities=cp1,cp2`) {
		t.Errorf("the log does not say what the client can take: %s", r.log.String())
	}
}
