//go:build e2e && linux

package containers

// azCall is a call that a tool makes of az, from the tool's own source, or one of a person's.
type azCall struct {
	who     string
	call    string
	differs string // in what our answer is another; "" means in nothing
}

// What differs, in the words of the table.
const (
	ownVersion   = "its own version, 2.54.0"
	ownWords     = "the same exit code, in words of its own"
	notDelivered = "only scopes that are delivered have tokens: exit 1, and what to do"
	oneTenant    = "a container holds one tenant's tokens: exit 1, and what to do"
	unknownQuery = "exit 2: this part of JMESPath is not known to it"
	noGermany    = "without the German cloud, which is closed"
)

const (
	who1 = "Terraform, OpenTofu, Pulumi (azurerm, azuread)"
	who2 = "SDK for Go; kubelogin, azd, Terraform's azapi by it"
	who3 = "SDK for JavaScript, Python, .NET, Java; Bicep by .NET's"
	who4 = "SDK for C++, Rust"
	who5 = "Azure Functions Core Tools"
	who6 = "GitHub actions for Azure"
	who7 = "scripts"
	who8 = "what people type"
	cog  = "https://cognitiveservices.azure.com"
)

var azCalls = []azCall{
	{who1, "version -o=json", ownVersion},
	{who1, "account show -o=json", ""},
	{who1, "account list -o=json", "the subscriptions of the container's tenant, not of all"},
	{who1, "account get-access-token --scope https://management.azure.com/.default --tenant c0000000-aaaa-4aaa-8aaa-000000000001 -o=json", ""},
	{who1, "account get-access-token --scope https://management.azure.com//.default --subscription 50b00000-0000-4000-8000-000000000012 -o=json", ""},
	{who1, "account get-access-token --scope https://graph.microsoft.com/.default --tenant c0000000-aaaa-4aaa-8aaa-000000000001 -o=json", ""},
	{who1, "account get-access-token --resource https://management.azure.com/ --subscription 50b00000-0000-4000-8000-000000000011 -o=json", ""},
	{who1, "account get-access-token --scope https://management.azure.com/.default --tenant fab00000-bbbb-4bbb-8bbb-000000000002 -o=json", oneTenant},
	{who2, "account get-access-token -o json --resource " + cog, ""},
	{who2, "account get-access-token -o json --resource " + cog + " --tenant c0000000-aaaa-4aaa-8aaa-000000000001", ""},
	{who2, "account get-access-token -o json --resource " + cog + ` --subscription "Contoso Production"`, ""},
	{who2, "account get-access-token -o json --resource https://management.azure.com/", ""},
	{who2, "account get-access-token -o json --resource https://management.azure.com", ""},
	{who2, "account get-access-token -o json --resource 6dae42f8-4368-4678-94ff-3960e28e3630", notDelivered},
	{who3, "account get-access-token --output json --resource " + cog, ""},
	{who3, "account get-access-token --output json --resource " + cog + "/", ""},
	{who3, "account get-access-token --output json --resource " + cog + " --tenant c0000000-aaaa-4aaa-8aaa-000000000001", ""},
	{who3, "account get-access-token --output json --resource " + cog + ` --subscription "contoso development"`, ""},
	{who3, "account get-access-token --output json --resource https://storage.azure.com", ""},
	{who3, "account get-access-token --output json --resource https://vault.azure.net", ""},
	{who4, `account get-access-token --output json --scope "https://storage.azure.com/.default"`, ""},
	{who4, `account get-access-token --output json --scope "https://vault.azure.net/.default" --tenant "contoso.example"`, ""},
	{who4, "account get-access-token -o json --scope " + cog + "/.default", ""},
	{who5, `account get-access-token --query "accessToken" --output json`, ""},
	{who5, `cloud list --query "[?isActive].endpoints.resourceManager | [0]" --output json`, ""},
	{who5, "account show --query id -o json", ""},
	{who6, `account get-access-token --query "accessToken"`, ""},
	{who6, "account get-access-token --resource=https://management.azure.com", ""},
	{who6, "account show", ""},
	{who6, "cloud show --query endpoints.resourceManager -o tsv", ""},
	{who6, "cloud set -n AzureCloud", ""},
	{who6, "account set --subscription 50b00000-0000-4000-8000-000000000011", ""},

	{who7, "account get-access-token --resource " + cog + " --query accessToken -o tsv", ""},
	{who7, "account get-access-token --scope " + cog + "/.default --query accessToken --output tsv", ""},
	{who7, "account get-access-token --resource-type oss-rdbms --query accessToken -o tsv", ""},
	{who7, "account get-access-token --resource-type ms-graph --query accessToken -o tsv", ""},
	{who7, "account get-access-token --resource-type arm --output json", ""},
	{who7, "account get-access-token --resource https://ossrdbms-aad.database.windows.net --output tsv", ""},
	{who7, "account get-access-token --query [accessToken,expiresOn] -o tsv", ""},
	{who7, "account get-access-token --query \"{t:accessToken, e:expiresOn}\" -o tsv", ""},
	{who7, "account get-access-token -o yaml", ""},
	{who7, "account get-access-token -o table", "one column more, expires_on, as from 2.54 on"},
	{who7, "account get-access-token --query tenant -o tsv", ""},
	{who7, "account show --query id -o tsv", ""},
	{who7, "account show --query tenantId --output tsv", ""},
	{who7, "account show --query user.name -o tsv", ""},
	{who7, "account show --query '{Name:name,TenantId:tenantId,User:user.name,State:state}' --output table", ""},
	{who7, "account show --query \"[id, user.name, isDefault]\" -o tsv", ""},
	{who7, "account show -o tsv", ""},
	{who7, "account show -o table", ""},
	{who7, "account show --output none", ""},
	{who7, "account list --query \"[?isDefault].id\" -o tsv", ""},
	{who7, "account list --query \"[?isDefault==\\`true\\`].id | [0]\" -o tsv", ""},
	{who7, "account list --query \"[?name=='Contoso Production'].{n:name,t:tenantId}\" -o table", ""},
	{who7, "account list --query \"[?tenantId=='c0000000-aaaa-4aaa-8aaa-000000000001'].name\" -o yaml", ""},
	{who7, "account list --query \"[?contains(name,'Prod')].name\" -o tsv", ""},
	{who7, "account list --query \"[?starts_with(name,'Contoso')] | length(@)\"", ""},
	{who7, "account list --query [0].user.name -o tsv", ""},
	{who7, "account list --query \"[0:2].name\" -o tsv", unknownQuery},
	{who7, "account list --query \"sort_by(@,&name)[].name\" -o tsv", unknownQuery},
	{who7, "account list -o table", "the subscriptions of the container's tenant, not of all"},
	{who7, "version --query '\"azure-cli\"' -o tsv", ownVersion},
	{who7, "cloud show", ""},
	{who7, "cloud show -o yaml", ""},
	{who7, "cloud show -n AzureChinaCloud --query endpoints.activeDirectory -o tsv", ""},
	{who7, "cloud list -o table", noGermany},
	{who7, "cloud list --query [].name -o tsv", noGermany},

	{who8, "account show -otsv", ""},
	{who8, "account show -o=tsv", ""},
	{who8, "account show --out tsv", ""},
	{who8, "account show --output=JSON", ""},
	{who8, "account show -o jsonc", ""},
	{who8, "account show -o yamlc", ""},
	{who8, "account show -o xml", ""},
	{who8, "account show -o", ""},
	{who8, "account show --o tsv", ""},
	{who8, "account show --sub 'Contoso Production' --query name", ""},
	{who8, "account show -s 'CONTOSO DEVELOPMENT' --query id", ""},
	{who8, "account show -s=50B00000-0000-4000-8000-000000000012 --query name", ""},
	{who8, "account show -n nobody", ""},
	{who8, "account show --name", ""},
	{who8, "account show --foo bar", ""},
	{who8, "account show extra", ""},
	{who8, "account show --query", ""},
	{who8, "account show --query '[].'", ""},
	{who8, "account show --query ''", ""},
	{who8, "account show --query nothing", ""},
	{who8, "account show --query 'length(nothing)'", ""},
	{who8, "account show --verbose -o none", ""},
	{who8, "account show --only-show-errors --query name", ""},
	{who8, "account show --only-show-errors --debug", ""},
	{who8, "account show -h", ""},
	{who8, "account -h", ""},
	{who8, "--help", ""},
	{who8, "-v", ownVersion},
	{who8, "account", ""},
	{who8, "account foo", ""},
	{who8, "foo", ""},
	{who8, "login --foo", "exit 1: aztray signs in, on the host"},
	{who8, "account set", ""},
	{who8, "account set -s nobody", ""},
	{who8, "cloud show --name nowhere", ""},
	{who8, "cloud set -n nowhere", ""},
	{who8, "account get-access-token --res " + cog, ""},
	{who8, "account get-access-token --resource", ""},
	{who8, "account get-access-token --resource '' --query accessToken", ""},
	{who8, "account get-access-token --scope --query accessToken", ""},
	{who8, "account get-access-token --scopes " + cog, ""},
	{who8, "account get-access-token --resource-type sql", ""},
	{who8, "account get-access-token -s a -t b", ""},
	{who8, "account get-access-token -s nobody", ""},
	{who8, "account get-access-token -t contoso.example --query '[tenant,accessToken]'", ""},
	{who8, "account get-access-token -t C0000000-AAAA-4AAA-8AAA-000000000001 --query '[tenant,accessToken]'", ""},
	{who8, "account get-access-token -t nowhere.example", ownWords},
	{who8, "account get-access-token --scope " + cog + "/.DEFAULT --query accessToken", ""},
	{who8, "account get-access-token --scope " + cog + "/user_impersonation --query accessToken", ""},
	{who8, "account get-access-token --resource https://management.core.windows.net --query accessToken", ""},
	{who8, "account get-access-token --resource https://graph.microsoft.com/ --query accessToken", ""},
	{who8, "account get-access-token --resource HTTPS://COGNITIVESERVICES.AZURE.COM --query accessToken", "the audience in small letters"},
}
