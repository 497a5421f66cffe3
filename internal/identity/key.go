package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"aztray/internal/atomicfile"
	"aztray/internal/auth"
)

// Key is what every container's secret is derived from, so that they outlive a restart and none has to
// be kept. It cannot be printed by accident.
type Key struct{ secret auth.Secret }

const keyLength = 32 // bytes

// Header is the IDENTITY_HEADER of the container or service of that name.
func (k Key) Header(name string) auth.Secret {
	h := hmac.New(sha256.New, []byte(k.secret.Reveal()))
	h.Write([]byte("aztray identity endpoint 1\n" + name))
	return auth.NewSecret(base64.RawURLEncoding.EncodeToString(h.Sum(nil)))
}

// LoadKey reads the key in the state directory, which must exist and be its owner's alone, and makes it
// where there is none. Whoever deletes the file makes every container's secret invalid.
func LoadKey(stateDir string) (Key, error) {
	file := filepath.Join(stateDir, "endpoint.key")
	k, err := readKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(file); err == nil {
			k, err = readKey(file)
		}
	}
	if err != nil {
		return Key{}, fmt.Errorf("the key of the identity endpoint: %w", err)
	}
	return k, nil
}

func readKey(file string) (Key, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return Key{}, err
	}
	if len(b) != keyLength {
		return Key{}, fmt.Errorf("%s has %d bytes and not %d; delete it, and give the containers their new secrets", file, len(b), keyLength)
	}
	return Key{auth.NewSecret(string(b))}, nil
}

// makeKey gives a key the name only where none has it yet: tray and command line may both come here, and
// both must go by the first.
func makeKey(file string) error {
	b := make([]byte, keyLength)
	rand.Read(b) // never fails
	if err := atomicfile.Create(file, b); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
