# The clouds as az has them (azure-cli-core, cloud.py): documents, less the one that is active.

AzureCloud='|o|
/endpoints|o|
/endpoints/activeDirectory|s|https://login.microsoftonline.com
/endpoints/activeDirectoryDataLakeResourceId|s|https://datalake.azure.net/
/endpoints/activeDirectoryGraphResourceId|s|https://graph.windows.net/
/endpoints/activeDirectoryResourceId|s|https://management.core.windows.net/
/endpoints/appInsightsResourceId|s|https://api.applicationinsights.io
/endpoints/appInsightsTelemetryChannelResourceId|s|https://dc.applicationinsights.azure.com/v2/track
/endpoints/attestationResourceId|s|https://attest.azure.net
/endpoints/azmirrorStorageAccountResourceId|z|
/endpoints/batchResourceId|s|https://batch.core.windows.net/
/endpoints/gallery|s|https://gallery.azure.com/
/endpoints/logAnalyticsResourceId|s|https://api.loganalytics.io
/endpoints/management|s|https://management.core.windows.net/
/endpoints/mediaResourceId|s|https://rest.media.azure.net
/endpoints/microsoftGraphResourceId|s|https://graph.microsoft.com/
/endpoints/ossrdbmsResourceId|s|https://ossrdbms-aad.database.windows.net
/endpoints/portal|s|https://portal.azure.com
/endpoints/resourceManager|s|https://management.azure.com/
/endpoints/sqlManagement|s|https://management.core.windows.net:8443/
/endpoints/synapseAnalyticsResourceId|s|https://dev.azuresynapse.net
/endpoints/vmImageAliasDoc|s|https://raw.githubusercontent.com/Azure/azure-rest-api-specs/main/arm-compute/quickstart-templates/aliases.json
/isActive|b|ACTIVE
/name|s|AzureCloud
/profile|s|latest
/suffixes|o|
/suffixes/acrLoginServerEndpoint|s|.azurecr.io
/suffixes/attestationEndpoint|s|.attest.azure.net
/suffixes/azureDatalakeAnalyticsCatalogAndJobEndpoint|s|azuredatalakeanalytics.net
/suffixes/azureDatalakeStoreFileSystemEndpoint|s|azuredatalakestore.net
/suffixes/keyvaultDns|s|.vault.azure.net
/suffixes/mariadbServerEndpoint|s|.mariadb.database.azure.com
/suffixes/mhsmDns|s|.managedhsm.azure.net
/suffixes/mysqlServerEndpoint|s|.mysql.database.azure.com
/suffixes/postgresqlServerEndpoint|s|.postgres.database.azure.com
/suffixes/sqlServerHostname|s|.database.windows.net
/suffixes/storageEndpoint|s|core.windows.net
/suffixes/storageSyncEndpoint|s|afs.azure.net
/suffixes/synapseAnalyticsEndpoint|s|.dev.azuresynapse.net
'
AzureChinaCloud='|o|
/endpoints|o|
/endpoints/activeDirectory|s|https://login.chinacloudapi.cn
/endpoints/activeDirectoryDataLakeResourceId|z|
/endpoints/activeDirectoryGraphResourceId|s|https://graph.chinacloudapi.cn/
/endpoints/activeDirectoryResourceId|s|https://management.core.chinacloudapi.cn/
/endpoints/appInsightsResourceId|s|https://api.applicationinsights.azure.cn
/endpoints/appInsightsTelemetryChannelResourceId|s|https://dc.applicationinsights.azure.cn/v2/track
/endpoints/attestationResourceId|z|
/endpoints/azmirrorStorageAccountResourceId|z|
/endpoints/batchResourceId|s|https://batch.chinacloudapi.cn/
/endpoints/gallery|s|https://gallery.chinacloudapi.cn/
/endpoints/logAnalyticsResourceId|s|https://api.loganalytics.azure.cn
/endpoints/management|s|https://management.core.chinacloudapi.cn/
/endpoints/mediaResourceId|s|https://rest.media.chinacloudapi.cn
/endpoints/microsoftGraphResourceId|s|https://microsoftgraph.chinacloudapi.cn
/endpoints/ossrdbmsResourceId|s|https://ossrdbms-aad.database.chinacloudapi.cn
/endpoints/portal|s|https://portal.azure.cn
/endpoints/resourceManager|s|https://management.chinacloudapi.cn
/endpoints/sqlManagement|s|https://management.core.chinacloudapi.cn:8443/
/endpoints/synapseAnalyticsResourceId|s|https://dev.azuresynapse.azure.cn
/endpoints/vmImageAliasDoc|s|https://raw.githubusercontent.com/Azure/azure-rest-api-specs/main/arm-compute/quickstart-templates/aliases.json
/isActive|b|ACTIVE
/name|s|AzureChinaCloud
/profile|s|latest
/suffixes|o|
/suffixes/acrLoginServerEndpoint|s|.azurecr.cn
/suffixes/attestationEndpoint|z|
/suffixes/azureDatalakeAnalyticsCatalogAndJobEndpoint|z|
/suffixes/azureDatalakeStoreFileSystemEndpoint|z|
/suffixes/keyvaultDns|s|.vault.azure.cn
/suffixes/mariadbServerEndpoint|s|.mariadb.database.chinacloudapi.cn
/suffixes/mhsmDns|s|.managedhsm.azure.cn
/suffixes/mysqlServerEndpoint|s|.mysql.database.chinacloudapi.cn
/suffixes/postgresqlServerEndpoint|s|.postgres.database.chinacloudapi.cn
/suffixes/sqlServerHostname|s|.database.chinacloudapi.cn
/suffixes/storageEndpoint|s|core.chinacloudapi.cn
/suffixes/storageSyncEndpoint|z|
/suffixes/synapseAnalyticsEndpoint|s|.dev.azuresynapse.azure.cn
'
AzureUSGovernment='|o|
/endpoints|o|
/endpoints/activeDirectory|s|https://login.microsoftonline.us
/endpoints/activeDirectoryDataLakeResourceId|z|
/endpoints/activeDirectoryGraphResourceId|s|https://graph.windows.net/
/endpoints/activeDirectoryResourceId|s|https://management.core.usgovcloudapi.net/
/endpoints/appInsightsResourceId|s|https://api.applicationinsights.us
/endpoints/appInsightsTelemetryChannelResourceId|s|https://dc.applicationinsights.us/v2/track
/endpoints/attestationResourceId|z|
/endpoints/azmirrorStorageAccountResourceId|z|
/endpoints/batchResourceId|s|https://batch.core.usgovcloudapi.net/
/endpoints/gallery|s|https://gallery.usgovcloudapi.net/
/endpoints/logAnalyticsResourceId|s|https://api.loganalytics.us
/endpoints/management|s|https://management.core.usgovcloudapi.net/
/endpoints/mediaResourceId|s|https://rest.media.usgovcloudapi.net
/endpoints/microsoftGraphResourceId|s|https://graph.microsoft.us/
/endpoints/ossrdbmsResourceId|s|https://ossrdbms-aad.database.usgovcloudapi.net
/endpoints/portal|s|https://portal.azure.us
/endpoints/resourceManager|s|https://management.usgovcloudapi.net/
/endpoints/sqlManagement|s|https://management.core.usgovcloudapi.net:8443/
/endpoints/synapseAnalyticsResourceId|s|https://dev.azuresynapse.usgovcloudapi.net
/endpoints/vmImageAliasDoc|s|https://raw.githubusercontent.com/Azure/azure-rest-api-specs/main/arm-compute/quickstart-templates/aliases.json
/isActive|b|ACTIVE
/name|s|AzureUSGovernment
/profile|s|latest
/suffixes|o|
/suffixes/acrLoginServerEndpoint|s|.azurecr.us
/suffixes/attestationEndpoint|z|
/suffixes/azureDatalakeAnalyticsCatalogAndJobEndpoint|z|
/suffixes/azureDatalakeStoreFileSystemEndpoint|z|
/suffixes/keyvaultDns|s|.vault.usgovcloudapi.net
/suffixes/mariadbServerEndpoint|s|.mariadb.database.usgovcloudapi.net
/suffixes/mhsmDns|s|.managedhsm.usgovcloudapi.net
/suffixes/mysqlServerEndpoint|s|.mysql.database.usgovcloudapi.net
/suffixes/postgresqlServerEndpoint|s|.postgres.database.usgovcloudapi.net
/suffixes/sqlServerHostname|s|.database.usgovcloudapi.net
/suffixes/storageEndpoint|s|core.usgovcloudapi.net
/suffixes/storageSyncEndpoint|s|afs.azure.us
/suffixes/synapseAnalyticsEndpoint|s|.dev.azuresynapse.usgovcloudapi.net
'

# cloud_called makes the document the cloud $1; one that az does not bring has its name alone.
cloud_called() {
	case $1 in
	AzureCloud) doc=$AzureCloud ;;
	AzureChinaCloud) doc=$AzureChinaCloud ;;
	AzureUSGovernment) doc=$AzureUSGovernment ;;
	"$cloud") doc="|o|$nl/isActive|b|ACTIVE$nl/name|s|$1$nl/profile|s|latest$nl" ;;
	*) return 1 ;;
	esac
	[ "$1" = "$cloud" ] && active=true || active=false
	doc=${doc%%ACTIVE*}$active${doc#*ACTIVE}
}

# endpoint sets value to an address of the cloud in use.
endpoint() {
	cloud_called "$cloud"
	pick "/endpoints/$1"
	look
}

cloud_command() {
	local name=${name_given:-$cloud} all n=0 one
	case $command in
	"cloud show")
		cloud_called "$name" || fail 1 "The cloud '$name' is not registered."
		;;
	"cloud set")
		[ -n "$name_given" ] || fail 2 "the following arguments are required: --name/-n"
		cloud_called "$name" || fail 1 "The cloud '$name' is not registered."
		[ "$name" = "$cloud" ] || fail 1 "This az comes from aztray, which takes the cloud of the sign-in on the host"
		exit 0
		;;
	*)
		all=
		for name in AzureCloud AzureChinaCloud AzureUSGovernment; do
			cloud_called $name
			gather
		done
		case $all in *"|$cloud$nl"*) ;; *) cloud_called "$cloud" && gather ;; esac
		doc="|a|$nl$all"
		;;
	esac
	answer
}
