//go:build !linux

package tray

import (
	"context"

	"aztray/internal/auth"
)

// LookForHost reports why no tray icon could be shown now; nil where one could. On these systems the
// desktop always takes one.
func LookForHost(context.Context) *auth.Problem {
	if err := Available(); err != nil {
		return auth.Classify(err.Error(), err)
	}
	return nil
}
