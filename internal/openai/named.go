package openai

import (
	"cmp"
	"fmt"

	"aztray/internal/auth"
)

// Named says in words whose the endpoint is, where it is another tenant's than the one in use: a name
// tells a person what an id does not. Other results come back as they are.
func (r Result) Named(known []auth.Tenant, inUse auth.Tenant) Result {
	if r.Problem == nil || r.Problem.Kind != auth.WrongTenant || r.TenantID == "" {
		return r
	}
	theirs := auth.Tenant{ID: r.TenantID}
	for _, t := range known {
		if t.ID == r.TenantID {
			theirs = t
		}
	}
	p := *r.Problem
	p.Message = fmt.Sprintf("The Azure OpenAI endpoint belongs to %s, and you are signed in to %s.", theirs.Label(), inUse.Label())
	p.Advice = fmt.Sprintf("Switch the tenant, in the menu or by: aztray tenant use %s", cmp.Or(theirs.Domain, theirs.ID))
	r.Problem = &p
	return r
}
