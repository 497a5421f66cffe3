package cli

import (
	"context"
	"time"

	"aztray/internal/containers"
	"aztray/internal/instance"
)

const (
	trayDelivers = 10 * time.Second // after a sign-in; a tray that takes longer is not waited for
	lookAgain    = 100 * time.Millisecond
)

// delivered says of a container what a running tray, or aztray serve, gave it after the sign-in of s:
// it sees az's files change and delivers by itself, and twice would be once too often. It is false where
// nobody did.
func (c *command) delivered(ctx context.Context, s signIn, f found) func(context.Context, containers.Container) (containers.Status, bool) {
	dir, err := instance.Dir()
	if s.since.IsZero() || err != nil || !instance.Running(ctx, dir) {
		return func(context.Context, containers.Container) (containers.Status, bool) {
			return containers.Status{}, false
		}
	}
	return func(ctx context.Context, box containers.Container) (containers.Status, bool) {
		ctx, stop := context.WithTimeout(ctx, trayDelivers)
		defer stop()
		for {
			st := f.engines.Check(ctx, box)
			switch done, wait := afterSignIn(st, s.since); {
			case done:
				return st, true
			case !wait:
				return st, false
			}
			select {
			case <-ctx.Done():
				return st, false
			case <-time.After(lookAgain):
			}
		}
	}
}

// afterSignIn says whether a container has what it should since a sign-in that began at since, and if not,
// whether waiting may help.
func afterSignIn(st containers.Status, since time.Time) (done, wait bool) {
	switch st.State {
	case containers.Fresh:
		done = !st.DeliveredAt.Before(since.Truncate(time.Second)) // as precise as a mark is
		return done, !done
	case containers.Stale, containers.Missing:
		return false, true
	}
	return false, false
}
