//go:build linux || darwin

package auth

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// securityTool is a stand-in for Apple's tool that notes each call and then does as told.
func securityTool(t *testing.T, does string) (k keychain, calls func() []string) {
	t.Helper()
	dir := t.TempDir()
	k = keychain{tool: filepath.Join(dir, "security"), memory: filepath.Join(dir, "cache", "keychain")}
	log := filepath.Join(dir, "log")
	script := "#!/bin/sh\necho \"$*\" >>'" + log + "'\n" + does + "\n"
	if err := os.WriteFile(k.tool, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return k, func() []string {
		b, _ := os.ReadFile(log)
		return strings.Split(strings.TrimSpace(string(b)), "\n")
	}
}

func TestTheKeychainGivesTheCache(t *testing.T) {
	pretty := strings.ReplaceAll(tokenCache, ", ", ",\n    ") // as az writes it
	for name, prints := range map[string]string{"one line, as text": strings.ReplaceAll(tokenCache, "\n", ""), "several lines, in hexadecimal": hex.EncodeToString([]byte(pretty))} {
		t.Run(name, func(t *testing.T) {
			k, calls := securityTool(t, "printf '%s\\n' '"+prints+"'")
			for range 2 {
				b, err := k.read(t.Context(), itemOf(cacheSignal), time.Now())
				if err != nil {
					t.Fatal(err)
				}
				if c, err := parseCache(b); err != nil || len(c.access) != 3 {
					t.Errorf("%d bytes are no cache: %v", len(b), err)
				}
			}
			if got, want := calls(), "find-generic-password -s Microsoft Azure CLI -a Token cache -w"; len(got) != 2 || got[0] != want {
				t.Errorf("called with %q, want twice %q", got, want)
			}
		})
	}
	if it := itemOf(cacheDPAPI); it.service != "my_service_name" || it.account != "my_account_name" {
		t.Errorf("the item of older az is %+v", it)
	}
}

func TestTheKeychainAsksAPersonAtMostOnceADay(t *testing.T) {
	k, calls := securityTool(t, "exit 128") // the person pressed Deny
	now := time.Now()
	for _, after := range []time.Duration{0, time.Second, 23 * time.Hour, 25 * time.Hour} {
		if _, err := k.read(t.Context(), itemOf(cacheSignal), now.Add(after)); err == nil {
			t.Fatal("a refusal gave something")
		}
	}
	if got := len(calls()); got != 2 {
		t.Errorf("asked %d times in 25 hours, want 2", got)
	}
}

func TestAMissingItemAsksNobody(t *testing.T) {
	k, calls := securityTool(t, "exit 44")
	for range 3 {
		if _, err := k.read(t.Context(), itemOf(cacheSignal), time.Now()); err == nil {
			t.Fatal("a missing item gave something")
		}
	}
	if got := len(calls()); got != 3 {
		t.Errorf("looked %d times, want 3: az may store it any time", got)
	}
}

func TestTheKeychainIsNotAskedWhereThatCannotBeRemembered(t *testing.T) {
	k, calls := securityTool(t, "exit 0")
	k.memory = filepath.Join(k.tool, "below a file")
	if _, err := k.read(t.Context(), itemOf(cacheSignal), time.Now()); err == nil || calls()[0] != "" {
		t.Errorf("read = %v after calls %q, want an error and none", err, calls())
	}
}
