package auth

// Bundle is a sign-in cut down to what a container may hold: one account in one tenant and access
// tokens. It never holds a refresh token.
type Bundle struct {
	Username      string
	HomeAccountID string // "<oid>.<home tenant>", as MSAL names it
	Environment   string // the authority's host in the token cache, such as login.microsoftonline.com
	Cloud         string // az's name of the cloud, such as AzureCloud
	TenantID      string
	Subscription  Subscription // the zero value: a tenant-level account
	Tokens        []Token
}
