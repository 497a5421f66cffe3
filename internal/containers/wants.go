package containers

import (
	"cmp"
	"slices"
)

// Wants is the tenant and the scopes that c is to have tokens for: its label's tenant or else the
// one in use, and the usual scopes with its own after them.
func (c Container) Wants(tenant string, usual []string) (string, []string) {
	scopes := slices.Clone(usual)
	for _, s := range c.Scopes {
		if !slices.Contains(scopes, s) {
			scopes = append(scopes, s)
		}
	}
	return cmp.Or(c.Tenant, tenant), scopes
}
