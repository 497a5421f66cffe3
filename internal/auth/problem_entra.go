package auth

import (
	"strings"
	"sync"
)

// fault is one row of what can go wrong, as a person reads it.
type fault struct {
	codes   string // separated by blanks
	kind    Kind
	message string // one sentence
	taught  string // the sentence where the text named a length of time, which stands at {limit}
	advice  string // one step; see fill for its placeholders
}

// Advice that many rows share.
const (
	signInAgain = "Sign in again: {renew}"
	signInExact = "Sign in with this tenant and scope: {login}"
	askAdmin    = "Signing in again does not help: ask your administrator, naming {code}."
	checkDevice = "Signing in again does not help: check the device in Company Portal, or ask your administrator, naming {code}."
	knownDevice = "A browser that knows this device may pass, such as Edge with your work profile; else ask your administrator, naming {code}."
	otherTenant = "Switch to the tenant this account belongs to (aztray tenant use TENANT), or ask to be invited as a guest."
	checkPlace  = "Check azure.tenant_id and azure.scope: aztray config show"
	sendBug     = "Update az and aztray; if it stays, report it, naming {code}."
	// not the person's own secret on a command line: az asks for it where --password is left out
	loginBySecret = "az login --service-principal --username {app} --tenant {tenant}"
	loginByToken  = "az login --service-principal --username {app} --tenant {tenant} --federated-token TOKEN"
	waitAWhile    = "Nothing to do: it is tried again by itself."
)

// entraFaults is every code of Entra's that we know. The names of the codes, and what they mean:
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
var entraFaults = []fault{
	// An interactive sign-in cures these.
	{codes: "50058", kind: SignInRequired, message: "The sign-in is no longer there.", advice: signInAgain},
	{codes: "50089", kind: SignInRequired, message: "The sign-in has expired.", advice: signInAgain},
	{codes: "50132 50133", kind: SignInRequired, message: "The password was changed, which ended this sign-in.", advice: signInAgain},
	{codes: "50173", kind: SignInRequired, message: "This sign-in was revoked, by a password change or by an administrator.", advice: signInAgain},
	{codes: "70000", kind: SignInRequired, message: "Microsoft no longer accepts this sign-in.", advice: signInAgain},
	{codes: "70008", kind: SignInRequired, message: "This sign-in has expired or was revoked.", advice: signInAgain,
		taught: "This sign-in ended because it was not used for {limit}."},
	{codes: "700082", kind: SignInRequired, message: "This sign-in ended because it was not used for a long time.", advice: signInAgain,
		taught: "This sign-in ended because it was not used for {limit}."},
	{codes: "70043", kind: SignInRequired, message: "Your organisation limits how long a sign-in lasts, and this one has reached its end.", advice: signInAgain,
		taught: "Your organisation ends sign-ins after {limit}, and this one has reached its end."},
	{codes: "70044", kind: SignInRequired, message: "Your organisation limits how long a session lasts, and this one has reached its end.", advice: signInAgain,
		taught: "Your organisation ends sessions after {limit}, and this one has reached its end."},
	{codes: "700084", kind: SignInRequired, message: "This sign-in came from a web page, and those end after 24 hours.", advice: signInAgain},
	{codes: "700020", kind: SignInRequired, message: "Microsoft wants you to sign in yourself for this.", advice: signInExact},
	{codes: "50085", kind: SignInRequired, message: "The provider of this account wants you to sign in again.", advice: signInAgain},
	{codes: "54005", kind: SignInRequired, message: "The browser's answer was used already.", advice: signInAgain},
	{codes: "50140", kind: SignInRequired, message: "The sign-in stopped at the question whether to stay signed in.", advice: "Sign in again and answer it: {renew}"},
	{codes: "50199", kind: SignInRequired, message: "The sign-in stopped at the question whether you trust Azure CLI.", advice: "Sign in again and answer it: {renew}"},
	{codes: "50126", kind: SignInRequired, message: "The user name or password was not accepted.", advice: signInAgain},
	{codes: "70018", kind: SignInRequired, message: "The device code was not recognised.", advice: signInAgain},
	{codes: "700003", kind: SignInRequired, message: "The device that this sign-in was made on is no longer registered with your organisation.",
		advice: "Sign in once: {renew} (if it is refused again, register this device anew as your organisation says, naming {code})"},
	{codes: "65004", kind: Cancelled, message: "The permission that Azure CLI asked for was declined.", advice: "Sign in again and accept it: {renew}"},
	{codes: "70019", kind: TimedOut, message: "The device code was not entered in time.", advice: signInAgain},

	// An interactive sign-in cures these if it names the tenant and the scope.
	{codes: "50072 50079", kind: ClaimsRequired, message: "Your organisation wants multifactor authentication, and none is set up for this account.",
		advice: "Sign in and follow the steps on the page: {login}"},
	{codes: "50074", kind: ClaimsRequired, message: "Your organisation wants multifactor authentication, and it was not completed.", advice: signInExact},
	{codes: "50076", kind: ClaimsRequired, message: "Your organisation wants multifactor authentication for this.", advice: signInExact},
	{codes: "50078", kind: ClaimsRequired, message: "The multifactor authentication of this sign-in has expired.", advice: signInExact},
	{codes: "50158", kind: ClaimsRequired, message: "Your organisation wants a further check by another service.", advice: signInExact},
	{codes: "500121", kind: ClaimsRequired, message: "The multifactor request was refused, or not approved in time.", advice: "Sign in again and approve it: {login}"},
	{codes: "50125", kind: ClaimsRequired, message: "Your organisation wants contact details for a password reset first.", advice: "Sign in and give them on the page: {login}"},

	// The password comes first.
	{codes: "50055", kind: PasswordFirst, message: "The password of this account has expired.", advice: "Change it at https://aka.ms/sspr, then sign in."},
	{codes: "50144", kind: PasswordFirst, message: "The password of this account has expired in your organisation's own directory.", advice: "Change it as your organisation says (Ctrl+Alt+Del on a Windows work PC), then sign in."},
	{codes: "50135", kind: PasswordFirst, message: "Microsoft thinks the password of this account is known to others and wants a new one.", advice: "Change it at https://aka.ms/sspr, then sign in."},

	// An administrator comes first.
	{codes: "50053", kind: AccountBlocked, message: "The account is locked, or this network address is blocked.", advice: "Wait half an hour, or ask your administrator, naming {code}."},
	{codes: "50057", kind: AccountBlocked, message: "The account is disabled.", advice: askAdmin},

	// Device and conditional access: signing in again does not help.
	{codes: "50097", kind: PolicyBlocked, message: "Your organisation wants proof that this is a device it knows.", advice: knownDevice},
	{codes: "530003", kind: PolicyBlocked, message: "Your organisation requires a managed device for this, and this one is not.", advice: knownDevice},
	{codes: "50005", kind: PolicyBlocked, message: "Your organisation does not allow this from this operating system.", advice: askAdmin},
	{codes: "50127", kind: PolicyBlocked, message: "Your organisation wants its broker app on this device, and it is not installed.", advice: checkDevice},
	{codes: "50129", kind: PolicyBlocked, message: "Your organisation requires a registered device for this, and this one is not.", advice: checkDevice},
	{codes: "50131", kind: PolicyBlocked, message: "Your organisation's conditional access blocks this, because of the device or of unusual activity.", advice: checkDevice},
	{codes: "50155 50187", kind: PolicyBlocked, message: "Microsoft could not tell which device this is.", advice: checkDevice},
	{codes: "53000", kind: PolicyBlocked, message: "Your organisation requires a compliant device for this, and this one is not.", advice: checkDevice},
	{codes: "53001", kind: PolicyBlocked, message: "Your organisation requires a device joined to its domain for this, and this one is not.", advice: checkDevice},
	{codes: "53002", kind: PolicyBlocked, message: "Your organisation allows only approved apps for this, and Azure CLI is not one.", advice: askAdmin},
	{codes: "53003", kind: PolicyBlocked, message: "Your organisation's conditional access blocks this.",
		advice: "Signing in again does not help: try the office network or VPN, and not --device-code, or ask your administrator, naming {code}."},
	{codes: "53004", kind: PolicyBlocked, message: "Multifactor authentication must be set up first, and is blocked because this sign-in looks risky.", advice: askAdmin},
	{codes: "53010", kind: PolicyBlocked, message: "Multifactor authentication can be set up only from places or devices your organisation trusts.", advice: "Set it up at https://aka.ms/mfasetup from your organisation's network, then sign in."},
	{codes: "53011", kind: PolicyBlocked, message: "The account is blocked in its home tenant because it looks at risk.", advice: askAdmin},
	{codes: "530032", kind: PolicyBlocked, message: "A security policy of the tenant blocks this.", advice: askAdmin},
	{codes: "530034", kind: PolicyBlocked, message: "A delegated administrator was blocked because the account looks at risk.", advice: askAdmin},
	{codes: "530035", kind: PolicyBlocked, message: "The tenant's security defaults block this.", advice: askAdmin},
	{codes: "135011", kind: PolicyBlocked, message: "This device is disabled in your organisation's directory.", advice: askAdmin},

	// Another tenant, or a membership that is missing.
	{codes: "50020 50034 51004 90072 16000 16003", kind: WrongTenant, message: "This account is not a member of the tenant.", advice: otherTenant},
	{codes: "50177 50178", kind: WrongTenant, message: "The tenant wants a check that it cannot make for guests.", advice: "Use an account of that tenant, or ask its administrator, naming {code}."},
	{codes: "50128", kind: WrongTenant, message: "The sign-in did not say for which tenant it is.", advice: "Name it: aztray tenant use TENANT"},
	{codes: "90002", kind: WrongTenant, message: "There is no such tenant in this cloud.", advice: "Check azure.tenant_id (aztray config show) and the cloud (az cloud show)."},
	{codes: "90038", kind: WrongTenant, message: "The tenant belongs to another cloud.", advice: "Choose that cloud (az cloud set --name NAME), then sign in."},
	{codes: "500021 500022", kind: WrongTenant, message: "Your network allows only certain tenants, and this one is not among them.", advice: askAdmin},
	{codes: "500212 500213", kind: WrongTenant, message: "A policy between the two organisations keeps this account out of the tenant.", advice: askAdmin},
	{codes: "50105", kind: WrongTenant, message: "This account is not assigned to the application.", advice: askAdmin},

	// Consent.
	{codes: "65001", kind: ConsentNeeded, message: "Nobody has given Azure CLI permission for this in the tenant.", advice: "Sign in and accept it: {login}"},
	{codes: "90094 90095", kind: ConsentNeeded, message: "An administrator must give Azure CLI permission for this in the tenant.", advice: askAdmin},
	{codes: "65002", kind: ConsentNeeded, message: "Microsoft does not let Azure CLI ask for this scope.", advice: checkPlace},

	// Something in the settings, of ours or of the tenant, must change.
	{codes: "500011", kind: ConfigError, message: "The service of this scope is not known in the tenant: a wrong tenant, or a service never used there.", advice: checkPlace},
	{codes: "650052", kind: ConfigError, message: "Your organisation has not enabled the service of this scope.", advice: askAdmin},
	{codes: "650057", kind: ConfigError, message: "Azure CLI may not ask for this scope.", advice: checkPlace},
	{codes: "70011", kind: ConfigError, message: "Microsoft does not know this scope.", advice: "Check azure.scope: aztray config show"},
	{codes: "50011 500113", kind: ConfigError, message: "The application's reply address is not registered.", advice: sendBug},
	{codes: "70001 700016", kind: ConfigError, message: "The tenant does not know the application.", advice: "Check AZURE_CLIENT_ID and the tenant it belongs to."},
	{codes: "7000112", kind: ConfigError, message: "The application is disabled in the tenant.", advice: askAdmin},
	{codes: "70002 7000215", kind: ConfigError, message: "The service principal's secret is not right.", advice: "Give az the right one: " + loginBySecret},
	{codes: "7000222", kind: ConfigError, message: "The service principal's secret has expired.", advice: "Have an owner of the app make a new one (az ad app credential reset --id {app}), then: " + loginBySecret},
	{codes: "7000218", kind: ConfigError, message: "The application wants a secret or a certificate, and none was sent.", advice: "Check AZURE_CLIENT_ID, or sign in az with the secret: az login --service-principal"},
	{codes: "700024", kind: ConfigError, message: "The service principal's federated token or certificate proof is out of date.", advice: "Set this machine's clock right, or give az a new federated token: " + loginByToken},
	{codes: "700027", kind: ConfigError, message: "The service principal's certificate has expired, or is not one that the application knows.", advice: "Put a good one on the app (az ad app credential reset --id {app} --cert @CERT.pem --append), then: az login --service-principal --username {app} --tenant {tenant} --password CERT.pem"},
	{codes: "70021 700211 700212 700213", kind: ConfigError, message: "The application does not trust the federated token: its issuer, subject or audience is not one that the app names.", advice: "Compare them with: az ad app federated-credential list --id {app}"},
	{codes: "50027 700023", kind: ConfigError, message: "Microsoft could not read the service principal's proof.", advice: "Sign az in anew: az login --service-principal --username {app} --tenant {tenant} (see az login --help)"},
	{codes: "900144", kind: ConfigError, message: "The request lacked something that Microsoft needs.", advice: sendBug},
	{codes: "9002313", kind: ConfigError, message: "Microsoft could not read the request.", advice: "If az's token cache was copied or cut short, clear it (az account clear) and sign in; else update az."},
	{codes: "75011", kind: ConfigError, message: "You were signed in by another method than the application wants.", advice: "Sign out in the browser and sign in by the method your organisation wants, naming {code} if you must ask."},
	{codes: "75xxx", kind: ConfigError, message: "The sign-in between your organisation and the application is not set up right.", advice: askAdmin},

	// These pass.
	{codes: "50196", kind: Transient, message: "Microsoft saw the same request too often and wants a pause.", advice: "Nothing to do: it is tried again in some minutes."},
	{codes: "90055", kind: Transient, message: "The tenant gets too many requests at the moment.", advice: waitAWhile},
	{codes: "50088", kind: Transient, message: "The limit of calls and text messages for multifactor authentication is reached.", advice: "Wait some minutes, or use the Authenticator app."},
	{codes: "90033 90006 90012 90024 90090 50033 50087 80005", kind: Transient, message: "Microsoft's sign-in service has a passing problem.", advice: waitAWhile},
}

// unknownEntra is a code that no row has.
var unknownEntra = fault{kind: Unclassified, message: "Microsoft refused this for a reason that aztray does not know.",
	advice: "Sign in once: {renew} (if it is refused again, see https://login.microsoftonline.com/error?code={number})"}

var entraByNumber = sync.OnceValue(func() map[string]fault { return byCode(entraFaults) })

func byCode(table []fault) map[string]fault {
	m := make(map[string]fault)
	for _, f := range table {
		for code := range strings.FieldsSeq(f.codes) {
			m[code] = f
		}
	}
	return m
}

// entraFault finds the row of a number such as 700082.
func entraFault(number string) (fault, bool) {
	f, ok := entraByNumber()[number]
	if !ok && len(number) >= 5 && strings.HasPrefix(number, "75") {
		f, ok = entraByNumber()["75xxx"] // all of SAML
	}
	return f, ok
}
