package config

import (
	"net/url"
	"strings"
)

// theirPlaces are keys of Code Story's file that mean a setting of ours, used where ours says nothing:
// it keeps the tenant beside the endpoint, and Azure's endpoint in a section of its own.
var theirPlaces = []struct {
	ours, theirs string
	empty        func(ours string) bool
}{
	{"azure.tenant_id", "openai.tenant_id", isEmpty},
	{"azure.subscription_id", "openai.subscription_id", isEmpty},
	{"openai.endpoint", "azure_openai.endpoint", func(s string) bool { return s == "" || notAzure(s) }},
}

func isEmpty(s string) bool { return s == "" }

// notAzure reports whether an endpoint is OpenAI's own, which Code Story's published file names: it
// takes keys of its own and no token of Azure's.
func notAzure(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && strings.EqualFold(u.Hostname(), "api.openai.com")
}

// azureEndpoint stores the endpoint to ask; OpenAI's own is none.
func azureEndpoint(s *Settings, raw any) string {
	wrong := text(func(s *Settings) *string { return &s.OpenAI.Endpoint }, optionalURL)(s, raw)
	if notAzure(s.OpenAI.Endpoint) {
		s.OpenAI.Endpoint = ""
	}
	return wrong
}
