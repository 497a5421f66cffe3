//go:build linux || darwin

package auth

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"aztray/internal/atomicfile"
	"aztray/internal/bounded"
)

// keychain reads items of the macOS Keychain by Apple's own tool. The first time, macOS asks the person
// whether that tool may read what az stored. It must never ask again and again: what came of it is
// remembered in a file of ours, and after a refusal nobody is asked for a day.
type keychain struct {
	tool   string // /usr/bin/security
	memory string // of how the last try ended; "" remembers nothing and therefore asks nobody
}

const (
	keychainAllowed = "allowed"
	keychainAsked   = "asked" // and not allowed, or not yet
	// keychainRest is how long nobody is asked after a refusal.
	keychainRest = 24 * time.Hour
	// keychainPatience is how long the system's question may stand.
	keychainPatience = 30 * time.Second
	// keychainNotFound is errSecItemNotFound as the tool's exit code.
	keychainNotFound = 44
)

var errKeychainAsked = errors.New("macOS was asked for az's item in the Keychain within a day, and did not give it")

func (k keychain) read(ctx context.Context, it item, now time.Time) ([]byte, error) {
	was, at := k.remembered()
	if ago := now.Sub(at); was == keychainAsked && ago > -keychainRest && ago < keychainRest { // the clock may have been set back
		return nil, errKeychainAsked
	}
	patience := storeTimeout
	if was != keychainAllowed {
		patience = keychainPatience
		if err := k.remember(keychainAsked); err != nil { // before asking: whatever happens, it is not asked twice
			return nil, fmt.Errorf("the Keychain is not asked where that cannot be remembered: %w", err)
		}
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	b, err := k.find(ctx, it)
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil && was != keychainAllowed:
		err = k.remember(keychainAllowed)
	case ok && exit.ExitCode() == keychainNotFound && was != keychainAllowed:
		os.Remove(k.memory) // nobody was asked
	case err != nil && was == keychainAllowed:
		err = errors.Join(err, k.remember(keychainAsked))
	}
	return b, err
}

// find runs the tool. What holds a line break, as az's cache does, it prints in hexadecimal.
func (k keychain) find(ctx context.Context, it item) ([]byte, error) {
	out := &bounded.Head{Max: maxOutput}
	cmd := exec.CommandContext(ctx, k.tool, "find-generic-password", "-s", it.service, "-a", it.account, "-w")
	cmd.Stdout = out
	ownGroup(cmd)
	cmd.Cancel = func() error { killGroup(cmd); return nil }
	cmd.WaitDelay = waitAfterEnd
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("the Keychain: %w", err)
	}
	text := bytes.TrimSpace(out.Bytes())
	if b := make([]byte, hex.DecodedLen(len(text))); len(text) > 0 && text[0] != '{' {
		if _, err := hex.Decode(b, text); err == nil {
			return b, nil
		}
	}
	return text, nil
}

func (k keychain) remembered() (what string, at time.Time) {
	info, err := os.Stat(k.memory)
	if err != nil {
		return "", time.Time{}
	}
	b, _ := os.ReadFile(k.memory)
	return strings.TrimSpace(string(b)), info.ModTime()
}

func (k keychain) remember(what string) error {
	if err := os.MkdirAll(filepath.Dir(k.memory), 0o700); err != nil {
		return err
	}
	return atomicfile.Write(k.memory, []byte(what+"\n"))
}
