//go:build !linux && !windows && !darwin

package auth

import (
	"context"
	"errors"
)

// decrypt knows no key ring of this system; az itself keeps its cache in a plain file here.
func decrypt(context.Context, string) ([]byte, error) { return nil, errors.ErrUnsupported }
