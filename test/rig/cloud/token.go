package cloud

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// token is the token endpoint. The caller holds the lock.
func (c *Cloud) token(r *http.Request, rec *Request, where authorityPath) reply {
	f := r.PostForm
	rec.Grant, rec.Client, rec.Scope = f.Get("grant_type"), f.Get("client_id"), f.Get("scope")
	var a ask
	var e *entraError
	switch rec.Grant {
	case "":
		e = refuse(900144, "grant_type")
	case "authorization_code":
		a, e = c.redeemCode(f, where)
	case "refresh_token":
		a, e = c.redeemRefreshToken(f, where)
	case "device_code", deviceGrant:
		rec.Grant = "device_code"
		a, e = c.redeemDeviceCode(f)
	case "client_credentials":
		a, e = c.robotSignsIn(r, f, where)
	default:
		e = refuse(70003, rec.Grant)
	}
	if a.who.name() != "" {
		rec.Account, rec.Tenant = a.who.name(), a.tenant.ID
	}
	if e == nil {
		e = c.allow(a)
	}
	if e != nil {
		return c.refusal(r, e)
	}
	return c.mint(a, rec)
}

func (c *Cloud) redeemCode(f url.Values, where authorityPath) (ask, *entraError) {
	s, ok := c.codes[f.Get("code")]
	switch {
	case !ok:
		return ask{}, refuse(70000)
	case c.now().Sub(s.began) > flowLifetime:
		return ask{}, refuse(70008)
	case s.redeemed:
		return ask{}, refuse(54005)
	case s.client != f.Get("client_id") || where.tenant.ID != "" && where.tenant != s.tenant:
		return ask{}, refuse(700005)
	case s.redirectURI != f.Get("redirect_uri"):
		return ask{}, refuse(500112, f.Get("redirect_uri"), s.redirectURI)
	case !s.proves(f.Get("code_verifier")):
		return ask{}, refuse(501481)
	}
	s.redeemed = true
	wanted, e := parseScopes(cmp.Or(f.Get("scope"), s.scope))
	who := principal{person: s.who}
	// The sign-in is this moment, not that of a click some minutes ago: Entra counts from the grant.
	return ask{who: who, client: s.client, cloud: where.cloud, tenant: s.tenant, scopes: wanted, nonce: s.nonce,
		grant: &grant{who: who, client: s.client, signedIn: c.now(), tenant: s.tenant, cloud: where.cloud.Name}}, e
}

// proves checks PKCE, S256; a request that gave no challenge needs no proof.
func (s *signIn) proves(verifier string) bool {
	if s.challenge == "" {
		return true
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == s.challenge
}

func (c *Cloud) redeemRefreshToken(f url.Values, where authorityPath) (ask, *entraError) {
	t, ok := c.refresh[f.Get("refresh_token")]
	if !ok || t.grant.client != f.Get("client_id") || t.grant.cloud != where.cloud.Name {
		return ask{}, refuse(70000)
	}
	wanted, e := parseScopes(f.Get("scope"))
	a := ask{who: t.grant.who, client: t.grant.client, cloud: where.cloud, tenant: where.of(t.grant.who), scopes: wanted, grant: t.grant}
	switch now := c.now(); {
	case e != nil:
		return a, e
	case !a.who.person.memberOf(a.tenant):
		return a, refuse(50020, a.who.person.Home.ID, a.tenant.Name)
	case t.grant.signedIn.Before(c.policy.Revoked):
		return a, refuse(50173, entraTime(t.grant.signedIn), entraTime(c.policy.Revoked))
	case c.policy.IdleLimit > 0 && now.Sub(t.issued) > c.policy.IdleLimit:
		return a, refuse(700082, entraTime(t.issued), timeSpan(cmp.Or(c.policy.IdleSaid, c.policy.IdleLimit)))
	}
	return a, c.stillSignedIn(a)
}

// stillSignedIn applies the rules of the tenant that only a fresh sign-in there satisfies.
func (c *Cloud) stillSignedIn(a ask) *entraError {
	p := c.policy.tenants[a.tenant.ID]
	if !p.covers(a.scopes.resource) {
		return nil
	}
	if p.SignInFrequency > 0 && c.now().Sub(a.grant.signedIn) > p.SignInFrequency {
		seconds := int((p.SignInFrequency + time.Second - 1) / time.Second)
		return refuse(70043, entraTime(a.grant.signedIn), seconds)
	}
	if p.RequireMFA && a.grant.tenant != a.tenant {
		return mfaChallenge(50076, a)
	}
	return nil
}

func (p *TenantPolicy) covers(resource string) bool {
	return p.Only == "" || sameResource(p.Only, resource)
}

// mfaChallenge is a refusal that a sign-in with these claims would cure.
func mfaChallenge(code int, a ask) *entraError {
	id, _ := a.cloud.appID(a.scopes.resource)
	e := refuse(code, id)
	e.claims = fmt.Sprintf(`{"access_token":{"capolids":{"essential":true,"values":["%s"]}}}`, mfaPolicyID)
	return e
}

// allow applies what holds for every kind of grant: the resource must exist and conditional access agree.
func (c *Cloud) allow(a ask) *entraError {
	p := c.policy.tenants[a.tenant.ID]
	id, known := a.cloud.appID(a.scopes.resource)
	switch {
	case a.scopes.resource == "":
		return refuse(900144, "scope")
	case !known || p.MissingResource != "" && sameResource(p.MissingResource, a.scopes.resource):
		return refuse(500011, a.scopes.resource, a.tenant.Name)
	case p.ConditionalAccess == 0 || !p.covers(a.scopes.resource):
		return nil
	}
	switch code := p.ConditionalAccess; code {
	case 50076, 50078, 50079:
		return mfaChallenge(code, a)
	case 700003:
		return refuse(code, a.tenant.Name)
	case 65001:
		return refuse(code)
	default:
		return refuse(code, id, a.tenant.Name)
	}
}
