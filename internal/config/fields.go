package config

import "strings"

// field is one setting: what it is called, what it is when nobody says, and how it is checked.
type field struct {
	key    string
	also   []string // Code Story's variables for it, the first that is set wins
	preset any      // the default, as the file would hold it
	store  store
	later  func(s *Settings, raw any) string // what this version does not do with it yet; "" when it does
}

// store checks a value as TOML or a variable gives it, and puts it into the settings. It returns
// what a right value looks like when this one is wrong, else "".
type store func(s *Settings, raw any) (wrong string)

// variable is the environment's name for the setting.
func (f field) variable() string {
	return prefix + strings.ToUpper(strings.ReplaceAll(f.key, ".", "_"))
}

const prefix = "AZTRAY_"

// defaultScope is what Azure OpenAI takes.
const defaultScope = "https://cognitiveservices.azure.com/.default"

// fields is every setting there is, in the order in which docs/settings.md explains them.
var fields = []field{
	{key: "azure.tenant_id", preset: "",
		also:  []string{"AZURE_TENANT_ID", "AZURE__TENANT_ID", "AZURE_OPENAI__TENANT_ID", "OPENAI__TENANT_ID"},
		store: text(func(s *Settings) *string { return &s.Azure.TenantID }, tenant)},
	{key: "azure.subscription_id", preset: "",
		store: text(func(s *Settings) *string { return &s.Azure.SubscriptionID }, subscription)},
	{key: "azure.scope", preset: defaultScope,
		store: text(func(s *Settings) *string { return &s.Azure.Scope }, scope)},
	{key: "azure.sign_in_lifetime", preset: "", store: lifetime},
	{key: "azure.login_timeout", preset: "5m", store: loginTimeout},
	{key: "azure.probe_interval", preset: "5m", store: probeInterval},
	{key: "azure.follow", preset: true, store: toggle(func(s *Settings) *bool { return &s.Azure.Follow })},

	{key: "openai.endpoint", preset: "",
		also:  []string{"AZURE_OPENAI__ENDPOINT", "OPENAI__ENDPOINT"},
		store: azureEndpoint},
	{key: "openai.api_version", preset: "2025-03-01-preview",
		also:  []string{"AZURE_OPENAI__API_VERSION", "OPENAI__API_VERSION"},
		store: text(func(s *Settings) *string { return &s.OpenAI.APIVersion }, word)},
	{key: "openai.embedding_model", preset: "text-embedding-3-small",
		also:  []string{"OPENAI__EMBEDDING_MODEL"},
		store: text(func(s *Settings) *string { return &s.OpenAI.EmbeddingModel }, word)},
	{key: "openai.chat_model", preset: "gpt-4o",
		also:  []string{"OPENAI__CHAT_MODEL"},
		store: text(func(s *Settings) *string { return &s.OpenAI.ChatModel }, word)},

	{key: "notify.warn", preset: []string{"30m", "10m", "2m"}, store: warn},
	{key: "notify.snooze", preset: "15m", store: snooze},

	{key: "containers.names", preset: []string{"codestory-service", "codestory-worker", "codestory-mcp", "code-story-*"},
		store: texts(func(s *Settings) *[]string { return &s.Containers.Names }, pattern)},
	{key: "containers.delivery", preset: "copy", later: noEndpoint,
		store: text(func(s *Settings) *string { return &s.Containers.Delivery }, oneOf("copy", "mount", "endpoint"))},
	{key: "containers.credential", preset: "access-token",
		store: text(func(s *Settings) *string { return &s.Containers.Credential }, oneOf("access-token", "refresh-token"))},
	{key: "containers.scopes", preset: []string{},
		store: texts(func(s *Settings) *[]string { return &s.Containers.Scopes }, scope)},
	{key: "containers.scopes_allowed", preset: []string{},
		store: texts(func(s *Settings) *[]string { return &s.Containers.ScopesAllowed }, allowedPattern)},
	{key: "containers.tenants_allowed", preset: []string{},
		store: texts(func(s *Settings) *[]string { return &s.Containers.TenantsAllowed }, allowedPattern)},
	{key: "containers.logs", preset: true, store: toggle(func(s *Settings) *bool { return &s.Containers.Logs })},

	{key: "health.listen", preset: "auto", store: text(func(s *Settings) *string { return &s.Health.Listen }, listenAt)},
	{key: "health.watch", preset: []string{},
		store: texts(func(s *Settings) *[]string { return &s.Health.Watch }, requiredURL)},
	{key: "health.auto_fix", preset: "browser",
		store: text(func(s *Settings) *string { return &s.Health.AutoFix }, oneOf("browser", "silent"))},
	{key: "endpoint.enabled", preset: false, store: toggle(func(s *Settings) *bool { return &s.Endpoint.Enabled })},
	{key: "endpoint.port", preset: 8765, store: endpointPort},

	{key: "engine.hosts", preset: []string{},
		store: texts(func(s *Settings) *[]string { return &s.Engine.Hosts }, engineHost)},
	{key: "engine.plaintext", preset: []string{},
		store: texts(func(s *Settings) *[]string { return &s.Engine.Plaintext }, plainHost)},
	{key: "engine.socket", preset: false, store: toggle(func(s *Settings) *bool { return &s.Engine.Socket })},

	{key: "kubernetes.namespace", preset: "",
		store: text(func(s *Settings) *string { return &s.Kubernetes.Namespace }, optional(kubernetesName))},
	{key: "kubernetes.context", preset: "",
		store: text(func(s *Settings) *string { return &s.Kubernetes.Context }, anything)},
	{key: "kubernetes.secret", preset: "aztray-azure",
		store: text(func(s *Settings) *string { return &s.Kubernetes.Secret }, kubernetesName)},

	{key: "tray.icon", preset: "auto",
		store: text(func(s *Settings) *string { return &s.Tray.Icon }, oneOf("auto", "light", "dark"))},
}

// theirs are Code Story's keys in the two sections that its file shares with ours: known, and its
// own affair. https://github.com/rysweet/code-story, src/codestory/config/settings.py, 2025.
var theirs = map[string]bool{
	"azure.client_id": true, "azure.client_secret": true, "azure.keyvault_name": true,

	"openai.api_key": true, "openai.tenant_id": true, "openai.subscription_id": true,
	"openai.reasoning_model": true, "openai.max_retries": true, "openai.retry_backoff_factor": true,
	"openai.temperature": true, "openai.max_tokens": true, "openai.timeout": true,
}

// noEndpoint says that containers are sent to an endpoint that nobody serves.
func noEndpoint(s *Settings, _ any) string {
	if s.Containers.Delivery != "endpoint" || s.Endpoint.Enabled {
		return ""
	}
	return `the identity endpoint is off: set endpoint.enabled = true`
}
