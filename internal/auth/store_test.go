package auth

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// noKeyRing keeps a test away from the key ring of whoever runs it: there is no bus, and nowhere to
// remember that the Keychain was asked.
func noKeyRing(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("HOME", "")
}

func TestTheStoreThatAzLastWroteToIsRead(t *testing.T) {
	noKeyRing(t)
	const older, newer = 2 * time.Hour, time.Hour
	tests := []struct {
		name    string
		ages    map[string]time.Duration
		plain   string
		cache   bool
		problem string
	}{
		{"none: az was never signed in", nil, "", false, ""},
		{"plain alone", map[string]time.Duration{cacheFile: newer}, tokenCache, true, ""},
		{"plain, and an encrypted one that az has left", map[string]time.Duration{cacheFile: newer, cacheDPAPI: older}, tokenCache, true, ""},
		{"plain, which az fell back to when the key ring was gone", map[string]time.Duration{cacheFile: newer, cacheSignal: newer}, tokenCache, true, ""},
		{"encrypted, and a plain one that az has left: it would tell of an old sign-in", map[string]time.Duration{cacheFile: older, cacheDPAPI: newer}, tokenCache, false, "AZ_CACHE_ENCRYPTED"},
		{"in a key ring, after az was updated", map[string]time.Duration{cacheFile: older, cacheSignal: newer}, tokenCache, false, "AZ_CACHE_ENCRYPTED"},
		{"plain and damaged for good", map[string]time.Duration{cacheFile: newer}, tokenCache[:200], false, "AZ_CACHE_BROKEN"},
		{"plain and empty for good", map[string]time.Duration{cacheFile: newer}, "", false, "AZ_CACHE_BROKEN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{profileFile: profile}
			for name := range tt.ages {
				files[name] = tt.plain
			}
			dir := azDir(t, files)
			for name, age := range tt.ages {
				at := time.Now().Add(-age).Truncate(time.Second)
				if err := os.Chtimes(filepath.Join(string(dir), name), at, at); err != nil {
					t.Fatal(err)
				}
			}
			began := time.Now()
			f, err := dir.Read(t.Context())
			if err != nil {
				t.Fatalf("Read = %v, want no error: az is asked", err)
			}
			code := ""
			if f.CacheProblem != nil {
				code = f.CacheProblem.Code
			}
			if (f.Cache != nil) != tt.cache || code != tt.problem || len(f.Profile.Subscriptions) != 2 {
				t.Errorf("cache %v, problem %q, %d rows; want %v, %q, 2", f.Cache != nil, code, len(f.Profile.Subscriptions), tt.cache, tt.problem)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("it took %v: nobody is writing", took)
			}
		})
	}
}

func TestACacheThatStaysHalfIsANotice(t *testing.T) {
	f, err := azDir(t, map[string]string{profileFile: profile, cacheFile: tokenCache[:200]}).Read(t.Context())
	if err != nil || f.Cache != nil || f.CacheProblem == nil || f.CacheProblem.Code != "AZ_CACHE_BROKEN" {
		t.Errorf("Read = %v, %v, want AZ_CACHE_BROKEN and no error", f.CacheProblem, err)
	}
	if len(f.Profile.Subscriptions) != 2 {
		t.Errorf("%d rows of the profile, want both", len(f.Profile.Subscriptions))
	}
}

func TestAnUnreadableStoreSaysWhyWhenAsked(t *testing.T) {
	noKeyRing(t)
	f, err := azDir(t, map[string]string{profileFile: profile, cacheDPAPI: "\x01\x00"}).Read(t.Context())
	if err != nil || f.CacheProblem == nil || errors.Unwrap(f.CacheProblem) == nil {
		t.Errorf("CacheProblem %v with cause %v (%v), want a cause for --verbose", f.CacheProblem, errors.Unwrap(f.CacheProblem), err)
	}
}
