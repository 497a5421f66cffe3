package instance

import (
	"os"
	"path/filepath"
)

// place is %LOCALAPPDATA%\aztray; the profile's access list keeps others out.
func place() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(base, "aztray"), nil
}

func ours(string) error          { return nil }
func closeToOthers(string) error { return nil }
