package cloud

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const keyID = "rig-signing-key-1"

// grant is one sign-in of a person: what all its refresh tokens have in common.
type grant struct {
	who      principal
	client   string
	signedIn time.Time
	tenant   Tenant // where it was made; MFA was passed there
	cloud    string // the name of the one whose Entra it is of
}

// refreshToken is one of a grant's. Older ones stay valid.
type refreshToken struct {
	grant  *grant
	issued time.Time
}

// accessToken is what ARM and Azure OpenAI find when one is presented.
type accessToken struct {
	id       string
	who      principal
	tenant   Tenant
	resource string
	cloud    string
	expires  time.Time
}

// ask is what a token request comes down to once its grant was found good.
type ask struct {
	who    principal
	client string
	cloud  AzureCloud
	tenant Tenant
	scopes scopes
	nonce  string
	grant  *grant // nil for client credentials: no refresh token, no id token
}

// mint answers a good token request. The caller holds the lock.
func (c *Cloud) mint(a ask, rec *Request) reply {
	now := c.now()
	lifetime := c.policy.TokenLifetime
	seconds := int(lifetime / time.Second)
	token := &accessToken{id: newGUID(), who: a.who, tenant: a.tenant, resource: a.scopes.resource, cloud: a.cloud.Name, expires: now.Add(lifetime)}
	value := c.sign(token.claims(a, now))
	c.access[value] = token
	c.issued = append(c.issued, IssuedToken{AccessToken, value, token.id, a.tenant.ID, a.scopes.granted, a.who.name(), now, token.expires})
	rec.Tenant, rec.Account, rec.TokenID = a.tenant.ID, a.who.name(), token.id

	answer := map[string]any{"token_type": "Bearer", "access_token": value, "expires_in": seconds, "ext_expires_in": seconds}
	if lifetime >= 2*time.Hour {
		answer["refresh_in"] = seconds / 2
	}
	if a.grant != nil {
		refresh := "1.A" + rand.Text() + rand.Text() + "." + rand.Text() + rand.Text()
		c.refresh[refresh] = &refreshToken{a.grant, now}
		c.issued = append(c.issued, IssuedToken{RefreshToken, refresh, "", a.grant.tenant.ID, a.scopes.granted, a.who.name(), now, time.Time{}})
		answer["scope"] = a.scopes.granted
		answer["refresh_token"] = refresh
		answer["id_token"] = c.sign(a.idClaims(now))
		answer["client_info"] = clientInfo(a.who.person)
		if a.client == AzureCLI {
			answer["foci"] = foci
		}
	}
	return jsonReply(http.StatusOK, answer)
}

func (t *accessToken) claims(a ask, now time.Time) map[string]any {
	claims := map[string]any{
		"aud": t.resource, "iss": issuerV1(t.tenant), "iat": now.Unix(), "nbf": now.Unix(), "exp": t.expires.Unix(),
		"appid": a.client, "appidacr": "0", "oid": t.who.objectID(t.tenant), "sub": t.who.objectID(t.tenant),
		"tid": t.tenant.ID, "jti": t.id, "uti": t.id, "ver": "1.0",
	}
	if t.who.app != "" {
		claims["idtyp"], claims["appidacr"] = "app", "1"
		return claims
	}
	p := t.who.person
	claims["idtyp"], claims["scp"], claims["name"] = "user", "user_impersonation", p.Name
	claims["upn"], claims["unique_name"] = p.Username, p.Username
	return claims
}

func (a ask) idClaims(now time.Time) map[string]any {
	p := a.who.person
	claims := map[string]any{
		"aud": a.client, "iss": a.cloud.Authority() + "/" + a.tenant.ID + "/v2.0",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"name": p.Name, "preferred_username": p.Username, "oid": p.ObjectID(a.tenant), "tid": a.tenant.ID,
		"sub": madeUpGUID("pairwise " + p.Username + a.tenant.ID), "uti": newGUID(), "ver": "2.0",
	}
	if a.nonce != "" {
		claims["nonce"] = a.nonce
	}
	return claims
}

func issuerV1(t Tenant) string { return "https://sts.windows.net/" + t.ID + "/" }

// clientInfo tells MSAL the home account.
func clientInfo(p Person) string {
	info, err := json.Marshal(map[string]string{"uid": p.ObjectID(p.Home), "utid": p.Home.ID})
	if err != nil { // two strings always marshal
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(info)
}

// sign makes a JWT, RS256, by the key that the keys endpoint shows.
func (c *Cloud) sign(claims map[string]any) string {
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil { // strings and numbers always marshal
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(map[string]string{"typ": "JWT", "alg": "RS256", "kid": keyID}) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, c.key, crypto.SHA256, sum[:])
	if err != nil { // a 2048-bit key signs any SHA-256 sum
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func newGUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
