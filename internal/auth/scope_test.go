package auth

import (
	"slices"
	"strings"
	"testing"
)

func TestSameAudience(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"https://vault.azure.net/.default", "https://vault.azure.net", true},
		{"https://vault.azure.net//.default", "https://vault.azure.net/", true},
		{"https://vault.azure.net//.default", "https://vault.azure.net", false},
		{"https://vault.azure.net/.default", "https://vault.azure.net/", false},
		{"https://vault.azure.net/.DEFAULT", "HTTPS://Vault.Azure.NET", true},
		{"https://vault.azure.net/user_impersonation", "https://vault.azure.net/.default", true},
		{"https://vault.azure.net/read", "https://vault.azure.net/.default", false},
		{"https://management.azure.com/.default", "https://management.core.windows.net/.default", false},
		{"api://x/.default", "api://x", true},
		{"/.default", "", false},
	} {
		if got := SameAudience(c.a, c.b); got != c.same {
			t.Errorf("SameAudience(%q, %q) = %v", c.a, c.b, got)
		}
	}
}

func TestWithSpellings(t *testing.T) {
	for _, c := range []struct{ scopes, more string }{
		{"https://cognitiveservices.azure.com/.default", "https://cognitiveservices.azure.com//.default"},
		{"https://cognitiveservices.azure.com//.default", "https://cognitiveservices.azure.com/.default"},
		{"https://Vault.azure.net/.DEFAULT", "https://vault.azure.net//.default"},
		{"https://vault.azure.net/.default https://vault.azure.net//.default", ""},
		{"https://management.core.windows.net//.default",
			"https://management.core.windows.net/.default https://management.azure.com/.default https://management.azure.com//.default"},
		{"https://management.azure.com/.default", "https://management.core.windows.net/.default " +
			"https://management.core.windows.net//.default https://management.azure.com//.default"},
		{"https://graph.microsoft.com/User.Read", ""},
		{"api://x/.default", ""},
		{"499b84ac-1321-427f-aa17-267ca6975798/.default", ""},
		{"https://odd.example///.default", ""},
		{"", ""},
	} {
		scopes := strings.Fields(c.scopes)
		got := WithSpellings(scopes)
		want := append(slices.Clone(scopes), strings.Fields(c.more)...)
		if !slices.Equal(got[len(scopes):], want[len(scopes):]) && len(got)+len(want) > 2*len(scopes) || !slices.Equal(got[:len(scopes)], scopes) {
			t.Errorf("WithSpellings(%q) = %q", scopes, got)
		}
	}
}
