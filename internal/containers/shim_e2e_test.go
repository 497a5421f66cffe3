//go:build e2e && unix

package containers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/watch/symptom"
	"aztray/test/rig/sdk"
)

// TestShimToEachSDK: what a program shows of the small az's answer, by azidentity 1.15, @azure/identity 4.14 and the
// azure-identity of this machine, is why there is no token; and the log detection knows it.
func TestShimToEachSDK(t *testing.T) {
	const resource = "https://cognitiveservices.azure.com"
	apps, err := sdk.NewApps(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	withdrawn := func(s shim) {
		s.write(filepath.Join(s.place, tokensFile), emptyContent(target{shim: "x"}, time.Now()).files[2].text)
	}
	for _, c := range []struct {
		name   string
		holds  auth.Bundle
		change func(shim)
		scope  string
		says   string // "": there is a token
	}{
		{"a token", bundle("t", shimEnd), nil, resource + "/.default", ""},
		{"another resource", bundle("t", shimEnd), nil, "https://vault.azure.net/.default", "aztray delivers no token for https://vault.azure.net"},
		{"an old token", bundle("t", time.Now().Add(-time.Second)), nil, resource + "/.default", "The token that aztray delivered has expired"},
		{"withdrawn", bundle("t", shimEnd), withdrawn, resource + "/.default", "aztray has withdrawn the sign-in"},
		{"nothing", bundle("t", shimEnd), func(s shim) { os.Remove(filepath.Join(s.place, tokensFile)) }, resource + "/.default", "aztray has delivered nothing that this user can read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShim(t, []string{"/bin/sh"}, c.holds)
			if c.change != nil {
				c.change(s)
			}
			for _, language := range sdk.Languages {
				said, err := apps.Ask(t.Context(), language, "cli", c.scope, []string{"PATH=" + s.place + ":" + onlyDate(t)})
				if err != nil || !strings.Contains(said, c.says) || c.says == "" && said != "" {
					t.Errorf("%s: %q, %v", language, said, err)
				}
				var m symptom.Matcher
				if hit, found := m.Find([]byte(said)); found != (c.says != "") || found && hit.Cause != symptom.AzLogin {
					t.Errorf("%s: the log detection takes %q for %+v", language, said, hit)
				}
			}
		})
	}
}
