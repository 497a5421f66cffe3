package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Client is the two ways to a token and the ways to a sign-in, over one az directory.
type Client struct {
	AZ       CLI
	Dir      Dir
	Silent   Silent
	StateDir string // where the lock for sign-ins is; ours, owner-only
}

// Token renews without a person: in process where the cache allows it, else by az. It never starts a
// browser. It returns a *Problem.
func (c Client) Token(ctx context.Context, f Files, username, tenant, scope string) (Token, error) {
	t, err := c.Silent.Token(ctx, f, username, tenant, scope)
	if !errors.Is(err, ErrNotInProcess) {
		return t, err
	}
	ask := tenant
	if p := f.Profile.Current(); p.TenantID == tenant {
		ask = "" // a service principal and a managed identity take no --tenant
	}
	t, err = c.AZ.AccessToken(ctx, ask, scope)
	p, isProblem := errors.AsType[*Problem](err)
	if !isProblem {
		return t, err
	}
	if row, ok := f.Profile.InTenant(tenant); ok && row.User.Type == "servicePrincipal" {
		return t, p.forApp(row.User.Name, tenant, scope)
	}
	return t, p.With(tenant, scope)
}

// SignIn has a person sign in, one at a time across processes, and then obtains the token that the
// containers will use: only that proves the sign-in. Where it waited for another process's sign-in for
// the same tenant, scope and claims, that one's outcome is used. It returns a *Problem.
func (c Client) SignIn(ctx context.Context, o LoginOptions) (Token, error) {
	before, _ := c.Dir.Read(ctx)
	if err := c.reach(ctx, before.Cloud, o.TenantID); err != nil {
		return Token{}, err
	}
	err := exclusive(ctx, c.StateDir, c.wanted(o), func() error { return c.AZ.Login(ctx, o) })
	if err != nil {
		return Token{}, err
	}
	after, err := c.Dir.Read(ctx)
	if err != nil {
		return Token{}, fmt.Errorf("reading az's files after the sign-in: %w", err)
	}
	row, ok := after.Profile.InTenant(cmp.Or(o.TenantID, after.Profile.Current().TenantID))
	if !ok {
		return Token{}, noAccount.With(o.TenantID, o.Scope)
	}
	if !o.Use {
		if err := c.keepDefault(ctx, before.Profile.Current(), after.Profile); err != nil {
			return Token{}, err
		}
	}
	t, err := c.Token(ctx, after, row.User.Name, row.TenantID, o.Scope)
	if err != nil && o.Use {
		c.keepDefault(context.WithoutCancel(ctx), before.Profile.Current(), after.Profile) // as it was
	}
	return t, err
}

// reachTimeout bounds the look whether Entra is there before a browser opens.
const reachTimeout = 10 * time.Second

// reach returns a *Problem of kind Offline where Entra cannot be reached: a browser would show an
// error page, and az would wait for it for ever. Whatever Entra answers is good enough.
func (c Client) reach(ctx context.Context, cloud Cloud, tenant string) error {
	ctx, stop := context.WithTimeout(ctx, reachTimeout)
	defer stop()
	link := "https://" + cmp.Or(cloud.AuthorityHost, clouds[0].AuthorityHost) + "/" + url.PathEscape(cmp.Or(tenant, "organizations")) + "/v2.0/.well-known/openid-configuration"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return fmt.Errorf("asking Entra: %w", err)
	}
	resp, err := c.Silent.HTTP.Do(req)
	if err != nil {
		return Classify(err.Error(), err)
	}
	return resp.Body.Close()
}

// noAccount is what is left when az ended well and has no account all the same.
var noAccount = &Problem{Code: "AZ_NOT_SIGNED_IN", Kind: SignInRequired,
	Message: "az is not signed in.", Advice: "Sign in: aztray service auth-renew", template: "Sign in: {renew}"}

// keepDefault puts the person's default subscription back: a sign-in to another tenant moves it when
// the old one is not among the new ones (azure-cli-core, _profile.py).
func (c Client) keepDefault(ctx context.Context, old ProfileSubscription, now Profile) error {
	if old.ID == "" || now.Current().ID == old.ID {
		return nil
	}
	for _, s := range now.Subscriptions {
		if s.ID == old.ID {
			return c.AZ.SetSubscription(ctx, old.ID)
		}
	}
	return nil
}

// UseTenant tries a tenant without a person and, where follow is set, makes it the one that bare az
// acts in. Where az has no account there, or renewal there is refused, it returns the *Problem and
// leaves all as it was: then SignIn with that tenant and call it again.
func (c Client) UseTenant(ctx context.Context, tenant, scope string, follow bool) (Token, error) {
	f, err := c.Dir.Read(ctx)
	if err != nil {
		return Token{}, err
	}
	row, ok := f.Profile.InTenant(tenant)
	if !ok && follow {
		return Token{}, notInTenant.With(tenant, scope)
	}
	if !ok {
		row = f.Profile.Current()
	}
	t, err := c.Token(ctx, f, row.User.Name, tenant, scope)
	if err != nil {
		return Token{}, err
	}
	if !follow || f.Profile.Current().ID == row.ID {
		return t, nil
	}
	return t, c.AZ.SetSubscription(ctx, row.ID)
}

var notInTenant = &Problem{Code: "AZ_NOT_IN_TENANT", Kind: ClaimsRequired,
	Message: "az has no account in that tenant yet.", Advice: "Sign in to it: aztray service auth-renew", template: "Sign in to it: {renew}"}

// maxTenantPages bounds how far a list of tenants is followed.
const maxTenantPages = 10

// Tenants lists the tenants that the account may use, with their names, from ARM. It needs no
// person and no az: the token for ARM comes from the cache or is renewed in process; where that is
// not possible it returns ErrNotInProcess.
// https://learn.microsoft.com/rest/api/resources/tenants/list
func (c Client) Tenants(ctx context.Context, f Files) ([]Tenant, error) {
	row := f.Profile.Current()
	t, err := c.Silent.Token(ctx, f, row.User.Name, row.TenantID, f.Cloud.ARMScope)
	if errors.Is(err, ErrNotInProcess) { // a service principal: az keeps the token that it signed in with
		if cached, ok := f.CachedToken(row, row.TenantID, f.Cloud.ARMScope); ok && cached.Alive(time.Now(), time.Minute) {
			t, err = cached, nil
		}
	}
	if err != nil {
		return nil, err
	}
	var tenants []Tenant
	next := f.Cloud.ARM + "/tenants?api-version=2022-12-01"
	for range maxTenantPages {
		page, err := c.tenantPage(ctx, f.Cloud.ARM, next, t)
		if err != nil {
			return nil, err
		}
		for _, v := range page.Value {
			tenants = append(tenants, Tenant{ID: v.TenantID, Name: v.DisplayName, Domain: v.DefaultDomain})
		}
		if next = page.NextLink; next == "" {
			break
		}
	}
	return tenants, nil
}

type tenantPage struct {
	Value []struct {
		TenantID      string `json:"tenantId"`
		DisplayName   string `json:"displayName"`
		DefaultDomain string `json:"defaultDomain"`
	} `json:"value"`
	NextLink string `json:"nextLink"`
}

func (c Client) tenantPage(ctx context.Context, arm, link string, t Token) (tenantPage, error) {
	var page tenantPage
	// a link to another host would carry the token there
	base, _ := url.Parse(arm)
	if u, err := url.Parse(link); err != nil || u.Host != base.Host || u.Scheme != "https" {
		return page, fmt.Errorf("listing tenants: the next page is not at %s", arm)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return page, fmt.Errorf("listing tenants: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+t.Secret.Reveal())
	resp, err := c.Silent.HTTP.Do(req)
	if err != nil {
		return page, Classify(err.Error(), err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return page, fmt.Errorf("listing tenants: ARM answered %s", resp.Status)
	}
	return page, json.NewDecoder(io.LimitReader(resp.Body, maxOutput)).Decode(&page)
}
