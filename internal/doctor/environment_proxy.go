package doctor

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// proxied finds whose requests to the identity endpoint go through a proxy of the container's, where they are
// refused. Each SDK reads the variables in its own way; measured with azidentity 1.15, @azure/identity 4.14 and
// azure-identity 1.26.
func proxied(env map[string]string) (o overruled, found bool) {
	endpoint, err := url.Parse(env["IDENTITY_ENDPOINT"])
	if err != nil || endpoint.Hostname() == "" {
		return overruled{}, false
	}
	either := func(names ...string) string {
		for _, n := range names {
			if env[n] != "" {
				return env[n]
			}
		}
		return ""
	}
	plain, all, secure := either("HTTP_PROXY", "http_proxy"), either("ALL_PROXY", "all_proxy"), either("HTTPS_PROXY", "https_proxy")
	upper, lower := either("NO_PROXY", "no_proxy"), either("no_proxy", "NO_PROXY")
	var whose []string
	if plain != "" && !passedOverByGo(upper, endpoint) {
		whose = append(whose, "Go")
	}
	if cmp.Or(secure, all, plain) != "" && !passedOverByJS(upper, endpoint) {
		whose = append(whose, "JavaScript")
	}
	if cmp.Or(plain, all) != "" && !passedOverByPython(lower, endpoint) {
		whose = append(whose, "Python")
	}
	if len(whose) == 0 {
		return overruled{}, false
	}
	o = overruled{verdict: Warning, code: "ENV_PROXIED", message: "The SDK for " + and(whose) + " asks the endpoint through its proxy, which is refused: NO_PROXY or no_proxy does not name " +
		endpoint.Hostname() + " in a form that it heeds.", advice: "Put " + endpoint.Hostname() + " itself into NO_PROXY and no_proxy, and make it anew; see: aztray endpoint env"}
	if len(whose) == 3 {
		o.verdict, o.message = Wrong, "It asks the endpoint through its proxy, which is refused: NO_PROXY does not name "+endpoint.Hostname()+"."
	}
	return o, true
}

// passedOverByGo reports whether a list has Go ask the endpoint directly.
func passedOverByGo(list string, endpoint *url.URL) bool {
	// Go never sends what goes to loopback through a proxy, whatever the list says.
	via, err := (&httpproxy.Config{HTTPProxy: "http://proxy.invalid", NoProxy: list}).ProxyFunc()(endpoint)
	return err == nil && via == nil
}

// passedOverByPython is the same for Python, which heeds an address with a port in no case. Else it goes by the
// same rules as Go, but for loopback.
// https://github.com/psf/requests/blob/main/src/requests/utils.py (should_bypass_proxies)
func passedOverByPython(list string, endpoint *url.URL) bool {
	host := endpoint.Hostname()
	if ip := net.ParseIP(host); ip.IsLoopback() {
		return passedOverByJS(list, endpoint) || slices.Contains(strings.Split(list, ","), "*")
	} else if ip != nil {
		list = strings.Join(slices.DeleteFunc(strings.Split(list, ","), func(entry string) bool {
			_, _, err := net.SplitHostPort(strings.TrimSpace(entry))
			return err == nil
		}), ",")
	}
	return passedOverByGo(list, endpoint)
}

// passedOverByJS is the same for JavaScript, which knows names and addresses as they stand, and .suffixes.
// https://github.com/Azure/azure-sdk-for-js/blob/main/sdk/core/ts-http-runtime/src/policies/proxyPolicy.ts
func passedOverByJS(list string, endpoint *url.URL) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(entry string) bool {
		entry, host := strings.TrimSpace(entry), endpoint.Hostname()
		if strings.HasPrefix(entry, ".") {
			return strings.HasSuffix("."+host, entry)
		}
		return entry == host
	})
}

// and puts words in a row.
func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
