// Package session says whether somebody is at this desktop: a browser that opens by a script's request is of use to
// nobody while the screen is locked. It knows no browser and no script.
package session

import (
	"context"
	"slices"
	"time"
)

// patience is how long all that could tell may take.
const patience = 3 * time.Second

// verdict is what one of those says that could tell.
type verdict int

const (
	untold verdict = iota
	locked
	unlocked
)

// Unlocked reports whether the person's desktop is unlocked, for all that tells. Where nothing tells, it is not.
func Unlocked(ctx context.Context) bool {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	return judge(look(ctx))
}

// judge is for one that says locked against all that don't: many lockers tell only one of those that are asked.
func judge(all []verdict) bool {
	return slices.Contains(all, unlocked) && !slices.Contains(all, locked)
}
