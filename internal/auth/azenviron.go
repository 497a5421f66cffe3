package auth

import (
	"runtime"
	"slices"
	"strings"
)

// agentSession is set by GitHub Copilot's command line for what it starts. az from 2.87 or so then passes over every
// token in its cache, and opens a browser where the renewal gives nothing: a question would sign the person in.
// https://github.com/Azure/azure-cli/pull/33309
const agentSession = "COPILOT_AGENT_SESSION_ID"

// noBrowser is a BROWSER that opens nothing and says that it did: Python's webbrowser module tries the next one after
// one that fails. Windows has no such program; az is ended there by its time limit.
const noBrowser = "true"

// azEnvironment returns the environment for az, from the person's own. signIn is false for a call that must open no
// browser.
func azEnvironment(person []string, signIn bool) []string {
	env := slices.DeleteFunc(slices.Clone(person), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return strings.EqualFold(name, agentSession)
	})
	env = append(env,
		"AZURE_CORE_NO_COLOR=true",
		"AZURE_CORE_LOGIN_EXPERIENCE_V2=off", // no list of subscriptions to choose from
		"AZURE_AUTO-UPGRADE_ENABLE=no",       // az upgrades itself after a command where the person allowed it
		"PYTHONUNBUFFERED=1",
	)
	if signIn {
		return env
	}
	env = append(env, "AZURE_CORE_ONLY_SHOW_ERRORS=true")
	if runtime.GOOS != "windows" {
		env = append(env, "BROWSER="+noBrowser)
	}
	return env
}
