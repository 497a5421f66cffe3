//go:build unix

package instance

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

func place() (string, error) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "aztray"), nil
	}
	return filepath.Join(os.TempDir(), "aztray-"+strconv.Itoa(os.Getuid())), nil
}

// ours checks dir: in a directory for everybody, another person may have made it first, or a link in
// its place, to read what is sent or to answer in our stead.
func ours(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory", dir)
	case !ok || int(stat.Uid) != os.Getuid():
		return fmt.Errorf("%s belongs to somebody else", dir)
	case info.Mode().Perm() != 0o700:
		return os.Chmod(dir, 0o700)
	}
	return nil
}

// closeToOthers is a second lock: the directory is closed already.
func closeToOthers(path string) error { return os.Chmod(path, 0o600) }
