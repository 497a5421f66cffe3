package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	msalerrors "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
)

// ErrNotInProcess says that the cache holds nothing that MSAL could renew with (it is encrypted, of
// a broker, or the account is a service principal): az is to be asked.
var ErrNotInProcess = errors.New("the token cache cannot be renewed from in process")

// Silent renews access tokens in process, without a person and without az: MSAL with az's client id
// over a read-only view of az's token cache. Nothing is written back; the refresh token in az's
// cache stays valid (entra-docs, refresh-tokens).
type Silent struct {
	HTTP *http.Client // from HTTPClient
}

// Token obtains a new access token for scope in a tenant. It takes tens of milliseconds of ours and
// a round trip or two. It returns ErrNotInProcess, or a *Problem, whose Refuses says whether that
// tells something about the sign-in.
func (s Silent) Token(ctx context.Context, f Files, username, tenant, scope string) (Token, error) {
	if f.Cache == nil || f.Cloud.foreign {
		return Token{}, ErrNotInProcess
	}
	account, ok := f.Cache.Account(username)
	if !ok || !f.Cache.Renewable(account.HomeAccountID) {
		return Token{}, ErrNotInProcess
	}
	views, err := f.Cache.forRenewal(account.HomeAccountID)
	if err != nil {
		return Token{}, fmt.Errorf("preparing the token cache: %w", err)
	}
	var first error
	for _, view := range views {
		t, err := s.fromView(ctx, view, f.Cloud.AuthorityHost, account.HomeAccountID, tenant, scope)
		first = cmp.Or(first, err)
		if p, ok := errors.AsType[*Problem](err); !ok || !p.Refuses() {
			return t, err
		}
	}
	return Token{}, first
}

// fromView renews with the one refresh token of a view.
func (s Silent) fromView(ctx context.Context, view []byte, authority, homeAccountID, tenant, scope string) (Token, error) {
	client, err := public.New(AzureCLIClientID,
		public.WithAuthority("https://"+authority+"/"+tenant),
		public.WithCache(readOnly(view)),
		public.WithHTTPClient(s.HTTP))
	if err != nil {
		return Token{}, fmt.Errorf("preparing MSAL: %w", err)
	}
	accounts, err := client.Accounts(ctx)
	if err != nil {
		return Token{}, fmt.Errorf("reading the token cache: %w", err)
	}
	for _, a := range accounts {
		if a.HomeAccountID != homeAccountID {
			continue
		}
		r, err := client.AcquireTokenSilent(ctx, []string{scope}, public.WithSilentAccount(a), public.WithTenantID(tenant))
		if err != nil {
			return Token{}, msalProblem(err).With(tenant, scope)
		}
		return Token{Scope: scope, Target: strings.Join(r.GrantedScopes, " "), TenantID: tenant,
			Secret: NewSecret(r.AccessToken), ObtainedAt: time.Now().UTC(), ExpiresOn: r.ExpiresOn.UTC().Truncate(time.Second)}, nil
	}
	return Token{}, ErrNotInProcess
}

// msalProblem classifies MSAL's error. The error itself is left behind: it holds the request, and
// with it the refresh token.
func msalProblem(err error) *Problem {
	var call msalerrors.CallErr
	if !errors.As(err, &call) || call.Resp == nil {
		return Classify(err.Error(), err)
	}
	body, _ := io.ReadAll(io.LimitReader(call.Resp.Body, 64<<10))
	if !json.Valid(body) {
		return Classify(fmt.Sprintf("HTTP status %d", call.Resp.StatusCode), nil)
	}
	return Classify(string(body), nil)
}

// readOnly is a cache for MSAL that is read and never written.
type readOnly []byte

func (r readOnly) Replace(_ context.Context, c cache.Unmarshaler, _ cache.ReplaceHints) error {
	return c.Unmarshal(r)
}

func (readOnly) Export(context.Context, cache.Marshaler, cache.ExportHints) error { return nil }
