package instance

import (
	"fmt"
	"os"
)

// Place is where Dir makes it, whether it is there or not.
func Place() (string, error) { return place() }

// Dir makes and returns the directory for the lock and the socket: the system's place for what lives
// as long as the session. It is the person's own and closed to everybody else, or there is an error.
func Dir() (string, error) {
	dir, err := place()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making the runtime directory: %w", err)
	}
	if err := ours(dir); err != nil {
		return "", err
	}
	return dir, nil
}
