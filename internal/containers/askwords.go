package containers

import (
	"net/url"
	"slices"
	"strings"
)

// The words of the questions about what a container's labels ask for, for tray, page and command line alike.

// AskWords are the words of one question.
type AskWords struct {
	State    string // of the container that asks
	May      string // what is asked
	Allow    string // the answers, where the container is named beside them
	Never    string
	Aloud    string // the same without Never before it, where it is not
	Sentence string // what is asked, and the command that allows it
	Refused  string // that it was answered with never, and how to take that back
	Allowed  string // what an answer does
	Denied   string
}

// Words are those of the question that g leaves; all empty where it leaves none.
func (g Grant) Words(name string) AskWords { return askWords(g.Consent.Question, g.asks, name) }

// AskWords are those of the question about what the labels of s ask for; all empty for another question.
func (s Status) AskWords() AskWords { return askWords(s.Consent.Question, s.Asks, s.Name) }

func askWords(q Question, asks, name string) AskWords {
	flag := map[Question]string{AskScopes: "--allow-scopes ", AskTenant: "--allow-tenant "}[q]
	if flag == "" {
		return AskWords{}
	}
	command := "aztray service sync " + flag + name
	return AskWords{
		State:    "has the token, asks for more",
		May:      "With its label, it may " + asks + ".",
		Allow:    "Let it " + asks,
		Never:    "Never let it " + asks,
		Aloud:    "let " + name + " " + asks,
		Sentence: "Its label asks for more: with it, it may " + asks + ". It gets that only if you say so: " + command,
		Refused:  "Its label asks for more, which you said that it never gets; " + command + " takes that back.",
		Allowed:  name + " may " + asks + ".",
		Denied:   name + " never may " + asks + ".",
	}
}

// resource is what may be done with a token, and by what names the resource goes.
type resource struct {
	may   string   // a verb
	hosts []string // its own, and with a dot before them those below
	id    string   // its application's; "" where it is not known for sure
}

// resources are well-known ones, in every cloud. Their ids are the same in each tenant.
// https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in
var resources = []resource{
	{"manage all your Azure subscriptions", []string{"management.azure.com", "management.core.windows.net", "management.usgovcloudapi.net", "management.core.usgovcloudapi.net",
		"management.chinacloudapi.cn", "management.core.chinacloudapi.cn"}, "797f4846-ba00-4fd7-ba43-dac1f8f63013"},
	{"act as you in Microsoft 365 and the directory (Graph)", []string{"graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"}, "00000003-0000-0000-c000-000000000000"},
	{"act as you in the directory (Azure AD Graph)", []string{"graph.windows.net", "graph.chinacloudapi.cn"}, "00000002-0000-0000-c000-000000000000"},
	{"use all your key vaults and read their secrets", []string{"vault.azure.net", ".vault.azure.net", "managedhsm.azure.net", "vault.usgovcloudapi.net", ".vault.usgovcloudapi.net", "vault.azure.cn", ".vault.azure.cn"}, "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"},
	{"read and change all your storage accounts", []string{"storage.azure.com", ".core.windows.net", ".core.usgovcloudapi.net", ".core.chinacloudapi.cn"}, "e406a681-f3d4-42a8-90b6-c2b029497af1"},
	{"use all your Azure SQL databases", []string{"database.windows.net", ".database.windows.net", "database.usgovcloudapi.net", "database.chinacloudapi.cn"}, "022907d3-0f1b-48f7-badc-1ba6abab6d66"},
	{"use all your PostgreSQL and MySQL databases in Azure", []string{"ossrdbms-aad.database.windows.net", "ossrdbms-aad.database.usgovcloudapi.net", "ossrdbms-aad.database.chinacloudapi.cn"}, "123cd850-d9df-40bd-94d5-c9f07b7fa203"},
	{"use all your Azure OpenAI and AI services", []string{"cognitiveservices.azure.com", ".cognitiveservices.azure.com", ".openai.azure.com", "cognitiveservices.azure.us", "cognitiveservices.azure.cn"}, "7d312290-28c8-473c-a0ed-8e53749b6d6d"},
	{"use all your projects in AI Foundry", []string{"ai.azure.com"}, ""},
	{"use all your machine learning workspaces", []string{"ml.azure.com"}, ""},
	{"use all your search services", []string{"search.azure.com"}, ""},
	{"use all your Cosmos databases", []string{"cosmos.azure.com", ".documents.azure.com"}, ""},
	{"send and receive in all your service buses", []string{"servicebus.azure.net"}, ""},
	{"send and receive in all your event hubs", []string{"eventhubs.azure.net"}, ""},
	{"read all your logs in Azure Monitor", []string{"api.loganalytics.io", "api.applicationinsights.io"}, ""},
	{"pull and push in all your container registries", []string{"containerregistry.azure.net"}, ""},
	{"act as you in Azure DevOps, with all your code", []string{"app.vssps.visualstudio.com"}, "499b84ac-1321-427f-aa17-267ca6975798"},
	{"act as you in all your Kubernetes clusters (AKS)", nil, "6dae42f8-4368-4678-94ff-3960e28e3630"},
	{"act as you in all your Databricks workspaces", nil, "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"},
}

// powers says in words what may be done with tokens for scopes.
func powers(scopes []string) string {
	var all []string
	for _, s := range scopes {
		if p := power(s); !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	if n := len(all) - 1; n > 0 {
		return strings.Join(all[:n], ", ") + " and " + all[n]
	}
	return strings.Join(all, "")
}

// power says it of one; of a resource that is not well known, its host or its name.
func power(scope string) string {
	named := strings.TrimRight(strings.TrimSuffix(scope, "/.default"), "/")
	host := ""
	if u, err := url.Parse(named); err == nil && u.Scheme == "https" {
		host = strings.ToLower(u.Hostname())
	}
	best, length := "", 0
	for _, r := range resources {
		if r.id != "" && (strings.EqualFold(named, r.id) || strings.EqualFold(named, "api://"+r.id)) {
			return r.may
		}
		for _, h := range r.hosts { // the longest that fits: one database's is within another's
			if fits := host == h || h[0] == '.' && strings.HasSuffix(host, h); fits && len(h) > length {
				best, length = r.may, len(h)
			}
		}
	}
	switch {
	case best != "":
		return best
	case host != "":
		return "act as you at " + host
	}
	return "act as you at the application " + strings.TrimPrefix(named, "api://")
}
