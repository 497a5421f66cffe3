package config

import (
	"errors"
	"strings"
	"testing"
)

// Every error says where, what and what to do, in one sentence.
func TestErrors(t *testing.T) {
	const when = `a time such as "90s", "30m" or "12h", in quotes and above zero`
	for _, c := range []struct {
		name, file string
		env        string
		want       string // after the file's name
	}{
		{"a slip in a key", "# mine\n[azure]\ntennant_id = \"x\"", "",
			", line 3: there is no setting azure.tennant_id; did you mean azure.tenant_id?"},
		{"a key in the wrong section", "[azure]\nwarn = [\"5m\"]", "",
			", line 2: there is no setting azure.warn; did you mean notify.warn?"},
		{"a key in no section", "snooze = \"5m\"\n", "",
			", line 1: there is no setting snooze; did you mean notify.snooze?"},
		{"a key like no other", "[notify]\nzzzzzzzzzzzzzzz = 1", "",
			", line 2: there is no setting notify.zzzzzzzzzzzzzzz; delete it (docs/settings.md lists them all)"},
		{"a secret under a wrong name is not repeated", "[azure]\nclient_secrets = \"hunter2\"", "",
			", line 2: there is no setting azure.client_secrets; delete it (docs/settings.md lists them all)"},
		{"a slip in a section", "\n[container]\nnames = []", "",
			", line 2: there is no setting [container]; did you mean [containers]?"},
		{"a section that is a value", "azure = \"x\"", "",
			", line 1: azure is \"x\"; it must be a section, [azure]"},
		{"a slip in a variable", "", "AZTRAY_AZURE_TENNANT_ID=x",
			"environment variable AZTRAY_AZURE_TENNANT_ID: there is no setting of that name; did you mean AZTRAY_AZURE_TENANT_ID?"},
		{"a time in words", "[azure]\nlogin_timeout = \"5 minutes\"", "",
			", line 2: azure.login_timeout is \"5 minutes\"; it must be " + when},
		{"a time without a unit", "[notify]\nsnooze = 15", "",
			", line 2: notify.snooze is 15; it must be " + when},
		{"no time at all", "[azure]\nprobe_interval = \"0s\"", "",
			", line 2: azure.probe_interval is \"0s\"; it must be " + when},
		{"a time before now", "[azure]\nsign_in_lifetime = \"-12h\"", "",
			", line 2: azure.sign_in_lifetime is \"-12h\"; it must be " + when},
		{"a time in a variable", "[notify]\nsnooze = \"1m\"", "AZTRAY_NOTIFY_SNOOZE=soon",
			"environment variable AZTRAY_NOTIFY_SNOOZE: notify.snooze is \"soon\"; it must be " + when},
		{"never warned", "[notify]\nwarn = []", "",
			", line 2: notify.warn is []; it must be a list of times such as [\"30m\", \"10m\"], at least one"},
		{"one bad warning", "[notify]\nwarn = [\"10m\", \"x\"]", "",
			", line 2: notify.warn is [10m x]; it must be a list in which each entry is " + when},
		{"a tenant's name", "[azure]\ntenant_id = \"Contoso\"", "",
			", line 2: azure.tenant_id is \"Contoso\"; it must be a tenant's id or domain, which az account tenant list shows"},
		{"an option of az for a tenant", "[azure]\ntenant_id = \"--debug.x\"", "",
			", line 2: azure.tenant_id is \"--debug.x\"; it must be a tenant's id or domain, which az account tenant list shows"},
		{"Code Story's tenant", "[openai]\ntenant_id = \"your-tenant\"", "",
			", line 2: openai.tenant_id is \"your-tenant\"; it must be a tenant's id or domain, which az account tenant list shows"},
		{"a number for a text", "[azure]\nsubscription_id = 7", "",
			", line 2: azure.subscription_id is 7; it must be text in quotes"},
		{"a subscription's name", "[azure]\nsubscription_id = \"Visual Studio\"", "",
			", line 2: azure.subscription_id is \"Visual Studio\"; it must be a subscription's id, which az account list shows"},
		{"a resource for a scope", "[azure]\nscope = \"https://cognitiveservices.azure.com\"", "",
			", line 2: azure.scope is \"https://cognitiveservices.azure.com\"; it must be a scope such as https://cognitiveservices.azure.com/.default"},
		{"a password in an address", "[openai]\nendpoint = \"https://me:hunter2@example.com\"", "",
			", line 2: openai.endpoint is \"https://me:xxxxx@example.com\"; it must be an address such as https://example.openai.azure.com, without a password"},
		{"a model with blanks", "[openai]\nchat_model = \"gpt 4\"", "",
			", line 2: openai.chat_model is \"gpt 4\"; it must be a name of letters, digits, dots, dashes and underscores"},
		{"a pattern that never closes", "[containers]\nnames = [\"web-[\"]", "",
			", line 2: containers.names is [web-[]; it must be a list in which each entry is a container's name, or a pattern such as \"code-story-*\""},
		{"a name for a list of names", "[containers]\nscopes = 1", "",
			", line 2: containers.scopes is 1; it must be a list of texts in quotes"},
		{"numbers in a list", "[containers]\nnames = [1]", "",
			", line 2: containers.names is [1]; it must be a list of texts in quotes"},
		{"another delivery", "[containers]\ndelivery = \"pigeon\"", "",
			", line 2: containers.delivery is \"pigeon\"; it must be copy, mount or endpoint"},
		{"another credential", "[containers]\ncredential = \"password\"", "",
			", line 2: containers.credential is \"password\"; it must be access-token or refresh-token"},
		{"health for the whole network", "[health]\nlisten = \"0.0.0.0:8000\"", "",
			", line 2: health.listen is \"0.0.0.0:8000\"; it must be auto, or an address of this machine alone, such as 127.0.0.1:8000"},
		{"a port that is none", "[endpoint]\nport = 70000", "",
			", line 2: endpoint.port is 70000; it must be a port, a number from 1 to 65535"},
		{"a switch in words", "[endpoint]\nenabled = \"perhaps\"", "",
			", line 2: endpoint.enabled is \"perhaps\"; it must be true or false"},
		{"an engine that is encrypted anyway", "[engine]\nplaintext = [\"ssh://ada@build\"]", "",
			", line 2: engine.plaintext is [ssh://ada@build]; it must be a list in which each entry is an engine's address without encryption, such as tcp://10.0.0.5:2375"},
		{"an engine's path", "[engine]\nhosts = [\"/var/run/docker.sock\"]", "",
			", line 2: engine.hosts is [/var/run/docker.sock]; it must be a list in which each entry is an engine's address as DOCKER_HOST has it, such as unix:///var/run/docker.sock"},
		{"another icon", "[tray]\nicon = \"pink\"", "",
			", line 2: tray.icon is \"pink\"; it must be auto, light or dark"},
		{"no TOML", "[azure]\ntenant_id =\n", "",
			", line 2: this is not TOML (toml: unexpected character U+000A at start of value); correct or delete the line"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var env []string
			if c.env != "" {
				env = []string{c.env}
			}
			_, _, err := load(t, c.file, env...)
			e, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("got %v, want an *Error", err)
			}
			text := e.Error()
			if c.env == "" {
				_, text, _ = strings.Cut(text, "config.toml")
			}
			if text != c.want {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
		})
	}
}
