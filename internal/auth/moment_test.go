package auth

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheMomentOfASignInIsReadFromAzsFiles(t *testing.T) {
	stored := time.Unix(1795440000, 0).UTC()
	tests := []struct {
		name    string
		written time.Duration // of the profile, after the refresh token was stored
		want    time.Time
	}{
		{"az login stores a token and writes the profile at once", 2 * time.Second, stored},
		{"within the same second, by a coarser clock", -500 * time.Millisecond, stored},
		{"a renewal stored a token, the profile is old", -time.Hour, time.Time{}},
		{"az account set wrote the profile, the token is old", time.Hour, time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cache := strings.Replace(tokenCache, `"r": {`, fmt.Sprintf(`"r": {"last_modification_time": "%d", `, stored.Unix()), 1)
			dir := azDir(t, map[string]string{profileFile: profile, cacheFile: cache})
			at := stored.Add(tt.written)
			if err := os.Chtimes(filepath.Join(string(dir), profileFile), at, at); err != nil {
				t.Fatal(err)
			}
			f, err := dir.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := dir.SignInMoment(f); !got.Equal(tt.want) {
				t.Errorf("SignInMoment = %v, want %v", got, tt.want)
			}
		})
	}
}
