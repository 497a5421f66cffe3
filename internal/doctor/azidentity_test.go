package doctor

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// What is said of a container's environment is what azidentity 1.15 makes of it: a program that uses its default
// chain has the endpoint's token, or something is said.
func TestEnvironmentAsAzidentity115TakesIt(t *testing.T) {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token": "t", "expires_on": "%d", "resource": "r", "token_type": "Bearer"}`, time.Now().Add(time.Hour).Unix())
	}))
	t.Cleanup(endpoint.Close)
	for i, c := range []struct {
		name string
		env  map[string]string
		gets bool
	}{
		{"what aztray endpoint env prints", nil, true},
		{"AZURE_CLIENT_ID", map[string]string{"AZURE_CLIENT_ID": "c"}, true},
		{"AZURE_CLIENT_ID, set to nothing", map[string]string{"AZURE_CLIENT_ID": ""}, false},
		{"AZURE_TOKEN_CREDENTIALS", map[string]string{"AZURE_TOKEN_CREDENTIALS": "managedidentitycredential"}, true},
		{"AZURE_TOKEN_CREDENTIALS, of all that is deployed", map[string]string{"AZURE_TOKEN_CREDENTIALS": "prod"}, true},
		{"AZURE_TOKEN_CREDENTIALS, set to nothing", map[string]string{"AZURE_TOKEN_CREDENTIALS": ""}, false},
		{"AZURE_TOKEN_CREDENTIALS, in capitals", map[string]string{"AZURE_TOKEN_CREDENTIALS": "PROD"}, false},
		{"AZURE_TOKEN_CREDENTIALS, with blanks", map[string]string{"AZURE_TOKEN_CREDENTIALS": " prod "}, false},
		{"AZURE_TOKEN_CREDENTIALS, of developers", map[string]string{"AZURE_TOKEN_CREDENTIALS": "dev"}, false},
		{"IDENTITY_SERVER_THUMBPRINT", map[string]string{"IDENTITY_SERVER_THUMBPRINT": "ab"}, false},
		{"MSI_ENDPOINT and IMDS_ENDPOINT, of older images", map[string]string{"MSI_ENDPOINT": "http://127.0.0.1:1/", "IMDS_ENDPOINT": "http://127.0.0.1:1/"}, true},
		{"quotation marks", map[string]string{"IDENTITY_ENDPOINT": `"` + endpoint.URL + `"`}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, kv := range os.Environ() {
				if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AZURE_") || isRelevant(name) {
					t.Setenv(name, "") // so that it is put back
					os.Unsetenv(name)
				}
			}
			env := map[string]string{"IDENTITY_ENDPOINT": endpoint.URL, "IDENTITY_HEADER": "s"}
			for name, v := range c.env {
				env[name] = v
			}
			for name, v := range env {
				t.Setenv(name, v)
			}
			t.Setenv("PATH", t.TempDir())                                   // no az
			scope := fmt.Sprintf("https://resource-%d.example/.default", i) // MSAL's cache is the process's
			credential, err := azidentity.NewDefaultAzureCredential(nil)
			if err == nil {
				_, err = credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
			}
			said := overrules(env, "endpoint", "", true)
			if gets := err == nil; gets != c.gets || gets == (len(said) > 0) {
				t.Errorf("it gets a token: %v (%v), want %v; said: %+v", gets, err, c.gets, said)
			}
		})
	}
}
