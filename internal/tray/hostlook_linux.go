package tray

import (
	"context"

	"aztray/internal/auth"
)

// LookForHost reports why no tray icon could be shown now: no session bus, or no panel that takes one;
// nil where one could. It shows nothing.
func LookForHost(ctx context.Context) *auth.Problem {
	h, err := openHost(ctx)
	if err != nil {
		return auth.Classify(err.Error(), err)
	}
	defer h.close()
	if !h.there(ctx) {
		return problemNoHost()
	}
	return nil
}
