package watch

import (
	"testing"

	"aztray/internal/watch/symptom"
)

// story is an answer of Code Story's /health, with what its openai component says and its errors.
func story(overall, openai, errors string) string {
	return `{"status":"` + overall + `","timestamp":"2026-11-23T10:00:00Z","version":"0.1.0","uptime":4711,"components":{
		"neo4j":{"status":"healthy","details":{"database":"neo4j"}},
		"celery":{"status":"healthy","details":{"active_workers":1}},
		"openai":` + openai + `,
		"redis":{"status":"healthy","details":{"connection":"redis://redis:6379/0"}}},"error_package":` + errors + `}`
}

var judgeCases = []struct {
	name   string
	status int
	body   string
	want   symptom.Hit
}{
	// Code Story
	{"all is well", 200, story("healthy", `{"status":"healthy","details":{"message":"OpenAI API connection successful","models":["text-embedding-3-small","gpt-4o","gpt-4o"],"api_version":"2025-03-01-preview"}}`, "null"), symptom.Hit{}},
	{"its own verdict", 200, story("degraded", `{"status":"unhealthy","details":{"error":"Azure authentication credentials expired","type":"AuthenticationError","tenant_id":null,"solution":"Run: az login --scope https://cognitiveservices.azure.com/.default","hint":"You can use our CLI for manual renewal: codestory service auth-renew"}}`, "null"), symptom.Hit{Cause: symptom.NoCredential}},
	{"an error that it has no verdict for", 200, story("degraded", `{"status":"degraded","details":{"message":"OpenAI health check failed with unexpected error","error":"DefaultAzureCredential: AADSTS70043: The refresh token has expired","error_type":"ClientAuthenticationError"}}`, "null"), symptom.Hit{Cause: symptom.Entra, Code: "AADSTS70043"}},
	{"a token that was refused", 200, story("degraded", `{"status":"degraded","details":{"error":"Error code: 401 - {'statusCode': 401, 'message': 'Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired.'}","error_type":"AuthenticationError"}}`, "null"), symptom.Hit{Cause: symptom.TokenRefused}},
	{"a role that is missing", 200, story("degraded", `{"status":"degraded","details":{"error":"Error code: 401 - {'error': {'code': 'PermissionDenied', 'message': 'The principal lacks the required data action'}}","error_type":"AuthenticationError"}}`, "null"), symptom.Hit{Cause: symptom.RoleMissing}},
	{"a key that is wrong", 200, story("degraded", `{"status":"degraded","details":{"error":"Error code: 401 - {'error': {'code': '401', 'message': 'Access denied due to invalid subscription key'}}","error_type":"AuthenticationError"}}`, "null"), symptom.Hit{}},
	{"it was slow", 200, story("degraded", `{"status":"unhealthy","details":{"error":"Health check timed out after 10 seconds","type":"TimeoutError"}}`, "null"), symptom.Hit{}},
	{"an endpoint that is wrong", 200, story("degraded", `{"status":"unhealthy","details":{"message":"Azure OpenAI endpoint returned a 404 error","error":"Endpoint not found or unavailable"}}`, "null"), symptom.Hit{}},
	{"healed by itself", 200, story("healthy", `{"status":"healthy","details":{"auth_renewal":true,"message":"Azure authentication renewed successfully after AADSTS70043"}}`, "null"), symptom.Hit{}},
	{"no details", 200, story("degraded", `{"status":"unhealthy","details":null}`, "null"), symptom.Hit{}},
	{"a worker's errors", 200, story("unhealthy", `{"status":"healthy","details":null}`, `["step summarizer: DefaultAzureCredential failed to retrieve a token from the included credentials.","other"]`), symptom.Hit{Cause: symptom.NoCredential}},
	{"a worker's error says more", 200, story("unhealthy", `{"status":"unhealthy","details":{"type":"AuthenticationError"}}`, `["ERROR: AADSTS50173: revoked"]`), symptom.Hit{Cause: symptom.Entra, Code: "AADSTS50173"}},
	{"it can't even start its client", 401, `{"detail":"OpenAI authentication error: DefaultAzureCredential failed to retrieve a token from the included credentials."}`, symptom.Hit{Cause: symptom.NoCredential}},
	{"it can't start for another reason", 500, `{"detail":"Failed to initialize OpenAI client: API endpoint is required"}`, symptom.Hit{}},

	// others
	{"ours", 503, `{"status":"unhealthy","components":{"azure_auth":{"status":"unhealthy","details":{"problem":{"code":"AADSTS700082"}}}}}`, symptom.Hit{Cause: symptom.Entra, Code: "AADSTS700082"}},
	{"ours, without a code", 503, `{"status":"unhealthy","components":{"azure_auth":{"status":"unhealthy","details":{}}}}`, symptom.Hit{Cause: symptom.NoCredential}},
	{"Spring", 503, `{"status":"DOWN","components":{"openai":{"status":"DOWN","details":{"error":"com.azure.identity.CredentialUnavailableException: EnvironmentCredential authentication unavailable."}},"db":{"status":"UP"}}}`, symptom.Hit{Cause: symptom.NoCredential}},
	{"ASP.NET", 503, `{"status":"Unhealthy","entries":{"openai":{"status":"Unhealthy","description":"Please run \u0027az login\u0027 to set up account"}}}`, symptom.Hit{Cause: symptom.AzLogin}},
	{"a word", 200, "OK", symptom.Hit{}},
	{"a bare document", 200, `{"status":"ok"}`, symptom.Hit{}},
	{"a page that tells how to sign in", 200, "<p>First run <code>az login</code>: run az login", symptom.Hit{}},
	{"no such page", 404, "404 page not found", symptom.Hit{}},
	{"nothing", 200, "", symptom.Hit{}},
	{"another kind of document", 200, `["healthy"]`, symptom.Hit{}},
	{"components of another kind", 503, `{"status":"unhealthy","components":["AADSTS70043"]}`, symptom.Hit{Cause: symptom.Entra, Code: "AADSTS70043"}},
}

func TestJudge(t *testing.T) {
	for _, c := range judgeCases {
		t.Run(c.name, func(t *testing.T) {
			if got := judge(c.status, []byte(c.body)); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func FuzzJudge(f *testing.F) {
	for _, c := range judgeCases {
		f.Add(c.status, []byte(c.body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if hit := judge(status, body); (hit.Code != "") != (hit.Cause == symptom.Entra) {
			t.Errorf("%+v", hit)
		}
	})
}
