package auth

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// decrypt reads az's item from the person's Keychain.
func decrypt(ctx context.Context, file string) ([]byte, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	k := keychain{tool: "/usr/bin/security", memory: filepath.Join(dir, "aztray", "keychain")}
	return k.read(ctx, itemOf(file), time.Now())
}
