package cloud

// AzureCloud is one of Azure's clouds, each with an Entra, an ARM and an Azure OpenAI of its own. The
// people, tenants and subscriptions are the same in all of them, their tokens serve in one alone.
type AzureCloud struct {
	Name      string   // az's
	Login     []string // hosts of Entra, the first as az names it
	ARM       string   // host
	Audiences []string // what ARM is called in a scope
	Cognitive string   // what Azure OpenAI is called in a scope, less "/.default"
	OpenAI    string   // the end of a resource's host
}

// The clouds. Stack is one that az does not know until somebody registers it: its authority is one that
// Entra vouches for, as those of Europe's sovereign clouds are.
var (
	Public = AzureCloud{"AzureCloud", []string{"login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"},
		"management.azure.com", []string{"https://management.core.windows.net", "https://management.azure.com"}, "https://cognitiveservices.azure.com", ".openai.azure.com"}
	USGovernment = AzureCloud{"AzureUSGovernment", []string{"login.microsoftonline.us", "login.usgovcloudapi.net"},
		"management.usgovcloudapi.net", []string{"https://management.core.usgovcloudapi.net", "https://management.usgovcloudapi.net"}, "https://cognitiveservices.azure.us", ".openai.azure.us"}
	China = AzureCloud{"AzureChinaCloud", []string{"login.chinacloudapi.cn", "login.partner.microsoftonline.cn"},
		"management.chinacloudapi.cn", []string{"https://management.core.chinacloudapi.cn", "https://management.chinacloudapi.cn"}, "https://cognitiveservices.azure.cn", ".openai.azure.cn"}
	Stack = AzureCloud{"RigStack", []string{"login.sovcloud-identity.fr"},
		"management.stack.example", []string{"https://management.stack.example"}, "https://cognitiveservices.stack.example", ".openai.stack.example"}
)

// Clouds lists all of them.
func Clouds() []AzureCloud { return []AzureCloud{Public, USGovernment, China, Stack} }

// Authority is where the cloud's Entra is.
func (a AzureCloud) Authority() string { return "https://" + a.Login[0] }

// Scope is the scope of the cloud's Azure OpenAI.
func (a AzureCloud) Scope() string { return a.Cognitive + "/.default" }

// Endpoint is the Azure OpenAI resource of a tenant, Contoso or Fabrikam, in the cloud.
func (a AzureCloud) Endpoint(t Tenant) string {
	if t == Fabrikam {
		return "https://fabrikam-openai" + a.OpenAI
	}
	return "https://contoso-openai" + a.OpenAI
}

// metadata is what a cloud's Resource Manager tells of it to whoever asks, in the form of 2022-09-01.
// https://management.azure.com/metadata/endpoints?api-version=2022-09-01
func (a AzureCloud) metadata() map[string]any {
	return map[string]any{
		"name":            a.Name,
		"resourceManager": "https://" + a.ARM,
		"graphAudience":   "https://graph.microsoft.com/",
		"authentication": map[string]any{
			"loginEndpoint": a.Authority(), "audiences": a.Audiences, "tenant": "common", "identityProvider": "AAD",
		},
		"suffixes": map[string]any{},
	}
}

// cloudAt is the cloud whose Entra, ARM or Azure OpenAI is at a host; the public one for any other.
func cloudAt(host string) (AzureCloud, ServiceName, bool) {
	for _, a := range Clouds() {
		for _, login := range a.Login {
			if host == login {
				return a, Entra, true
			}
		}
		if host == a.ARM {
			return a, ARM, true
		}
		for _, t := range []Tenant{Contoso, Fabrikam} {
			if "https://"+host == a.Endpoint(t) {
				return a, OpenAI, true
			}
		}
	}
	return Public, "", false
}

// appID is Entra's id of a resource in the cloud; ok is false where that knows none of the name.
func (a AzureCloud) appID(resource string) (id string, ok bool) {
	for _, arm := range a.Audiences {
		if sameResource(arm, resource) {
			return armAppID, true
		}
	}
	switch {
	case sameResource(a.Cognitive, resource):
		return cognitiveAppID, true
	case sameResource("https://graph.microsoft.com", resource):
		return graphAppID, true
	case a.Name == Public.Name && sameResource("https://ai.azure.com", resource):
		return aiAppID, true
	}
	for name, id := range otherApps {
		if a.Name == Public.Name && sameResource(name, resource) {
			return id, true
		}
	}
	return "", false
}

// otherApps are further services of the public cloud that give tokens, with Entra's ids of them.
var otherApps = map[string]string{
	"https://storage.azure.com":                 "e406a681-f3d4-42a8-90b6-c2b029497af1",
	"https://vault.azure.net":                   "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
	"https://ossrdbms-aad.database.windows.net": "123cd850-d9df-40bd-94d5-c9f07b7fa203",
}
