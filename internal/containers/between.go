package containers

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// errEmptyArchive is an engine's answer with no file in it. Podman gives it for a container that has ended and is
// not cleaned up yet, as one that restarts is for some tenths of a second after each run.
var errEmptyArchive = errors.New("the engine's archive is empty")

// betweenRuns reports whether err says that a container's process had gone and its end was not dealt with yet.
func betweenRuns(err error) bool {
	a, ok := errors.AsType[*apiError](err)
	return errors.Is(err, errEmptyArchive) ||
		ok && a.status == http.StatusInternalServerError && strings.Contains(a.message, "/proc/") &&
			strings.Contains(a.message, "no such file or directory")
}

const (
	betweenPause = 100 * time.Millisecond
	betweenTries = 8
)

// steadily does work again where its container was between two runs.
func (e *Engine) steadily(ctx context.Context, work func() (Status, error)) (s Status, err error) {
	for range betweenTries {
		if s, err = work(); !betweenRuns(err) {
			return s, err
		}
		select {
		case <-time.After(betweenPause):
		case <-ctx.Done():
			return s, context.Cause(ctx)
		}
	}
	return s, err
}
