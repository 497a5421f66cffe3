package cloud

import "strings"

// scopes is what a request asks for: one resource at most, and what of it.
type scopes struct {
	resource string // as it was spelt, a trailing slash included
	granted  string // what the answer lists
}

// parseScopes takes a scope parameter apart. Two resources in one request are an error, as in Entra.
func parseScopes(scope string) (scopes, *entraError) {
	var s scopes
	var granted []string
	for _, one := range strings.Fields(scope) {
		switch one {
		case "openid", "profile", "offline_access", "email":
			continue
		}
		resource, name := "https://graph.microsoft.com", one
		if i := strings.LastIndex(one, "/"); i >= 0 {
			resource, name = one[:i], one[i+1:]
		}
		if s.resource != "" && s.resource != resource || name == "" {
			return scopes{}, refuse(70011, scope)
		}
		s.resource = resource
		if name == ".default" {
			granted = append(granted, resource+"/user_impersonation")
		}
		granted = append(granted, one)
	}
	s.granted = strings.Join(granted, " ")
	return s, nil
}

// sameResource compares two spellings of a resource.
func sameResource(a, b string) bool {
	return strings.EqualFold(strings.TrimRight(a, "/"), strings.TrimRight(b, "/"))
}
