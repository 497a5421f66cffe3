package auth

import (
	"strings"
	"sync"
)

// ownFaults is everything that goes wrong without a code of Entra's.
var ownFaults = []fault{
	// az and its files.
	{codes: "AZ_NOT_FOUND", kind: AZMissing, message: "Azure CLI (az) was not found.", advice: "Install it from https://aka.ms/azure-cli, or put its directory on PATH."},
	{codes: "AZ_TOO_OLD", kind: AZBroken, message: "This Azure CLI is too old for what is needed.", advice: "Update it: az upgrade (or by your package manager)"},
	{codes: "AZ_USAGE", kind: ConfigError, message: "az did not understand the tenant, subscription or scope it was given.", advice: "Check them: aztray config show"},
	{codes: "AZ_BROKEN", kind: AZBroken, message: "The installation of Azure CLI is damaged: parts of it are missing.", advice: "Install Azure CLI again, then see that this works: az version"},
	{codes: "AZ_CRASHED", kind: AZBroken, message: "az stopped with an error inside itself.", advice: "See what it says (az account get-access-token -o none), and update it: az upgrade"},
	{codes: "AZ_KILLED", kind: Transient, message: "az was ended before it was done.", advice: waitAWhile},
	{codes: "AZ_NO_ANSWER", kind: Offline, message: "az did not answer in time, and was ended.", advice: "Check the network, the VPN and the proxy, and see what az waits for: az account get-access-token -o none"},
	{codes: "AZ_CACHE_LOCKED", kind: Transient, message: "Another az holds the lock on az's sign-in.", advice: "It is tried again by itself; if it stays, see who owns the files in az's directory, ~/.azure."},
	{codes: "AZ_CACHE_TORN", kind: Transient, message: "az could not read its own files, perhaps because another az was writing them.", advice: "It is tried again by itself; if it stays: az account clear, then {login}"},
	{codes: "AZ_CACHE_UNDECRYPTED", kind: AZBroken, message: "az cannot decrypt its own sign-in.", advice: "Unlock the keyring; if it stays: az account clear, then {login}"},
	{codes: "AZ_NO_KEY_RING", kind: AZBroken, message: "az is set to encrypt its sign-in, and finds no key ring to do it with.", advice: "Start or unlock a key ring, or do without: az config set core.encrypt_token_cache=false, then {login}"},
	{codes: "AZ_VERSIONS_MIXED", kind: AZBroken, message: "A newer az has written into az's directory what this one can't read.", advice: "Remove the file msal_http_cache.bin from az's directory, ~/.azure, and go on with one of the two."},
	{codes: "AZ_FILES_DENIED", kind: AZBroken, message: "az may not write in its own directory.", advice: "Make az's directory (~/.azure) yours again; on Linux and macOS: sudo chown -R \"$USER\" ~/.azure"},
	{codes: "AZ_FILES_READ_ONLY", kind: AZBroken, message: "az's directory is on a read-only file system, and az must write in it.", advice: "Mount it writable, or set AZURE_CONFIG_DIR to a directory that is."},
	{codes: "DISK_FULL", kind: AZBroken, message: "The disk is full, so az cannot keep its sign-in.", advice: "Free some space, then try again."},

	// az's account.
	{codes: "AZ_NOT_SIGNED_IN", kind: SignInRequired, message: "az is not signed in.", advice: "Sign in: {renew}"},
	{codes: "AZ_ACCOUNT_NOT_CACHED", kind: SignInRequired, message: "az has lost the sign-in of this account.", advice: signInAgain},
	{codes: "AZ_TOKEN_NOT_CACHED", kind: SignInRequired, message: "az has no sign-in that serves this scope.", advice: signInExact},
	{codes: "AZ_NO_SUBSCRIPTIONS", kind: SignInRequired, message: "The account has no subscription in the tenant, so az did not keep the sign-in.", advice: "Sign in without one: {login} --allow-no-subscriptions"},
	{codes: "AZ_SUBSCRIPTION_UNKNOWN", kind: ConfigError, message: "This sign-in does not reach the subscription that was asked for.", advice: "Check azure.subscription_id (aztray config show) against: az account list -o table"},
	{codes: "AZ_TENANT_UNKNOWN", kind: WrongTenant, message: "There is no such tenant in this cloud.", advice: "Check azure.tenant_id (aztray config show) and the cloud (az cloud show)."},
	{codes: "AZ_SEVERAL_ACCOUNTS", kind: ConfigError, message: "az holds several accounts of the same name.", advice: "Start afresh: az account clear, then {login}"},
	{codes: "AZ_PRINCIPAL_NOT_CACHED", kind: ConfigError, message: "az no longer has the secret of this service principal.", advice: "Give it again: " + loginBySecret},
	{codes: "MANAGED_IDENTITY_REFUSED", kind: ConfigError, message: "The managed identity endpoint gives az no token.", advice: "See whether this machine still has its identity in Azure, then: az login --identity; or sign in yourself: az login"},
	{codes: "MANAGED_IDENTITY_UNREACHABLE", kind: Offline, message: "The managed identity endpoint of this machine does not answer.", advice: "It is tried again by itself; if it stays, sign in yourself: az login"},

	// Entra, where it gives no code.
	{codes: "SIGN_IN_REQUIRED", kind: SignInRequired, message: "Microsoft wants you to sign in yourself for this.", advice: signInExact},
	{codes: "CLAIMS_REQUIRED", kind: ClaimsRequired, message: "Microsoft wants a stronger sign-in for this, such as multifactor authentication.", advice: signInExact},
	{codes: "CONSENT_REQUIRED", kind: ConsentNeeded, message: "Azure CLI has not been given permission for this in the tenant.", advice: "Sign in and accept it: {login}"},
	{codes: "PASSWORD_EXPIRED", kind: PasswordFirst, message: "The password of this account has expired.", advice: "Change it at https://aka.ms/sspr, then sign in."},
	{codes: "POLICY_BLOCKED", kind: PolicyBlocked, message: "A policy of your organisation blocks this.", advice: checkDevice},
	{codes: "ENTRA_CONFIG", kind: ConfigError, message: "Microsoft does not accept the scope, the tenant or the application.", advice: checkPlace},
	{codes: "ENTRA_THROTTLED", kind: Transient, message: "Microsoft wants fewer requests for a while.", advice: waitAWhile},
	{codes: "ENTRA_UNAVAILABLE", kind: Transient, message: "Microsoft's sign-in service has a passing problem.", advice: waitAWhile},

	// The person.
	{codes: "SIGN_IN_DECLINED", kind: Cancelled, message: "The sign-in was declined in the browser.", advice: "Sign in again and accept it: {renew}"},
	{codes: "SIGN_IN_CANCELLED", kind: Cancelled, message: "The sign-in was cancelled.", advice: "Sign in when it suits you: {renew}"},
	{codes: "SIGN_IN_TIMED_OUT", kind: TimedOut, message: "The sign-in was not finished in the browser in time.", advice: signInAgain},

	// The network.
	{codes: "NET_CERTIFICATE", kind: Offline, message: "Your network presents a certificate that this machine does not trust.", advice: "Set REQUESTS_CA_BUNDLE to a file with your organisation's CA certificates, then start aztray again."},
	{codes: "CA_BUNDLE_UNREADABLE", kind: ConfigError, message: "The file of CA certificates that the environment names cannot be read.", advice: "Set REQUESTS_CA_BUNDLE to a PEM file that exists, then start aztray again."},
	{codes: "NET_PROXY", kind: Offline, message: "The proxy cannot be reached, or it refuses the connection.", advice: "Check HTTPS_PROXY and NO_PROXY, and whether the VPN is on."},
	{codes: "NET_DNS", kind: Offline, message: "The address of Microsoft's sign-in service cannot be looked up.", advice: "Check the network and the VPN; it is tried again by itself."},
	{codes: "NET_TIMEOUT", kind: Offline, message: "Microsoft's sign-in service did not answer in time.", advice: "Check the network and the VPN; it is tried again by itself."},
	{codes: "NET_UNREACHABLE", kind: Offline, message: "Microsoft's sign-in service cannot be reached.", advice: "Check the network and the VPN; it is tried again by itself."},

	{codes: unclassified, kind: Unclassified, message: "This failed for a reason that aztray does not know.", advice: "Sign in once: {renew} (if it fails again, --verbose shows what was said)"},
}

const unclassified = "UNCLASSIFIED"

var ownByCode = sync.OnceValue(func() map[string]fault { return byCode(ownFaults) })

// phrase is how az, MSAL or a library says one of ownFaults.
type phrase struct {
	code string
	says []string // lower case, any of them; parts that follow each other are separated by …
}

// phrases are tried in order: what is nearer to the cause stands first. az 2.45 to 2.86,
// azidentity, MSAL for Go and Python, requests, urllib3 and WAM say them.
var phrases = []phrase{
	{"AZ_NOT_FOUND", []string{"executable not found on path", "cli not found on path", "az: command not found", "az: not found", "'az' is not recognized", "exec: \"az"}},
	{"AZ_TOO_OLD", []string{"unrecognized arguments:", "misspelled or not recognized by the system", "is not in the 'az"}},
	{"AZ_USAGE", []string{"expected one argument", "expected at least one argument", "the following arguments are required"}},
	{"AZ_VERSIONS_MIXED", []string{"can't get attribute…msal."}},
	{"AZ_NO_KEY_RING", []string{"libsecret did not perform properly"}},
	{"AZ_BROKEN", []string{"modulenotfounderror", "importerror", "cannot import name", "no module named", "distributionnotfound", "fatal python error", "python3: not found", "python: not found", "bad interpreter", "python3…no such file", "python…can't open file"}},
	{"DISK_FULL", []string{"no space left on device", "not enough space on the disk"}},
	{"AZ_CACHE_LOCKED", []string{"permission denied…lockfile", "permissionerror…lockfile", "alreadylocked", "lockexception", "lock file…file exists"}},
	{"AZ_CACHE_UNDECRYPTED", []string{"persistencedecryptionerror", "decryption failed", "unable to decrypt", "persistenceencryptionerror", "org.freedesktop.secrets", "libsecret…error"}},
	{"AZ_FILES_DENIED", []string{"errno 13]…azure", "access is denied…azure"}},
	{"AZ_FILES_READ_ONLY", []string{"read-only file system"}},

	{"CA_BUNDLE_UNREADABLE", []string{"could not find a suitable tls ca certificate bundle"}},
	{"MANAGED_IDENTITY_UNREACHABLE", []string{"failed to connect to msi…error detail", "failed to connect to msi…http error: 5", "failed to connect to msi…<response [5", "failed to connect to msi…<response [429", "msi endpoint is not responding", "failed to retrieve a token from…max retries exceeded"}},
	{"MANAGED_IDENTITY_REFUSED", []string{"failed to connect to msi", "msi: failed to acquire tokens", "msi: failed to retrieve a token"}},
	{"NET_CERTIFICATE", []string{"certificate_verify_failed", "certificate verify failed", "certificate verification failed", "x509:", "failed to verify certificate"}},
	{"NET_PROXY", []string{"proxyerror", "cannot connect to proxy", "unable to connect to proxy", "tunnel connection failed", "proxyconnect", "proxy authentication required", "407 proxy"}},
	{"NET_DNS", []string{"nameresolutionerror", "name or service not known", "getaddrinfo failed", "temporary failure in name resolution", "no such host", "nodename nor servname", "server misbehaving"}},
	{"NET_TIMEOUT", []string{"readtimeout", "read timed out", "connecttimeout", "i/o timeout", "tls handshake timeout", "client.timeout exceeded", "context deadline exceeded"}},
	{"NET_UNREACHABLE", []string{"max retries exceeded", "requests.exceptions.connectionerror", "newconnectionerror", "connection aborted", "remotedisconnected", "remote end closed connection",
		"connection refused", "connection reset", "actively refused", "network is unreachable", "no route to host", "dial tcp", "status_nonetwork", "status_networktemporarilyunavailable"}},

	{"ENTRA_THROTTLED", []string{"too many requests", "toomanyrequests", "throttled"}},
	{"ENTRA_UNAVAILABLE", []string{"temporarily_unavailable", "status_transienterror", "status_servertemporarilyunavailable", "service unavailable", "serviceunavailable", "bad gateway", "gateway timeout", "internal server error"}},

	{"SIGN_IN_DECLINED", []string{"access_denied", "authorization_declined", "the authorization request was denied"}},
	{"SIGN_IN_CANCELLED", []string{"status_usercanceled", "user_cancelled", "user cancelled the accounts control operation", "keyboardinterrupt"}},
	{"SIGN_IN_TIMED_OUT", []string{"expired_token"}},

	{"AZ_NOT_SIGNED_IN", []string{"please run 'az login' to setup account", "please run az login to setup account", "there are no active accounts", "no accounts were found"}},
	{"AZ_ACCOUNT_NOT_CACHED", []string{"does not exist in msal token cache"}},
	{"AZ_TOKEN_NOT_CACHED", []string{"can't find token from msal cache"}},
	{"AZ_NO_SUBSCRIPTIONS", []string{"no subscriptions found for", "no subscriptions were found"}},
	{"AZ_SUBSCRIPTION_UNKNOWN", []string{"subscription of '…doesn't exist in cloud", "subscription '…not found", "no subscription found. run 'az account set'", "multiple subscriptions with the name"}},
	{"AZ_TENANT_UNKNOWN", []string{"failed to resolve tenant", "unable to get authority configuration", "invalid_tenant"}},
	{"AZ_SEVERAL_ACCOUNTS", []string{"found multiple accounts with the same username"}},
	{"AZ_PRINCIPAL_NOT_CACHED", []string{"could not retrieve credential from local cache for service principal"}},

	{"CLAIMS_REQUIRED", []string{"insufficient_claims", "--claims-challenge", "requires multifactor authentication or additional claims", "tokencreatedwithoutdatedpolicies"}},
	{"SIGN_IN_REQUIRED", []string{"interactive authentication is needed", "run the command below to authenticate interactively", "please explicitly log in with", "status_interactionrequired", "status_accountunusable",
		"interaction_required", "login_required", "invalid_grant"}},

	{"AZ_CACHE_TORN", []string{"jsondecodeerror", "failed to load token cache", "failed to load json", "expecting value: line 1"}},
	{"AZ_CRASHED", []string{"traceback (most recent call last)", "the command failed with an unexpected error"}},
	{"SIGN_IN_REQUIRED", []string{"az login"}},
}

// oauthCodes is what the error and suberror of Entra's answer mean where no code is known.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes#handling-error-codes-in-your-application
var oauthCodes = map[string]string{
	"temporarily_unavailable": "ENTRA_UNAVAILABLE", "server_error": "ENTRA_UNAVAILABLE", "slow_down": "ENTRA_THROTTLED",
	"access_denied": "SIGN_IN_DECLINED", "authorization_declined": "SIGN_IN_DECLINED", "expired_token": "SIGN_IN_TIMED_OUT",
	"interaction_required": "SIGN_IN_REQUIRED", "login_required": "SIGN_IN_REQUIRED", "insufficient_claims": "CLAIMS_REQUIRED",
	"bad_token": "SIGN_IN_REQUIRED", "token_expired": "SIGN_IN_REQUIRED", "basic_action": "CLAIMS_REQUIRED",
	"consent_required": "CONSENT_REQUIRED", "user_password_expired": "PASSWORD_EXPIRED",
	"additional_action": "POLICY_BLOCKED", "message_only": "POLICY_BLOCKED", "protection_policy_required": "POLICY_BLOCKED",
	"device_authentication_failed": "POLICY_BLOCKED",
	"invalid_scope":                "ENTRA_CONFIG", "invalid_resource": "ENTRA_CONFIG", "unauthorized_client": "ENTRA_CONFIG", "invalid_client": "ENTRA_CONFIG",
	"unsupported_grant_type": "ENTRA_CONFIG", "unsupported_response_type": "ENTRA_CONFIG", "invalid_request": "ENTRA_CONFIG",
}

// spoken finds the first phrase that is in text, which is in lower case; "" where none is.
func spoken(text string) string {
	for _, p := range phrases {
		for _, s := range p.says {
			if follows(text, s) {
				return p.code
			}
		}
	}
	return ""
}

// follows reports whether the parts of pattern stand in text in their order.
func follows(text, pattern string) bool {
	for part := range strings.SplitSeq(pattern, "…") {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return true
}
