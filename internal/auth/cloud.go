package auth

import (
	"cmp"
	"net/url"
	"os"
	"slices"
	"strings"
)

// Cloud is one of Azure's clouds: where its tokens come from and what its services are called.
type Cloud struct {
	Name          string // az's name: AzureCloud, or what the person registered
	AuthorityHost string // login.microsoftonline.com
	ARM           string // https://management.azure.com
	ARMScope      string // as az spells it, with the double slash
	// CognitiveScope is the scope of Azure OpenAI in this cloud. A token of the public cloud's scope
	// serves nowhere else: where azure.scope was left at its default, this one is meant.
	CognitiveScope string

	foreign bool // MSAL cannot vouch for the authority, so only az can ask it
}

// clouds holds az's built-in clouds (azure-cli-core, cloud.py).
var clouds = []Cloud{
	{"AzureCloud", "login.microsoftonline.com", "https://management.azure.com",
		"https://management.core.windows.net//.default", "https://cognitiveservices.azure.com/.default", false},
	{"AzureUSGovernment", "login.microsoftonline.us", "https://management.usgovcloudapi.net",
		"https://management.core.usgovcloudapi.net//.default", "https://cognitiveservices.azure.us/.default", false},
	{"AzureChinaCloud", "login.chinacloudapi.cn", "https://management.chinacloudapi.cn",
		"https://management.core.chinacloudapi.cn//.default", "https://cognitiveservices.azure.cn/.default", false},
}

// cloudsFile is where az keeps what was registered or changed (az cloud register, az cloud update).
const cloudsFile = "clouds.config"

// activeCloud is the cloud that az acts in. az takes its name from the environment before its file
// config, as for every setting (knack, config.py). signedIn is the one that az last signed in to.
func activeCloud(config, registered []byte, signedIn string) Cloud {
	return cloudNamed(cmp.Or(os.Getenv("AZURE_CLOUD_NAME"), iniValue(config, "cloud", "name"), signedIn), registered)
}

// cloudNamed is the cloud az calls name: a built-in one with what clouds.config changes of it, or one
// that was registered there. Where there is neither, az acts in the public one, and so do we.
func cloudNamed(name string, registered []byte) Cloud {
	c := clouds[0]
	if i := slices.IndexFunc(clouds, func(c Cloud) bool { return c.Name == name }); i >= 0 {
		c = clouds[i]
	} else if iniValue(registered, name, "endpoint_active_directory") != "" {
		c.Name = name
	}
	return c.with(func(key string) string { return iniValue(registered, c.Name, key) })
}

// with applies what clouds.config says of the cloud.
func (c Cloud) with(value func(key string) string) Cloud {
	if u, err := url.Parse(strings.ToLower(value("endpoint_active_directory"))); err == nil && u.Host != "" {
		c.AuthorityHost = u.Host
		c.foreign = !slices.Contains(vouchedFor, u.Host)
		if i := slices.IndexFunc(clouds, func(o Cloud) bool { return o.AuthorityHost == u.Host }); i >= 0 {
			c.CognitiveScope = clouds[i].CognitiveScope
		}
	}
	if arm := value("endpoint_resource_manager"); arm != "" {
		c.ARM = strings.TrimRight(arm, "/")
	}
	if resource := value("endpoint_active_directory_resource_id"); resource != "" {
		c.ARMScope = resource + "/.default"
	}
	return c
}

// vouchedFor lists the authorities that MSAL takes on trust (MSAL for Go, authority.go); about any
// other, such as somebody's ADFS, it asks the public cloud, which does not know it.
var vouchedFor = []string{
	"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net",
	"login.microsoftonline.us", "login-us.microsoftonline.com", "login.usgovcloudapi.net",
	"login.chinacloudapi.cn", "login.partner.microsoftonline.cn", "login.microsoftonline.de",
	"login.sovcloud-identity.fr", "login.sovcloud-identity.de", "login.sovcloud-identity.sg",
}

// in is the profile as az sees it in a cloud: it passes over the accounts of others
// (azure-cli-core, _profile.py).
func (p Profile) in(cloud string) Profile {
	return Profile{Subscriptions: slices.DeleteFunc(slices.Clone(p.Subscriptions), func(s ProfileSubscription) bool {
		return s.EnvironmentName != "" && s.EnvironmentName != cloud
	})}
}

// Scope is the scope to go by where the settings say set: the cloud's own where they leave it at the
// public cloud's, which no other cloud takes.
func (c Cloud) Scope(set string) string {
	if c.CognitiveScope != "" && set == clouds[0].CognitiveScope {
		return c.CognitiveScope
	}
	return set
}
