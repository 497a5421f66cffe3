package containers

import (
	"time"

	"aztray/internal/auth"
)

// bundle is a sign-in with one token for the usual scope.
func bundle(secret string, end time.Time) auth.Bundle {
	return auth.Bundle{
		Username: "ada@contoso.example", HomeAccountID: "oid.tenant", Environment: "login.microsoftonline.com",
		Cloud: "AzureCloud", TenantID: "11111111-1111-1111-1111-111111111111",
		Subscription: auth.Subscription{ID: "22222222-2222-2222-2222-222222222222", Name: "Pay as you go"},
		Tokens: []auth.Token{{Scope: "https://cognitiveservices.azure.com/.default", TenantID: "11111111-1111-1111-1111-111111111111",
			Secret: auth.NewSecret(secret), ObtainedAt: end.Add(-time.Hour), ExpiresOn: end}},
	}
}
