package cloud

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"math/big"
	"net/http"
	"net/url"
	"strings"
)

// entra routes a request to login.microsoftonline.com. The caller holds the lock.
func (c *Cloud) entra(r *http.Request, rec *Request) reply {
	path := strings.TrimSuffix(r.URL.Path, "/")
	if err := r.ParseForm(); err != nil {
		return c.refusal(r, refuse(900144, "grant_type"))
	}
	switch path {
	case "/common/discovery/instance":
		return instanceDiscovery(r)
	case "/common/login":
		return c.clicked(r, rec)
	case "/favicon.ico", "":
		return page(http.StatusNotFound, "Not found", "There is nothing here.")
	case "/devicelogin", "/common/oauth2/deviceauth":
		return c.deviceLogin(r, rec)
	}
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	where, err := tenantInPath(tenant)
	where.cloud, _, _ = cloudAt(hostOf(r.Host))
	if err != nil {
		return c.refusal(r, err)
	}
	rec.Tenant = where.tenant.ID
	switch rest {
	case "v2.0/.well-known/openid-configuration", ".well-known/openid-configuration":
		return where.openIDConfiguration()
	case "discovery/v2.0/keys", "discovery/keys":
		return c.keys()
	case "oauth2/v2.0/authorize":
		return c.authorize(r, rec, where)
	case "oauth2/v2.0/token":
		return c.token(r, rec, where)
	case "oauth2/v2.0/devicecode":
		return c.deviceCode(r, rec, where)
	case "oauth2/v2.0/logout":
		return page(http.StatusOK, "Sign out", "You signed out of your account.")
	}
	return page(http.StatusNotFound, "Not found", "There is nothing here.")
}

// authorityPath is the tenant segment of a URL: a tenant, or organizations and common, which mean the
// home tenant of whoever signs in.
type authorityPath struct {
	segment string
	tenant  Tenant // zero for organizations and common
	cloud   AzureCloud
}

func tenantInPath(segment string) (authorityPath, *entraError) {
	switch segment {
	case "organizations", "common":
		return authorityPath{segment: segment}, nil
	}
	t, ok := tenantNamed(segment)
	if !ok {
		return authorityPath{}, refuse(90002, segment)
	}
	return authorityPath{segment: t.ID, tenant: t}, nil
}

// of is the tenant that p signs in to here.
func (a authorityPath) of(p principal) Tenant {
	if a.tenant.ID == "" {
		return p.tenants()[0]
	}
	return a.tenant
}

func (a authorityPath) openIDConfiguration() reply {
	base := a.cloud.Authority() + "/" + a.segment
	issuer := a.cloud.Authority() + "/{tenantid}/v2.0"
	if a.tenant.ID != "" {
		issuer = base + "/v2.0"
	}
	return jsonReply(http.StatusOK, map[string]any{
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
		"end_session_endpoint":                  base + "/oauth2/v2.0/logout",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"issuer":                                issuer,
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"tenant_region_scope":                   "EU",
		"cloud_instance_name":                   strings.TrimPrefix(a.cloud.Login[0], "login."),
		"cloud_graph_host_name":                 "graph.windows.net",
		"msgraph_host":                          "graph.microsoft.com",
	})
}

func instanceDiscovery(r *http.Request) reply {
	asked, err := url.Parse(r.Form.Get("authorization_endpoint"))
	tenant, _, _ := strings.Cut(strings.TrimPrefix(asked.EscapedPath(), "/"), "/")
	if err != nil || tenant == "" {
		return jsonReply(http.StatusBadRequest, map[string]any{"error": "invalid_request",
			"error_description": "AADSTS90043: authorization_endpoint is missing or malformed."})
	}
	if service, ok := serviceAt(asked.Hostname()); !ok || service != Entra {
		return jsonReply(http.StatusBadRequest, map[string]any{"error": "invalid_instance",
			"error_description": "AADSTS50049: Unknown or invalid instance.", "error_codes": []int{50049}})
	}
	of, _, _ := cloudAt(asked.Hostname())
	preferred := of.Login[0]
	if of.Name == Public.Name {
		preferred = "login.windows.net"
	}
	return jsonReply(http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": of.Authority() + "/" + tenant + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []map[string]any{{
			"preferred_network": of.Login[0], "preferred_cache": preferred, "aliases": of.Login,
		}},
	})
}

func (c *Cloud) keys() reply {
	b64 := base64.RawURLEncoding.EncodeToString
	return jsonReply(http.StatusOK, map[string]any{"keys": []map[string]any{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID,
		"n": b64(c.key.N.Bytes()), "e": b64(big.NewInt(int64(c.key.E)).Bytes()),
	}}})
}

func jsonReply(status int, v any) reply {
	body, err := json.Marshal(v)
	if err != nil { // maps of strings and numbers always marshal
		panic(err)
	}
	return reply{status: status, body: body, header: http.Header{
		"Content-Type": {"application/json; charset=utf-8"}, "Cache-Control": {"no-store, no-cache"},
		"X-Ms-Request-Id": {newGUID()},
	}}
}

func htmlReply(status int, body []byte) reply {
	return reply{status: status, body: body, header: http.Header{
		"Content-Type": {"text/html; charset=utf-8"}, "Cache-Control": {"no-store, no-cache"},
	}}
}

// page says one thing and leads nowhere.
func page(status int, title, text string) reply {
	return render(status, pageData{Title: title, Text: text})
}

func redirect(to string) reply {
	return reply{status: http.StatusFound, header: http.Header{"Location": {to}},
		body: []byte(`<a href="` + html.EscapeString(to) + `">Moved</a>`)}
}
