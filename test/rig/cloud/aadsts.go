package cloud

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// entraError is a refusal as Entra words it.
type entraError struct {
	code     int
	status   int
	oauth    string // error
	sub      string // suberror
	text     string // without the code
	claims   string // a challenge
	quietLog string // outcome in the log instead of the code
}

// refusals are Entra's texts, with a verb for what varies.
var refusals = map[int]entraError{
	50011:   {oauth: "invalid_request", text: "The redirect URI '%s' specified in the request does not match the redirect URIs configured for the application '" + AzureCLI + "'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal."},
	50020:   {oauth: "invalid_grant", text: "User account '{EmailHidden}' from identity provider 'https://sts.windows.net/%s/' does not exist in tenant '%s' and cannot access the application '" + AzureCLI + "'(Microsoft Azure CLI) in that tenant. The account needs to be added as an external user in the tenant first. Sign out and sign in again with a different Azure Active Directory user account."},
	50053:   {oauth: "invalid_grant", text: "The account is locked, you've tried to sign in too many times with an incorrect user ID or password."},
	50055:   {oauth: "invalid_grant", sub: "user_password_expired", text: "The password is expired."},
	50057:   {oauth: "invalid_grant", text: "The user account is disabled."},
	50058:   {oauth: "interaction_required", text: "A silent sign-in request was sent but no user is signed in."},
	50076:   {oauth: "invalid_grant", sub: "basic_action", text: "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '%s'."},
	50078:   {oauth: "invalid_grant", sub: "basic_action", text: "Presented multi-factor authentication has expired due to policies configured by your administrator, you must refresh your multi-factor authentication to access '%s'."},
	50079:   {oauth: "invalid_grant", sub: "basic_action", text: "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access '%s'."},
	50105:   {oauth: "invalid_grant", text: "Your administrator has configured the application Microsoft Azure CLI ('" + AzureCLI + "') to block users unless they are specifically granted ('assigned') access to the application."},
	50132:   {oauth: "invalid_grant", sub: "bad_token", text: "The session is not valid due to the following reasons: password expiration or recent password change, SSO Artifact is invalid or expired, session is not fresh enough for application, or a silent sign-in request was sent but no user is signed in."},
	50173:   {oauth: "invalid_grant", sub: "bad_token", text: "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password. The grant was issued on '%s' and the TokensValidFrom date (before which tokens are not valid) for this user is '%s'."},
	50196:   {oauth: "invalid_grant", text: "The server terminated an operation because it encountered a client request loop. Please contact your app vendor."},
	53000:   {oauth: "invalid_grant", sub: "message_only", text: "Device is not in required device state: compliant. Conditional Access policy requires a compliant device, and the device is not compliant. The user must enroll their device with an approved MDM provider like Intune."},
	53001:   {oauth: "invalid_grant", sub: "message_only", text: "Device is not in required device state: domain_joined. Conditional Access policy requires a domain joined device, and the device is not domain joined."},
	53003:   {oauth: "invalid_grant", sub: "message_only", text: "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."},
	53004:   {oauth: "invalid_grant", sub: "message_only", text: "Risky sign-in blocked due to proof-up. The user needs to complete multi-factor authentication registration before accessing this content."},
	54005:   {oauth: "invalid_grant", text: "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."},
	65001:   {oauth: "invalid_grant", sub: "consent_required", text: "The user or administrator has not consented to use the application with ID '" + AzureCLI + "' named 'Microsoft Azure CLI'. Send an interactive authorization request for this user and resource."},
	65004:   {oauth: "access_denied", text: "User declined to consent to access the app."},
	70000:   {oauth: "invalid_grant", sub: "bad_token", text: "Provided grant is invalid or malformed."},
	70003:   {oauth: "unsupported_grant_type", text: "The app requested an unsupported grant type '%s'."},
	70008:   {oauth: "invalid_grant", sub: "bad_token", text: "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."},
	70011:   {oauth: "invalid_scope", text: "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope %s is not valid."},
	70016:   {oauth: "authorization_pending", text: "OAuth 2.0 device flow error. Authorization is pending. Continue polling.", quietLog: "pending"},
	70018:   {oauth: "bad_verification_code", text: "Invalid verification code due to User typing in wrong user code for device code flow."},
	70019:   {oauth: "expired_token", text: "Verification code expired. Have the user retry the sign-in."},
	70043:   {oauth: "invalid_grant", sub: "bad_token", text: "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token was issued on %s and the maximum allowed lifetime for this request is %d."},
	90002:   {oauth: "invalid_tenant", text: "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."},
	90033:   {oauth: "temporarily_unavailable", status: http.StatusServiceUnavailable, text: "A transient error has occurred. Please try again."},
	135011:  {oauth: "invalid_grant", text: "Device used during the authentication is disabled."},
	500011:  {oauth: "invalid_resource", text: "The resource principal named %s was not found in the tenant named %s. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant."},
	500112:  {oauth: "invalid_client", text: "The reply address '%s' does not match the reply address '%s' provided when requesting Authorization code."},
	501481:  {oauth: "invalid_grant", text: "The Code_Verifier does not match the code_challenge supplied in the authorization request."},
	530003:  {oauth: "invalid_grant", sub: "message_only", text: "Your device is required to be managed to access this resource."},
	700003:  {oauth: "invalid_grant", text: "Device object was not found in the tenant '%s' directory."},
	700005:  {oauth: "invalid_grant", text: "Provided Authorization Code is intended to use against other tenant or client, thus rejected."},
	700016:  {oauth: "unauthorized_client", text: "Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."},
	700082:  {oauth: "invalid_grant", sub: "bad_token", text: "The refresh token has expired due to inactivity. The token was issued on %s and was inactive for %s."},
	900144:  {oauth: "invalid_request", text: "The request body must contain the following parameter: '%s'."},
	50027:   {oauth: "invalid_client", status: http.StatusUnauthorized, text: "JWT token is invalid or malformed."},
	700023:  {oauth: "invalid_client", status: http.StatusUnauthorized, text: "Client assertion audience claim does not match Realm issuer. Review the documentation at https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials."},
	700024:  {oauth: "invalid_client", status: http.StatusUnauthorized, text: "Client assertion is not within its valid time range. Current time: %s, assertion valid from %s, expiry time of assertion %s. Review the documentation at https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials."},
	700027:  {oauth: "invalid_client", status: http.StatusUnauthorized, text: "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - %s, Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '%s'. Review the documentation at https://docs.microsoft.com/en-us/graph/deployments to determine the corresponding service endpoint and https://docs.microsoft.com/en-us/graph/api/application-get?view=graph-rest-1.0&tabs=http to build a query request URL]."},
	700211:  {oauth: "invalid_client", status: http.StatusUnauthorized, text: "No matching federated identity record found for presented assertion issuer '%s'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation"},
	700212:  {oauth: "invalid_client", status: http.StatusUnauthorized, text: "No matching federated identity record found for presented assertion audience '%s'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation"},
	700213:  {oauth: "invalid_client", status: http.StatusUnauthorized, text: "No matching federated identity record found for presented assertion subject '%s'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation"},
	7000222: {oauth: "invalid_client", status: http.StatusUnauthorized, text: "The provided client secret keys for app '%s' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds."},
	7000215: {oauth: "invalid_client", status: http.StatusUnauthorized, text: "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'."},
}

// refuse words the refusal with this code. A code that has no text of its own gets a general one.
func refuse(code int, args ...any) *entraError {
	e, ok := refusals[code]
	if !ok {
		e = entraError{oauth: "invalid_grant", text: "The request was refused by a policy of the organization."}
	}
	if verbs := strings.Count(e.text, "%"); verbs > 0 {
		e.text = fmt.Sprintf(e.text, args[:verbs]...)
	}
	e.code = code
	e.status = cmp.Or(e.status, http.StatusBadRequest)
	return &e
}

// refusal is the answer that carries e.
func (c *Cloud) refusal(r *http.Request, e *entraError) reply {
	now := c.now().UTC().Format("2006-01-02 15:04:05Z")
	trace := newGUID()
	correlation := cmp.Or(r.Header.Get("client-request-id"), r.Form.Get("client-request-id"), newGUID())
	body := map[string]any{
		"error": e.oauth,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			e.code, e.text, trace, correlation, now),
		"error_codes": []int{e.code}, "timestamp": now, "trace_id": trace, "correlation_id": correlation,
		"error_uri": "https://login.microsoftonline.com/error?code=" + strconv.Itoa(e.code),
	}
	if e.sub != "" {
		body["suberror"] = e.sub
	}
	if e.claims != "" {
		body["claims"] = e.claims
	}
	rep := jsonReply(e.status, body)
	rep.outcome = e.outcome()
	return rep
}

func (e *entraError) outcome() string { return cmp.Or(e.quietLog, "AADSTS"+strconv.Itoa(e.code)) }

// entraTime is a time as Entra prints it: seven digits of a second.
func entraTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

// timeSpan is a duration as .NET prints it: [d.]hh:mm:ss.
func timeSpan(d time.Duration) string {
	s := int(d / time.Second)
	text := fmt.Sprintf("%02d:%02d:%02d", s/3600%24, s/60%60, s%60)
	if days := s / 86400; days > 0 {
		text = fmt.Sprintf("%d.%s", days, text)
	}
	return text
}
