package auth

import "regexp"

// Forms of what becomes an argument of az. A value from outside (a label, a setting, a log, an answer) is one of
// these or goes nowhere: none begins like an option, and none holds a blank or anything that a shell would read.
var (
	guidForm   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	domainForm = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?(\.[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?)+$`)
	scopeForm  = regexp.MustCompile(`^(https://[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?(:[0-9]{1,5})?|api://[0-9A-Za-z._~-]+|` +
		`[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(/[0-9A-Za-z._~-]*)*/\.default$`)
)

const (
	maxScope  = 512 // bytes
	maxDomain = 253 // bytes, as the domain name system has it
)

// IsScope reports whether s is a resource with /.default behind it: an https URL, an api:// address or an
// application's id.
// https://learn.microsoft.com/entra/identity-platform/scopes-oidc#the-default-scope
func IsScope(s string) bool { return len(s) <= maxScope && scopeForm.MatchString(s) }

// IsTenant reports whether s is a tenant's id or one of its domains.
func IsTenant(s string) bool { return len(s) <= maxDomain && (IsGUID(s) || domainForm.MatchString(s)) }

// IsGUID reports whether s is an id such as Entra gives tenants, subscriptions and applications.
func IsGUID(s string) bool { return guidForm.MatchString(s) }
