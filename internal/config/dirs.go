package config

import (
	"fmt"
	"os"
	"path/filepath"
)

// File is where the settings file is looked for: $XDG_CONFIG_HOME/aztray/config.toml, on Windows
// below %AppData%, on macOS below ~/Library/Application Support. It need not exist.
func File(lookupEnv func(string) (string, bool)) (string, error) {
	base, err := configBase(lookupEnv)
	if err != nil {
		return "", fmt.Errorf("no place for the settings: %w", err)
	}
	return filepath.Join(base, "aztray", "config.toml"), nil
}

// StateDir is the directory for what the program learnt and logged: $XDG_STATE_HOME/aztray or
// ~/.local/state/aztray, on Windows %LocalAppData%\aztray, on macOS ~/Library/Application
// Support/aztray. It exists on return, and nobody else may read it.
func StateDir(lookupEnv func(string) (string, bool)) (string, error) {
	base, err := stateBase(lookupEnv)
	if err != nil {
		return "", fmt.Errorf("no place for the state: %w", err)
	}
	dir := filepath.Join(base, "aztray")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("no place for the state: %w", err)
	}
	// One that was there already may have been made under another umask. Windows has no such bits.
	if err := os.Chmod(dir, 0o700); err != nil {
		return "", fmt.Errorf("the state would be open to others: %w", err)
	}
	return dir, nil
}

// under gives a directory that a variable names, else one below the one that another names. Per
// the XDG base directory specification a path that is not absolute counts as not set.
func under(lookupEnv func(string) (string, bool), variable, home string, below ...string) (string, error) {
	if dir, _ := lookupEnv(variable); filepath.IsAbs(dir) {
		return dir, nil
	}
	dir, _ := lookupEnv(home)
	if !filepath.IsAbs(dir) {
		return "", fmt.Errorf("%s is not set; set it to your home directory", home)
	}
	return filepath.Join(append([]string{dir}, below...)...), nil
}
