package openai

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"aztray/internal/auth"
)

// endpoint is an address that a token may be sent to.
type endpoint struct {
	base  string // without a slash at its end
	host  string
	login string // the domain of the resource's cloud, such as azure.com; "" for a domain of one's own
}

// clouds are the domains under which Azure has its resources: public, US Government, China.
var clouds = []string{"azure.com", "azure.us", "azure.cn"}

// families are the names under a cloud's domain that take a token for Azure OpenAI.
var families = []string{".openai.", ".cognitiveservices.", ".services.ai."}

// regional hosts take keys and no tokens.
var regional = []string{".api.cognitive.microsoft.com", ".api.cognitive.microsoft.us", ".api.cognitive.azure.cn"}

// strangers are hosts that people paste and that are no resource of theirs: another company's API,
// and Azure's own pages. A token of theirs has no business there.
var strangers = []string{"openai.com", "portal.azure.com", "ai.azure.com", "oai.azure.com", "management.azure.com",
	"portal.azure.us", "ai.azure.us", "portal.azure.cn", "login.microsoftonline.com"}

var (
	projectPath = regexp.MustCompile(`^/api/projects/[^/]+$`) // of a Foundry project: the resource is the same
	openAIPath  = regexp.MustCompile(`^(.*?)(?:/openai(?:/v1)?)?$`)
)

// parseEndpoint reads the setting. Where no token may go, it returns the fault's code.
func parseEndpoint(setting string) (endpoint, code) {
	u, err := url.Parse(strings.TrimSpace(setting))
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return endpoint{}, badEndpoint
	}
	if u.Scheme != "https" {
		return endpoint{}, notHTTPS
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	e := endpoint{host: host, login: cloudOf(host)}
	path := openAIPath.FindStringSubmatch(strings.TrimRight(u.Path, "/"))[1]
	switch {
	case slices.ContainsFunc(regional, func(s string) bool { return strings.HasSuffix(host, s) }):
		return endpoint{}, regionalEndpoint
	case slices.ContainsFunc(strangers, func(s string) bool { return host == s || strings.HasSuffix(host, "."+s) && e.login == "" }),
		e.login == "" && looksLikeAzure(host), strings.Contains(path, "/deployments"):
		return endpoint{}, badEndpoint
	case e.login != "" && projectPath.MatchString(path):
		path = ""
	case e.login != "" && path != "":
		return endpoint{}, badEndpoint // a resource has nothing there
	}
	e.base = (&url.URL{Scheme: "https", Host: u.Host, Path: path}).String()
	return e, ""
}

// shown is the setting without a password that somebody put into it.
func shown(setting string) string {
	if u, err := url.Parse(setting); err == nil && u.User != nil {
		return u.Redacted()
	}
	return setting
}

// cloudOf gives the domain of the cloud whose resource host is; "" where it is none's.
func cloudOf(host string) string {
	for _, cloud := range clouds {
		for _, family := range families {
			if name, ok := strings.CutSuffix(host, family+cloud); ok && name != "" {
				return cloud
			}
		}
	}
	return ""
}

// looksLikeAzure finds a slip such as example.openai.azure.co, where somebody else may listen.
func looksLikeAzure(host string) bool {
	return slices.ContainsFunc(families, func(f string) bool { return strings.Contains("."+host, f+"azure.") })
}

// otherCloud reports whether the token is for another cloud than the endpoint.
func (e endpoint) otherCloud(t auth.Token) bool {
	u, err := url.Parse(t.Scope)
	if err != nil || e.login == "" {
		return false
	}
	return slices.ContainsFunc(clouds, func(cloud string) bool {
		return cloud != e.login && strings.HasSuffix(u.Hostname(), "."+cloud)
	})
}

// scope is the one that the endpoint takes.
func (e endpoint) scope() string {
	if e.login == "" {
		return "https://cognitiveservices.azure.com/.default"
	}
	return "https://cognitiveservices." + e.login + "/.default"
}

// takes reports whether the scope is of a kind that Azure OpenAI accepts.
func takes(scope string) bool {
	u, err := url.Parse(scope)
	if err != nil {
		return false
	}
	return slices.ContainsFunc([]string{"cognitiveservices.azure.", "ai.azure.", "openai.azure."}, func(s string) bool { return strings.HasPrefix(u.Hostname(), s) })
}
