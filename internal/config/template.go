package config

import (
	"fmt"
	"strings"
)

// about is what `config init` writes above each setting.
var about = map[string]string{
	"azure.tenant_id":        "The tenant's id or domain; empty: the one that az uses.",
	"azure.subscription_id":  "The subscription's id; empty: the one that az uses.",
	"azure.scope":            "What the sign-in must be good for, and what containers get.",
	"azure.sign_in_lifetime": `How long a sign-in lasts, such as "12h", where your organisation says so; empty: it is learnt.`,
	"azure.login_timeout":    "How long a sign-in in the browser may take.",
	"azure.probe_interval":   "Silent renewals are never tried more often than this.",
	"azure.follow":           "az itself acts in the tenant that you switch to; false: only the containers do.",

	"openai.endpoint":        "The endpoint that your containers call, which is asked whether the token works there; empty: it is not asked.",
	"openai.api_version":     "The version of its API.",
	"openai.embedding_model": "The deployment for embeddings.",
	"openai.chat_model":      "The deployment for chat.",

	"notify.warn":   "How long before you must act you are told; the longest turns the icon amber.",
	"notify.snooze": "How long Snooze keeps quiet.",

	"containers.names":           "Names of containers or compose services that get the credential; * and ? stand for what you like.",
	"containers.delivery":        `How: "copy" into the container's own az directory, "mount": a directory that it mounts, or "endpoint".`,
	"containers.credential":      "What: access tokens alone.",
	"containers.scopes":          "Scopes that containers get besides azure.scope.",
	"containers.scopes_allowed":  "Scopes that a container's label may ask for without a question; * stands for anything.",
	"containers.tenants_allowed": "Tenants that it may ask for without a question, by id or domain as the label names them.",
	"containers.logs":            "Whether their logs are read for failures of the credential, which are then cured.",

	"health.listen": "Where the health API and the status page are served, on this machine alone. auto: 127.0.0.1:8000, or the next port that is free and that no container publishes. Empty: nowhere.",
	"health.watch":  "Health addresses of other services; where one reports that its sign-in fails, its containers get theirs anew.",

	"health.auto_fix": "What ?auto_fix=true and POST /auth-renew may do: \"browser\" opens one where it must, \"silent\" never does.",

	"endpoint.enabled": "Whether containers may take their tokens from the identity endpoint.",
	"endpoint.port":    "Its port, on loopback and on the bridge networks' gateways.",

	"engine.hosts":     "Engines' addresses as DOCKER_HOST has them; empty: the engine that the docker command would use.",
	"engine.plaintext": "Those on other machines that may be spoken to without encryption: your tokens cross the network as they are.",
	"engine.socket":    "Whether to offer an engine socket that starts a container only when its credential is in.",

	"kubernetes.namespace": "The namespace in which a Secret is kept fresh for pods; empty: none is.",
	"kubernetes.context":   "The context of the kubeconfig; empty: its current one.",
	"kubernetes.secret":    "The Secret's name.",

	"tray.icon": "The ground that the panel gives the icon: auto, light or dark.",
}

// sectionAbout heads each section of the file.
var sectionAbout = map[string]string{
	"azure": "the sign-in", "openai": "the endpoint that the containers call", "notify": "when you are told",
	"containers": "who gets the credential, and how", "health": "the health API, and other services that know better",
	"endpoint": "a credential for images without a shell", "engine": "where the containers run",
	"kubernetes": "the credential as a Secret, for pods", "tray": "the icon",
}

// Template is a settings file that changes nothing: every setting is in it as a comment, with what it
// means and its default.
func Template() []byte {
	b := &strings.Builder{}
	fmt.Fprint(b, `# aztray's settings. Each stands here with its default: to change one, take the # away from its line.
# A running aztray takes a change up as soon as the file is saved. aztray config show says what holds.
`)
	section := ""
	for _, f := range fields {
		in, key, _ := strings.Cut(f.key, ".")
		if in != section {
			section = in
			fmt.Fprintf(b, "\n[%s] # %s\n", in, sectionAbout[in])
		}
		fmt.Fprintf(b, "\n# %s\n# %s = %s\n", about[f.key], key, Written(f.preset))
	}
	return []byte(b.String())
}

// Written is a value as the file has it.
func Written(value any) string {
	switch v := value.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case []string:
		quoted := make([]string, len(v))
		for i, entry := range v {
			quoted[i] = fmt.Sprintf("%q", entry)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return fmt.Sprint(value)
}
