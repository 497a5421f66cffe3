package auth

// Cloud is one of Azure's clouds: where its tokens come from and what its ARM is called.
type Cloud struct {
	Name          string // az's name: AzureCloud
	AuthorityHost string // login.microsoftonline.com
	ARM           string // https://management.azure.com
	ARMScope      string // as az spells it, with the double slash
}

// clouds holds az's built-in clouds (azure-cli-core, cloud.py).
var clouds = []Cloud{
	{"AzureCloud", "login.microsoftonline.com", "https://management.azure.com", "https://management.core.windows.net//.default"},
	{"AzureUSGovernment", "login.microsoftonline.us", "https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net//.default"},
	{"AzureChinaCloud", "login.chinacloudapi.cn", "https://management.chinacloudapi.cn", "https://management.core.chinacloudapi.cn//.default"},
}

// cloudNamed is the cloud az calls name; the public one where the name is not a built-in one's.
func cloudNamed(name string) Cloud {
	for _, c := range clouds {
		if c.Name == name {
			return c
		}
	}
	return clouds[0]
}
