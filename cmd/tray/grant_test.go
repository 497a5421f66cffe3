package main

import (
	"slices"
	"testing"

	"aztray/internal/containers"
)

// TestWhoMayAskTheEndpointForWhat: a label alone gets a container nothing there that the settings do not give; the
// tenant in use stays the one in use when it asks.
func TestWhoMayAskTheEndpointForWhat(t *testing.T) {
	const usual, more, here, there = "https://cognitiveservices.azure.com/.default", "https://vault.azure.net/.default", "11111111-aaaa-4aaa-8aaa-000000000001", "fabrikam.example"
	ch := containers.Choice{Tenant: here, Scopes: []string{usual}}
	asking := containers.Container{Name: "app", Scopes: []string{more}}
	abroad := containers.Container{Name: "app", Tenant: there}
	for _, c := range []struct {
		why    string
		c      containers.Container
		tenant string
		more   bool
	}{
		{"unanswered", asking, "", false},
		{"allowed", asking.Said(containers.AskScopes, true), "", true},
		{"never", asking.Said(containers.AskScopes, false), "", false},
		{"another tenant, unanswered", abroad, "", false},
		{"another tenant, allowed", abroad.Said(containers.AskTenant, true), there, false},
		{"the tenant in use", containers.Container{Name: "app", Tenant: here}, "", false},
	} {
		all := clients([]containers.Caller{{Container: c.c}}, ch)
		if len(all) != 1 || all[0].Tenant != c.tenant || slices.Contains(all[0].Scopes, more) != c.more || !slices.Contains(all[0].Scopes, usual) {
			t.Errorf("%s: %+v", c.why, all)
		}
	}
}
