package doctor

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
)

// relevant are the variables by which an SDK, az or a proxy is told where to go.
var relevant = []string{
	"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_USERNAME", "AZURE_PASSWORD",
	"AZURE_FEDERATED_TOKEN_FILE", "AZURE_TOKEN_CREDENTIALS", "AZURE_CONFIG_DIR", "AZURE_AUTHORITY_HOST",
	"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT", "MSI_ENDPOINT", "MSI_SECRET", "AZURE_OPENAI_API_KEY",
	"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
}

func isRelevant(name string) bool { return slices.Contains(relevant, name) }

// overruled is why the environment keeps a credential that was delivered from being used.
type overruled struct {
	verdict   Verdict
	code      string
	variables []string // that do it
	message   string
	advice    string // "": to take the variables out
}

// overrules finds what in a container's environment speaks against the credential that is delivered to
// path in the given way.
func overrules(env map[string]string, delivery, path string, hostNet bool) []overruled {
	env, all := unquoted(env)
	add := func(v Verdict, code, message string, variables ...string) {
		all = append(all, overruled{verdict: v, code: code, message: message,
			variables: slices.DeleteFunc(variables, func(n string) bool { return env[n] == "" })})
	}
	set := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return env[n] == "" })
	}
	endpoint := delivery == "endpoint"
	all = append(all, onlyGo(env, endpoint)...)
	chosen := strings.ToLower(strings.TrimSpace(env["AZURE_TOKEN_CREDENTIALS"])) // as JavaScript and Python do
	if chosen != "" && !admits(chosen, endpoint) {
		add(Wrong, "ENV_EXCLUDES", "AZURE_TOKEN_CREDENTIALS="+env["AZURE_TOKEN_CREDENTIALS"]+" keeps the SDKs from asking "+asked(endpoint)+".", "AZURE_TOKEN_CREDENTIALS")
	} else if skips := skipsDeployed(chosen); !skips {
		proof := slices.ContainsFunc([]string{"AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_USERNAME"}, func(n string) bool { return env[n] != "" })
		switch {
		case set("AZURE_CLIENT_ID", "AZURE_TENANT_ID") && proof:
			add(Wrong, "ENV_PRINCIPAL", "Its own service principal comes before the sign-in.", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_USERNAME")
		case set("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
			add(Wrong, "ENV_WORKLOAD", "Its workload identity comes before the sign-in.", "AZURE_FEDERATED_TOKEN_FILE")
		}
		if !endpoint && (set("IDENTITY_ENDPOINT") || set("MSI_ENDPOINT")) {
			add(Wrong, "ENV_MANAGED_IDENTITY", "A managed identity endpoint comes before the sign-in.", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET")
		}
	}
	if endpoint && set("IDENTITY_SERVER_THUMBPRINT") {
		add(Wrong, "ENV_SERVICE_FABRIC", "IDENTITY_SERVER_THUMBPRINT has the SDKs take the endpoint for Service Fabric's, and ask in another form or not at all.", "IDENTITY_SERVER_THUMBPRINT")
	}
	if o, found := proxied(env); found && endpoint {
		all = append(all, o)
	}
	if endpoint && !set("IDENTITY_ENDPOINT") {
		add(Wrong, "ENV_NO_ENDPOINT", "It is to ask the endpoint, and IDENTITY_ENDPOINT does not tell it where that is.")
	}
	if dir := env["AZURE_CONFIG_DIR"]; dir != "" && path != "" && !endpoint && dir != path {
		add(Wrong, "ENV_ELSEWHERE", "Its programs look for the credential in "+dir+" (AZURE_CONFIG_DIR), and its label has it put in "+path+".", "AZURE_CONFIG_DIR")
	}
	if !hostNet {
		if name, host := ownProxy(env); host != "" {
			add(Wrong, "ENV_PROXY_LOOPBACK", name+" names "+host+", which in a container is the container itself.", name)
		}
	}
	if set("AZURE_OPENAI_API_KEY") {
		add(Warning, "ENV_KEY", "It has an API key, which most SDKs take before any sign-in.", "AZURE_OPENAI_API_KEY")
	}
	return all
}

// unquoted is env without quotation marks around its values, and what is wrong with them: docker run --env-file
// and the list form of compose's environment take them for a part of the value.
func unquoted(env map[string]string) (map[string]string, []overruled) {
	env = maps.Clone(env)
	var names []string
	for name, v := range env {
		if n := len(v); n >= 2 && v[0] == v[n-1] && (v[0] == '"' || v[0] == '\'') {
			env[name], names = v[1:n-1], append(names, name)
		}
	}
	if len(names) == 0 {
		return env, nil
	}
	slices.Sort(names)
	return env, []overruled{{verdict: Wrong, code: "ENV_QUOTED", variables: names,
		message: "Its " + and(names) + " begins and ends with a quotation mark, which its programs take for a part of the value.",
		advice:  "Write the value without quotation marks (docker run --env-file, compose's - NAME=value), and make it anew."}}
}

// onlyGo finds what Go's SDK alone takes amiss. To azidentity 1.15 a variable that is set to nothing is something
// else than one that is not set; a compose file's ${X:-} does it.
func onlyGo(env map[string]string, endpoint bool) (all []overruled) {
	add := func(code, name, message string) {
		all = append(all, overruled{verdict: Warning, code: code, message: message, variables: []string{name}})
	}
	chosen, there := env["AZURE_TOKEN_CREDENTIALS"]
	switch plain := strings.ToLower(strings.TrimSpace(chosen)); {
	case there && chosen == "":
		add("ENV_EMPTY", "AZURE_TOKEN_CREDENTIALS", "AZURE_TOKEN_CREDENTIALS is set to nothing, which Go's SDK refuses: a Go program fails at once.")
	case admits(plain, endpoint) && !admits(chosen, endpoint):
		add("ENV_SPELLING", "AZURE_TOKEN_CREDENTIALS", fmt.Sprintf("Go's SDK refuses AZURE_TOKEN_CREDENTIALS=%q, and takes %q: a Go program fails at once.", chosen, plain))
	}
	if id, there := env["AZURE_CLIENT_ID"]; endpoint && there && id == "" {
		add("ENV_EMPTY", "AZURE_CLIENT_ID", "AZURE_CLIENT_ID is set to nothing, for which Go's SDK never asks the endpoint.")
	}
	return all
}

func asked(endpoint bool) string {
	if endpoint {
		return "aztray's endpoint"
	}
	return "az"
}

// admits reports whether AZURE_TOKEN_CREDENTIALS leaves the credential in that is delivered.
func admits(value string, endpoint bool) bool {
	if endpoint {
		return value == "prod" || strings.EqualFold(value, "ManagedIdentityCredential")
	}
	return value == "dev" || strings.EqualFold(value, "AzureCLICredential")
}

// skipsDeployed reports whether AZURE_TOKEN_CREDENTIALS leaves out what would come before az.
func skipsDeployed(value string) bool { return value != "" && value != "prod" }

// ownProxy is a proxy that a container could only reach in itself.
func ownProxy(env map[string]string) (name, host string) {
	for _, n := range []string{"HTTPS_PROXY", "https_proxy"} {
		u, err := url.Parse(env[n])
		if err != nil || env[n] == "" {
			continue
		}
		if h := u.Hostname(); h == "localhost" || net.ParseIP(h).IsLoopback() {
			return n, u.Host
		}
	}
	return "", ""
}

// Reveals reports whether the value of a variable may be shown to whoever reads a report of a bug.
func Reveals(name string) bool {
	switch name {
	case "AZURE_TENANT_ID", "AZURE_TOKEN_CREDENTIALS", "AZURE_CONFIG_DIR", "AZURE_AUTHORITY_HOST", "AZURE_CLOUD_NAME",
		"AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_CERTIFICATE_PATH", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NO_PROXY", "no_proxy",
		"DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR",
		"DISPLAY", "WAYLAND_DISPLAY", "LANG", "LC_ALL", "TZ":
		return true
	}
	return false
}
