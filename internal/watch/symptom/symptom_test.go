package symptom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// cases are lines as programs print them, the names of people and resources made up.
var cases = []struct {
	name, line string
	want       Hit
}{
	// Python: azure-identity, openai
	{"python, chain", "DefaultAzureCredential failed to retrieve a token from the included credentials.", Hit{Cause: NoCredential}},
	{"python, chain, as raised", "azure.core.exceptions.ClientAuthenticationError: ChainedTokenCredential failed to retrieve a token from the included credentials.", Hit{Cause: NoCredential}},
	{"python, no az", "\tAzureCliCredential: Azure CLI not found on path", Hit{Cause: NoCredential}},
	{"python, az is slow", "\tAzureCliCredential: Failed to invoke the Azure CLI", Hit{Cause: NoCredential}},
	{"python, az says nothing", "\tAzureCliCredential: Failed to invoke Azure CLI", Hit{Cause: NoCredential}},
	{"python, not signed in", "\tAzureCliCredential: Please run 'az login' to set up an account", Hit{Cause: AzLogin}},
	{"python, refused", "\tAzureCliCredential: ERROR: AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token was issued on 2026-11-20T07:31:07.1749157Z and the maximum allowed lifetime for this request is 43200.", Hit{Entra, "AADSTS70043"}},
	{"python, openai", "openai.AuthenticationError: Error code: 401 - {'statusCode': 401, 'message': 'Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired.'}", Hit{Cause: TokenRefused}},
	{"python, openai, newer endpoint", "openai.AuthenticationError: Error code: 401 - {'statusCode': 401, 'message': 'Unauthorized. Access token is missing, invalid, audience is incorrect (https://ai.azure.com), or have expired.'}", Hit{Cause: TokenRefused}},
	{"python, no role", "openai.AuthenticationError: Error code: 401 - {'error': {'code': 'PermissionDenied', 'message': 'The principal `0` lacks the required data action `Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action` to perform `POST /openai/deployments/{deployment-id}/chat/completions` operation.'}}", Hit{Cause: RoleMissing}},
	{"python, no role, older", "openai.PermissionDeniedError: Error code: 403 - {'error': {'code': 'PermissionDenied', 'message': 'Principal does not have access to API/Operation.'}}", Hit{Cause: RoleMissing}},
	{"python, other tenant", "openai.BadRequestError: Error code: 400 - {'error': {'code': 'Tenant provided in token does not match resource token', 'message': 'Token tenant 1 does not match resource tenant.'}}", Hit{Cause: WrongTenant}},
	{"python, rich and coloured", "\x1b[1;31mClientAuthenticationError: \x1b[0mDefaultAzureCredential \x1b[1mfailed\x1b[0m to retrieve a token from the included credentials.", Hit{Cause: NoCredential}},

	// .NET: Azure.Identity
	{".net, chain", "Azure.Identity.CredentialUnavailableException: DefaultAzureCredential failed to retrieve a token from the included credentials. See the troubleshooting guide for more information. https://aka.ms/azsdk/net/identity/defaultazurecredential/troubleshoot", Hit{Cause: NoCredential}},
	{".net, chosen source failed", " ---> Azure.Identity.AuthenticationFailedException: DefaultAzureCredential authentication failed due to an unhandled exception: ", Hit{Cause: NoCredential}},
	{".net, no az", "- Azure CLI not installed", Hit{Cause: NoCredential}},
	{".net, az is slow", "- Azure CLI authentication timed out.", Hit{Cause: NoCredential}},
	{".net, not signed in", "- Please run 'az login' to set up account", Hit{Cause: AzLogin}},
	{".net, must be signed in", "- Azure CLI could not login. Interactive login is required.", Hit{Cause: AzLogin}},
	{".net, refused", "Azure CLI authentication failed due to an unknown error. See the troubleshooting guide for more information. https://aka.ms/azsdk/net/identity/azclicredential/troubleshoot ERROR: AADSTS50078: Presented multi-factor authentication has expired", Hit{Entra, "AADSTS50078"}},
	{".net, as JSON", `{"EventId":13,"LogLevel":"Error","Message":"An unhandled exception has occurred","Exception":"Azure.Identity.CredentialUnavailableException: DefaultAzureCredential failed to retrieve a token\u00A0from the included credentials.\r\n- Please run \u0027az login\u0027 to set up account\r\n"}`, Hit{Cause: AzLogin}},

	// JavaScript: @azure/identity
	{"js, chain", "AggregateAuthenticationError: ChainedTokenCredential authentication failed.", Hit{Cause: NoCredential}},
	{"js, no az", "CredentialUnavailableError: Azure CLI could not be found. Please visit https://aka.ms/azure-cli for installation instructions and then, once installed, authenticate to your Azure account using 'az login'.", Hit{Cause: NoCredential}},
	{"js, not signed in", "CredentialUnavailableError: Please run 'az login' from a command prompt to authenticate before using this credential.", Hit{Cause: AzLogin}},
	{"js, refused", "CredentialUnavailableError: ERROR: AADSTS700082: The refresh token has expired due to inactivity.", Hit{Entra, "AADSTS700082"}},
	{"js, openai", "AuthenticationError: 401 Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired.", Hit{Cause: TokenRefused}},

	// Go: azidentity
	{"go, chain", "2026/11/23 10:00:00 DefaultAzureCredential: failed to acquire a token.", Hit{Cause: NoCredential}},
	{"go, no az", "\tAzureCLICredential: executable not found on path", Hit{Cause: NoCredential}},
	{"go, not signed in", "\tAzureCLICredential: ERROR: Please run 'az login' to setup account.", Hit{Cause: AzLogin}},
	{"go, claims", "AzureCLICredential.GetToken(): Azure CLI requires multifactor authentication or additional claims. Run this command then retry the operation: az login --claims-challenge eyJ", Hit{Cause: AzLogin}},
	{"go, slog text, quoted", `level=ERROR msg="embedding failed" err="DefaultAzureCredential: failed to acquire a token.\nAttempted credentials:\n\tEnvironmentCredential: missing environment variable AZURE_TENANT_ID\n\tAzureCLICredential: ERROR: Please run 'az login' to setup account."`, Hit{Cause: AzLogin}},
	{"go, body of the endpoint", `{"statusCode":401,"message":"Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired."}`, Hit{Cause: TokenRefused}},

	{"go, azidentity 1.15, az is slow", "\tAzureCLICredential: signal: killed", Hit{Cause: NoCredential}},

	// claims challenges
	{"js, @azure/identity 4.14, claims", "CredentialUnavailableError: This credential doesn't support claims challenges. To authenticate with the required claims, " +
		"please run the following command: az login --claims-challenge eyJ --scope https://cognitiveservices.azure.com/.default", Hit{Cause: AzLogin}},
	{"python, azure-identity 1.26, claims", "azure.identity._exceptions.CredentialUnavailableError: This credential doesn't support claims challenges. To authenticate with the required claims, " +
		"please run the following command (requires Azure CLI version 2.76.0 or later): az login --claims-challenge eyJ", Hit{Cause: AzLogin}},

	// aztray's small az, as SDKs pass on what it says
	{"small az, python, azure-identity 1.26", "\tAzureCliCredential: ERROR: aztray has delivered nothing that this user can read. On the host, see why: aztray doctor", Hit{Cause: AzLogin}},
	{"small az, js, @azure/identity 4.14", "CredentialUnavailableError: ERROR: aztray has withdrawn the sign-in. On the host, renew it: aztray service auth-renew", Hit{Cause: AzLogin}},
	{"small az, go, azidentity 1.15", "AzureCLICredential: ERROR: The token that aztray delivered has expired. On the host, renew the sign-in: aztray service auth-renew", Hit{Cause: AzLogin}},
	{"small az, another resource", "ERROR: aztray delivers no token for https://vault.azure.net. On the host, see what it delivers: aztray service status --verbose", Hit{Cause: AzLogin}},
	{"aztray's own log", "level=INFO msg=\"aztray listens\"", Hit{}},

	// Java: azure-identity
	{"java, chain", "com.azure.identity.CredentialUnavailableException: EnvironmentCredential authentication unavailable. Environment variables are not fully configured.", Hit{Cause: NoCredential}},
	{"java, chain, retried", "ERROR 1 --- [nio-9091-exec-5] c.e.Service : Max retries 3 times exceeded. Error Details: EnvironmentCredential authentication unavailable. Environment variables are not fully configured.", Hit{Cause: NoCredential}},
	{"java, chosen source failed", "com.azure.core.exception.ClientAuthenticationException: DefaultAzureCredential authentication failed. ---> AzureCliCredential authentication failed. Error Details: ", Hit{Cause: NoCredential}},
	{"java, no az", "AzureCliCredential authentication unavailable. Azure CLI not installed.To mitigate this issue, please refer to the troubleshooting guidelines", Hit{Cause: NoCredential}},
	{"java, not signed in", "AzureCliCredential authentication unavailable. Please run 'az login' to set up account.", Hit{Cause: AzLogin}},

	// az itself, where a container runs it
	{"az, not signed in", "ERROR: Please run 'az login' to setup account.", Hit{Cause: AzLogin}},
	{"az, lost the account", "ERROR: User 'dev@contoso.example' does not exist in MSAL token cache. Run `az login`.", Hit{Cause: AzLogin}},
	{"az, interaction", "Interactive authentication is needed. Please run:", Hit{Cause: AzLogin}},
	{"az, interaction, newer", "Run the command below to authenticate interactively; additional arguments may be added as needed:", Hit{Cause: AzLogin}},
	{"blanks of no width, and that do not break", "failed to retrieve\u200ba token\u00a0from the included credentials", Hit{Cause: NoCredential}},
	{"typographic quotation marks", "Please run \u2018az login\u2019 or \u201caz login\u201d", Hit{Cause: AzLogin}},

	// wrapped, as servers log tracebacks
	{"JSON in JSON", `{"log":"{\"event\":\"health\",\"exception\":\"azure.core.exceptions.ClientAuthenticationError: DefaultAzureCredential failed to retrieve a token from the included credentials.\\nAttempted credentials:\\n\\tAzureCliCredential: Please run \\u0027az login\\u0027 to set up an account\"}"}`, Hit{Cause: AzLogin}},
	{"JSON in JSON, refused", `{"message":"{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS50173: The provided grant has expired\"}"}`, Hit{Entra, "AADSTS50173"}},
	{"Code Story", "WARNING:codestory.llm.client:You may need to run 'az login' manually in a terminal", Hit{Cause: AzLogin}},
	{"lower case", "error: aadsts50076: due to a configuration change", Hit{Entra, "AADSTS50076"}},
	{"two codes: the first", "AADSTS50076 was seen before AADSTS700082", Hit{Entra, "AADSTS50076"}},

	// what fails for other reasons, or not at all
	{"nothing", "", Hit{}},
	{"a source that is not configured", "INFO:azure.identity._credentials.environment:No environment configuration found.", Hit{}},
	{"a source that is passed over", "DEBUG EnvironmentCredential.get_token failed: EnvironmentCredential authentication unavailable. Environment variables are not fully configured.", Hit{}},
	{"a source that was used", "INFO:azure.identity.aio._credentials.chained:DefaultAzureCredential acquired a token from AzureCliCredential", Hit{}},
	{"a key that is wrong", "openai.AuthenticationError: Error code: 401 - {'error': {'code': '401', 'message': 'Access denied due to invalid subscription key or wrong API endpoint.'}}", Hit{}},
	{"the firewall", "openai.PermissionDeniedError: Error code: 403 - {'error': {'code': '403', 'message': 'Access denied due to Virtual Network/Firewall rules.'}}", Hit{}},
	{"throttled", "openai.RateLimitError: Error code: 429", Hit{}},
	{"another program's permissions", "rpc error: code = PermissionDenied desc = caller lacks credentials", Hit{}},
	{"a hint", "hint: az login --tenant x signs in to another tenant", Hit{}},
	{"a number that is none", "AADSTS12 and AADSTS123456789 and AADSTS", Hit{}},
	{"a token cache of theirs", "SharedTokenCacheCredential: no accounts in the cache", Hit{}},
}

func TestFind(t *testing.T) {
	var m Matcher
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for how, line := range map[string]string{
				"as it is": c.line, "in capitals": strings.ToUpper(c.line), "as JSON": asJSON(c.line), "as JSON twice": asJSON(asJSON(c.line)),
				"in a long line": strings.Repeat("word ", 5000) + c.line + strings.Repeat(" word", 5000),
			} {
				if how == "in capitals" && strings.Contains(line, `\U`) { // no escape of JSON's any more
					continue
				}
				got, ok := m.Find([]byte(line))
				if got != c.want || ok != (c.want != Hit{}) {
					t.Errorf("%s: %+v, %v, want %+v", how, got, ok, c.want)
				}
			}
		})
	}
}

func asJSON(s string) string {
	b, _ := json.Marshal(map[string]string{"msg": s})
	return string(b)
}

// TestEverySayingCanBeFound: a saying without an anchor, or not as plainly leaves it, never would be.
func TestEverySayingCanBeFound(t *testing.T) {
	var m Matcher
	for _, r := range rules {
		for _, s := range r.says {
			if hit, ok := m.Find([]byte("x " + s + " y")); !ok || hit.Cause != r.cause {
				t.Errorf("%q gives %+v, want %s", s, hit, r.cause)
			}
		}
	}
}

func TestEachCauseOnceAMinute(t *testing.T) {
	var m Matcher
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		line  string
		after time.Duration
		want  bool
	}{
		{"AADSTS70043", 0, true},
		{"AADSTS700082", time.Second, false},
		{"please run 'az login'", time.Second, true},
		{"AADSTS70043", 59*time.Second + 999*time.Millisecond, false},
		{"AADSTS70043", time.Minute, true},
		{"AADSTS70043", 90 * time.Second, false},
		{"AADSTS70043", -time.Hour, true}, // the clock was set back
		{"all is well", time.Hour, false},
	} {
		if _, got := m.News([]byte(c.line), at.Add(c.after)); got != c.want {
			t.Errorf("%q after %s: %v, want %v", c.line, c.after, got, c.want)
		}
	}
}

func TestWhatACredentialCures(t *testing.T) {
	for c, want := range map[Cause]bool{NoCredential: true, AzLogin: true, Entra: true, TokenRefused: true, WrongTenant: true, RoleMissing: false, "": false} {
		if c.Credential() != want {
			t.Errorf("%q: %v, want %v", c, !want, want)
		}
	}
}

// FuzzFind: whatever a container prints is read to its end, unchanged, and a code is as auth reads it.
func FuzzFind(f *testing.F) {
	for _, c := range cases {
		f.Add([]byte(c.line))
	}
	f.Add([]byte("\x1b[AADSTS\\u001b\\\\"))
	code := regexp.MustCompile(`^AADSTS\d{4,8}$`)
	f.Fuzz(func(t *testing.T, text []byte) {
		var m Matcher
		before := bytes.Clone(text)
		hit, ok := m.Find(text)
		if !bytes.Equal(before, text) {
			t.Fatal("the text was changed")
		}
		if ok != (hit.Cause != "") || (hit.Cause == Entra) != code.MatchString(hit.Code) || hit.Cause != Entra && hit.Code != "" {
			t.Fatalf("%+v, %v", hit, ok)
		}
		if len(m.plain) > len(text) || len(m.lower) != len(text) {
			t.Fatalf("%d bytes became %d and %d", len(text), len(m.lower), len(m.plain))
		}
	})
}

// BenchmarkFind compares with one regular expression of the same sayings, on the lines of a chatty
// service with a failure in every thousandth.
func BenchmarkFind(b *testing.B) {
	var lines [][]byte
	size := 0
	for i := range 10_000 {
		line := fmt.Sprintf(`2026-11-23 10:00:00,%03d INFO uvicorn.access 172.18.0.%d:%d - "GET /v1/ingest/%d/status?resource=graph HTTP/1.1" 200 OK`, i%1000, i%250, 40000+i, i)
		if i%1000 == 999 {
			line = cases[i%30].line
		}
		lines = append(lines, []byte(line))
		size += len(line)
	}
	var says []string
	for _, r := range rules {
		for _, s := range r.says {
			says = append(says, regexp.QuoteMeta(s))
		}
	}
	plain := regexp.MustCompile(`(?i)AADSTS(\d{4,8})|` + strings.Join(says, "|"))
	var m Matcher
	for _, impl := range []struct {
		name string
		find func([]byte) bool
	}{
		{"matcher", func(line []byte) bool { _, ok := m.Find(line); return ok }},
		{"regexp", plain.Match},
	} {
		b.Run("impl="+impl.name, func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, line := range lines {
					impl.find(line)
				}
			}
		})
	}
}
