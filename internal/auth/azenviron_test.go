package auth

import (
	"slices"
	"testing"
)

func TestTheEnvironmentOfAz(t *testing.T) {
	person := []string{"HOME=/home/ada", "BROWSER=firefox", "COPILOT_AGENT_SESSION_ID=1234", "copilot_agent_session_id=5678"}
	for _, tt := range []struct {
		name   string
		signIn bool
		has    []string
		lacks  []string
	}{
		{"a question opens no browser", false, []string{"HOME=/home/ada", "BROWSER=true", "AZURE_AUTO-UPGRADE_ENABLE=no"},
			[]string{"COPILOT_AGENT_SESSION_ID=1234", "copilot_agent_session_id=5678"}},
		{"a sign-in has the person's browser", true, []string{"HOME=/home/ada", "BROWSER=firefox", "AZURE_AUTO-UPGRADE_ENABLE=no"},
			[]string{"COPILOT_AGENT_SESSION_ID=1234", "copilot_agent_session_id=5678", "BROWSER=true"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := azEnvironment(person, tt.signIn)
			for _, entry := range tt.has {
				if !slices.Contains(got, entry) {
					t.Errorf("%s is missing from %q", entry, got)
				}
			}
			for _, entry := range tt.lacks {
				if slices.Contains(got, entry) {
					t.Errorf("%s is in %q", entry, got)
				}
			}
		})
	}
	if !slices.Equal(person[:2], []string{"HOME=/home/ada", "BROWSER=firefox"}) || len(person) != 4 {
		t.Errorf("the person's own became %q", person)
	}
}
