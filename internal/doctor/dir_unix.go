//go:build unix

package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// secretFiles are the files of az's that hold credentials.
var secretFiles = []string{"msal_token_cache.json", "msal_token_cache.bin", "service_principal_entries.json", "service_principal_entries.bin"}

// systemDirFacts looks at a directory's files from outside.
func systemDirFacts(dir string) dirFacts {
	f := dirFacts{Dir: dir}
	info, err := os.Stat(dir)
	if os.IsNotExist(err) {
		return f
	}
	f.There, f.Err = true, err
	if err != nil {
		return f
	}
	open := info.Mode().Perm()&0o011 != 0 // else nobody gets as far as the files
	f.Writable = unix.Access(dir, unix.W_OK|unix.X_OK) == nil
	entries, err := os.ReadDir(dir)
	f.Err = err
	for _, name := range append(names(entries), ".") {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if err != nil {
			continue // it has gone
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() && unix.Access(path, unix.R_OK|unix.W_OK) != nil {
			f.Foreign = append(f.Foreign, path)
		}
		if open && slices.Contains(secretFiles, name) && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			f.Open = append(f.Open, path)
		}
	}
	return f
}

func names(entries []os.DirEntry) []string {
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = e.Name()
	}
	return all
}
