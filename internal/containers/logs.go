package containers

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"aztray/internal/watch/symptom"
)

// Finding is a failure to get a credential, or to use one, that a container's log told of. Nothing
// of the log is in it.
type Finding struct {
	ContainerID, Name string
	Cause             symptom.Cause
	Code              string    // such as AADSTS70043, for auth.ClassifyEntra; "" unless Cause is symptom.Entra
	At                time.Time // of the line, by the engine's clock, UTC; it may lie before the call
	Skips             int       // how often until now the log grew too fast and lines were skipped
}

const (
	firstLines = 200              // of what a container said since it started, when first looked at
	laterLines = 5000             // of what it said while no connection was open
	logPause   = time.Second      // at least, between two openings of one log
	maxPause   = 30 * time.Second // after failures
	startSlack = 10 * time.Second // a program speaks before the engine has written down when it started
)

// WatchLogs tells what c's log says of credentials, until c is gone (nil), its log cannot be read
// at all (an error with a sentence for a person), or ctx ends (its error). Start it once for each
// covered container, running or not: it follows the container through stops, starts and an engine
// that goes away by itself, so Started and Lost need no answer. End it when the container is no
// longer covered. Each cause is told once a minute. tell is called from one goroutine and must
// return at once.
//
// It begins with the last 200 lines since the container's start, so that a program that gave up
// before we came is found. The log is read at up to 4 MiB a second and the rest is dropped; in
// memory is at most one line of each stream, cut at 64 KiB. Through SSH, where each log is a process of
// its own, 16 are read at once and the others wait for one of those containers to be gone.
func (e *Engine) WatchLogs(ctx context.Context, c Container, tell func(Finding)) error {
	if e.reading != nil {
		select {
		case e.reading <- struct{}{}:
			defer func() { <-e.reading }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	l := logReader{e: e, c: c, tell: tell}
	pause := logPause
	for {
		began := e.now()
		err := l.life(ctx)
		switch failed, ok := errors.AsType[*apiError](err); {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errGone):
			return nil
		case ok && failed.status == http.StatusNotImplemented:
			return &localError{"Its log can't be read: its logging driver keeps none that can."}
		case errors.Is(err, errFast):
			began, err = e.now(), nil
			pause = logPause
		case err == nil || e.now().Sub(began) > steadyAfter:
			pause = logPause
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause - e.now().Sub(began)):
		}
		if err != nil {
			pause = min(2*pause, maxPause)
		}
	}
}

// errGone is the end of a container.
var errGone = errors.New("the container is gone")

// logReader is one WatchLogs.
type logReader struct {
	e       *Engine
	c       Container
	tell    func(Finding)
	found   symptom.Matcher
	budget  budget
	skipped bool // just now
	skips   int
	last    time.Time // of the newest line read; zero: none yet
}

// life reads the log until the container stops, then waits for it to start again.
func (l *logReader) life(ctx context.Context) error {
	in, err := l.inspect(ctx)
	if err != nil {
		return err
	}
	if err := l.read(ctx, in); err != nil {
		return err
	}
	return l.started(ctx)
}

func (l *logReader) inspect(ctx context.Context) (inspected, error) {
	in, err := l.e.api.inspect(ctx, l.c.ID)
	if notFound(err) {
		err = errGone
	}
	return in, err
}

// read looks at the log from where it was left, until it ends.
func (l *logReader) read(ctx context.Context, in inspected) error {
	since, lines := l.last.Add(1), laterLines
	if l.skipped {
		lines, l.skipped = firstLines, false
	}
	if l.last.IsZero() {
		since, lines = in.Started, firstLines
		if !since.IsZero() {
			since = since.Add(-startSlack)
		}
	}
	body, err := l.e.api.logs(ctx, l.c.ID, since, lines)
	if notFound(err) {
		return errGone
	}
	if err != nil {
		return err
	}
	defer body.Close()
	out, errs := logLines{l: l, tty: in.Tty}, logLines{l: l}
	if in.Tty {
		_, err = io.Copy(&out, body)
	} else {
		err = frames(body, &out, &errs)
	}
	for _, s := range []*logLines{&out, &errs} {
		s.end()
		if at := s.at(); at.After(l.last) {
			l.last = at
		}
	}
	if errors.Is(err, errFast) {
		l.skipped = true
		l.skips++
	}
	return err
}

// started waits until the container runs. It listens before it looks, so that no start is missed.
func (l *logReader) started(ctx context.Context) error {
	stream, err := l.e.api.events(ctx, time.Time{})
	if err != nil {
		return err
	}
	defer stream.close()
	defer context.AfterFunc(ctx, stream.close)() // ends a read that waits
	in, err := l.inspect(ctx)
	if err != nil || in.Status == "running" || in.Status == "paused" {
		return err
	}
	for {
		m, err := stream.next()
		switch {
		case err != nil:
			return err
		case m.ID != l.c.ID:
		case m.Action == "start":
			return nil
		case m.Action == "destroy" || m.Action == "remove":
			return errGone
		}
	}
}

// look looks at a line, or at a part of a long one.
func (l *logReader) look(line []byte, at time.Time) {
	if at.IsZero() {
		at = l.e.now().UTC()
	}
	if hit, ok := l.found.News(line, at); ok {
		l.tell(Finding{ContainerID: l.c.ID, Name: l.c.Name, Cause: hit.Cause, Code: hit.Code, At: at, Skips: l.skips})
	}
}
