package cloud

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// apiVersions is the form that ARM's versions have; they sort as text.
var apiVersions = regexp.MustCompile(`^20\d\d-\d\d-\d\d(-preview)?$`)

// Since these versions the answers tell more.
const (
	tenantNamesSince = "2018-06-01" // tenants have displayName and defaultDomain
	homeTenantSince  = "2019-06-01" // subscriptions have tenantId and managedByTenants
)

// arm answers at management.azure.com. The caller holds the lock.
func (c *Cloud) arm(r *http.Request, rec *Request) reply {
	// az from 2.74 on, at the latest, asks for a custom cloud's metadata with two slashes.
	path := "/" + strings.Trim(strings.ToLower(r.URL.Path), "/")
	if path == "/metadata/endpoints" {
		at, _, _ := cloudAt(hostOf(r.Host))
		return jsonReply(http.StatusOK, at.metadata())
	}
	id, one := strings.CutPrefix(path, "/subscriptions/")
	owner, subscription, exists := c.subscription(id)
	token, refused := c.armToken(r, rec, owner)
	if refused != nil {
		return *refused
	}
	version := r.URL.Query().Get("api-version")
	switch {
	case version == "":
		return apiError(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	case !apiVersions.MatchString(version):
		return apiError(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '"+version+"' is invalid.")
	case r.Method != http.MethodGet:
		return apiError(http.StatusMethodNotAllowed, "MethodNotAllowed", "Only GET is served here.")
	case path == "/tenants":
		return armList(tenantRows(token.who.tenants(), version))
	case path == "/subscriptions":
		return armList(c.subscriptionRows(token.tenant, version))
	case one && exists:
		return jsonReply(http.StatusOK, subscriptionRow(token.tenant, subscription, version))
	case one && !strings.Contains(id, "/"):
		return apiError(http.StatusNotFound, "SubscriptionNotFound", "The subscription '"+id+"' could not be found.")
	}
	return apiError(http.StatusNotFound, "InvalidResourceType", "The resource type could not be found for api version '"+version+"'.")
}

func (c *Cloud) subscription(id string) (Tenant, Subscription, bool) {
	for _, t := range Tenants() {
		for _, s := range c.policy.tenants[t.ID].Subscriptions {
			if strings.EqualFold(s.ID, id) {
				return t, s, true
			}
		}
	}
	return Tenant{}, Subscription{}, false
}

// armToken finds who asks, or words the 401. A zero owner means that any tenant will do.
func (c *Cloud) armToken(r *http.Request, rec *Request, owner Tenant) (*accessToken, *reply) {
	value, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, armChallenge(owner, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
	}
	token, ok := c.access[value]
	if !ok {
		return nil, armChallenge(owner, "InvalidAuthenticationToken", "The access token is invalid.")
	}
	rec.Account, rec.Tenant, rec.TokenID = token.who.name(), token.tenant.ID, token.id
	const stamp = "1/2/2006 3:04:05 PM"
	now := c.now()
	at, _, _ := cloudAt(hostOf(r.Host))
	switch id, _ := at.appID(token.resource); {
	case token.cloud != at.Name:
		return nil, armChallenge(owner, "InvalidAuthenticationToken", "The access token is invalid.")
	case id != armAppID:
		return nil, armChallenge(owner, "InvalidAuthenticationTokenAudience", fmt.Sprintf("The access token has been obtained for wrong audience or resource '%s'. It should exactly match with one of the allowed audiences 'https://management.core.windows.net/','https://management.core.windows.net','https://management.azure.com/','https://management.azure.com'.", token.resource))
	case !now.Before(token.expires):
		return nil, armChallenge(owner, "ExpiredAuthenticationToken", fmt.Sprintf("The access token expiry UTC time '%s' is earlier than current UTC time '%s'.", token.expires.UTC().Format(stamp), now.UTC().Format(stamp)))
	case owner.ID != "" && owner != token.tenant:
		return nil, armChallenge(owner, "InvalidAuthenticationTokenTenant", fmt.Sprintf("The access token is from the wrong issuer '%s'. It must match the tenant '%s' associated with this subscription. Please use the authority (URL) 'https://login.windows.net/%s' to get the token. Note, if the subscription is transferred to another tenant there is no impact to the services, but information about new tenant could take time to propagate (up to an hour). If you just transferred your subscription and see this error message, please try back later.", issuerV1(token.tenant), issuerV1(owner), owner.ID))
	}
	return token, nil
}

// armChallenge is a 401 whose header names where to get a token.
func armChallenge(owner Tenant, code, message string) *reply {
	rep := apiError(http.StatusUnauthorized, code, message)
	rep.header.Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization_uri="https://login.windows.net/%s", error="invalid_token", error_description="%s"`,
		owner.ID, message))
	return &rep
}

func tenantRows(tenants []Tenant, version string) []map[string]any {
	rows := make([]map[string]any, 0, len(tenants))
	for i, t := range tenants {
		row := map[string]any{"id": "/tenants/" + t.ID, "tenantId": t.ID}
		if version >= tenantNamesSince {
			category := "Home"
			if i > 0 {
				category = "ProjectedBy"
			}
			row["displayName"], row["defaultDomain"], row["domains"] = t.Name, t.Domain, []string{t.Domain}
			row["tenantType"], row["tenantCategory"], row["countryCode"], row["country"] = "AAD", category, "DE", "Germany"
		}
		rows = append(rows, row)
	}
	return rows
}

func (c *Cloud) subscriptionRows(t Tenant, version string) []map[string]any {
	rows := []map[string]any{}
	for _, s := range c.policy.tenants[t.ID].Subscriptions {
		rows = append(rows, subscriptionRow(t, s, version))
	}
	return rows
}

func subscriptionRow(t Tenant, s Subscription, version string) map[string]any {
	row := map[string]any{
		"id": "/subscriptions/" + s.ID, "subscriptionId": s.ID, "displayName": s.Name, "authorizationSource": "RoleBased",
		"state": "Enabled", "subscriptionPolicies": map[string]string{"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
	}
	if s.State != "" {
		row["state"] = s.State
	}
	if version >= homeTenantSince {
		row["tenantId"], row["managedByTenants"] = t.ID, []string{}
	}
	return row
}

func armList(rows []map[string]any) reply {
	return jsonReply(http.StatusOK, map[string]any{"value": rows, "count": map[string]any{"type": "Total", "value": len(rows)}})
}

// apiError is the error that ARM and Azure OpenAI share the form of.
func apiError(status int, code, message string) reply {
	rep := jsonReply(status, map[string]any{"error": map[string]string{"code": code, "message": message}})
	rep.outcome = code
	return rep
}
