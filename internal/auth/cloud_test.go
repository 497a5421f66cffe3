package auth

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// cloudsConfig is what az 2.45 wrote for az cloud register --cloud-config and az cloud update.
const cloudsConfig = `[My Stack]
endpoint_management = https://management.local.azurestack.example/
endpoint_resource_manager = https://management.local.azurestack.example/
endpoint_active_directory = https://adfs.local.azurestack.example/adfs
endpoint_active_directory_resource_id = https://management.azurestack.example/1234
suffix_storage_endpoint = local.azurestack.example

[AzureUSGovernment]
endpoint_active_directory = https://login.example.us/
subscription = 50b00000-0000-4000-8000-000000000011

[Gov too]
endpoint_active_directory = https://Login.MicrosoftOnline.us
endpoint_resource_manager = https://management.gov.example
`

func TestTheCloudIsTheOneAzActsIn(t *testing.T) {
	const (
		public = "AzureCloud login.microsoftonline.com https://management.azure.com https://management.core.windows.net//.default https://cognitiveservices.azure.com/.default"
		china  = "AzureChinaCloud login.chinacloudapi.cn https://management.chinacloudapi.cn https://management.core.chinacloudapi.cn//.default https://cognitiveservices.azure.cn/.default"
		gov    = "AzureUSGovernment login.microsoftonline.us https://management.usgovcloudapi.net https://management.core.usgovcloudapi.net//.default https://cognitiveservices.azure.us/.default"
	)
	tests := []struct {
		name, config, registered, environment string
		want                                  string
		foreign                               bool
	}{
		{"az was never told", "", "", "", public, false},
		{"the public one", "[cloud]\nname = AzureCloud\n", "", "", public, false},
		{"China's", "[cloud]\nname = AzureChinaCloud\n", "", "", china, false},
		{"the environment wins over the file", "[cloud]\nname = AzureChinaCloud\n", "", "AzureUSGovernment", gov, false},
		{"one that nobody registered: az falls back, too", "[cloud]\nname = Gone\n", cloudsConfig, "", public, false},
		{"a registered one with ADFS", "[cloud]\nname = My Stack\n", cloudsConfig, "",
			"My Stack adfs.local.azurestack.example https://management.local.azurestack.example https://management.azurestack.example/1234/.default https://cognitiveservices.azure.com/.default", true},
		{"a built-in one that was changed", "[cloud]\nname = AzureUSGovernment\n", cloudsConfig, "", strings.Replace(gov, "login.microsoftonline.us", "login.example.us", 1), true},
		{"a registered one at a built-in's authority speaks its scope", "[cloud]\nname = Gov too\n", cloudsConfig, "",
			"Gov too login.microsoftonline.us https://management.gov.example https://management.core.windows.net//.default https://cognitiveservices.azure.us/.default", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("AZURE_CLOUD_NAME", tt.environment)
			f, err := azDir(t, map[string]string{configFile: tt.config, cloudsFile: tt.registered}).Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c := f.Cloud
			got := strings.Join([]string{c.Name, c.AuthorityHost, c.ARM, c.ARMScope, c.CognitiveScope}, " ")
			if got != tt.want || c.foreign != tt.foreign {
				t.Errorf("%s (foreign %v)\nwant %s (foreign %v)", got, c.foreign, tt.want, tt.foreign)
			}
		})
	}
}

func TestAccountsOfOtherCloudsArePassedOver(t *testing.T) {
	mixed := strings.Replace(profile, `"environmentName": "AzureCloud", "homeTenantId": "`+fabrikam, `"environmentName": "AzureChinaCloud", "homeTenantId": "`+fabrikam, 1)
	for cloud, want := range map[string]string{"AzureCloud": "s-1", "AzureChinaCloud": "s-2", "AzureUSGovernment": ""} {
		f, err := azDir(t, map[string]string{profileFile: mixed, configFile: "[cloud]\nname = " + cloud + "\n"}).Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Profile.Current().ID; got != want {
			t.Errorf("in %s az acts in %q, want %q", cloud, got, want)
		}
	}
}

func TestOnlyAzAsksAnAuthorityThatMSALDoesNotKnow(t *testing.T) {
	dir := azDir(t, map[string]string{cacheFile: tokenCache, cloudsFile: cloudsConfig, configFile: "[cloud]\nname = My Stack\n"})
	f, err := dir.Read(t.Context())
	if err != nil || f.Cache == nil {
		t.Fatalf("cache %v, %v", f.CacheProblem, err)
	}
	if _, err := (Silent{}).Token(t.Context(), f, "ada@contoso.example", contoso, scope); !errors.Is(err, ErrNotInProcess) {
		t.Errorf("in process: %v, want ErrNotInProcess", err)
	}
	if !dir.matters(filepath.Join(string(dir), cloudsFile)) {
		t.Error("a change of the clouds goes unnoticed")
	}
}
