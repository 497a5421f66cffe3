package containers

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
)

// unmapped reports whether err says that an engine without root has no number for a file's owner: Podman leaves the
// file behind then, as root's, and tells of it in four kilobytes.
func unmapped(err error) bool {
	a, ok := errors.AsType[*apiError](err)
	return ok && strings.Contains(a.message, "lchown") && strings.Contains(a.message, "invalid argument")
}

// blank takes what such a delivery left behind out of a container: the archive call can't delete, so that files with
// nothing in them lie there in the place of those with a token.
func (e *Engine) blank(ctx context.Context, c Container, t target) error {
	w, err := walk(ctx, e.api, c.ID, t.place)
	if err != nil || slices.Contains(w.missing, t.place) {
		return err // it came not so far
	}
	t.owner = owner{}
	content := emptyContent(t, e.now())
	var entries []entry
	for _, f := range content.files {
		_, ok, err := there(ctx, e.api, c.ID, path.Join(t.place, f.name+freshSuffix)) // which is written first
		if err != nil {
			return err
		}
		if ok {
			entries = append(entries, t.entries([]file{f})...)
		}
	}
	if len(entries) == 0 {
		return nil
	}
	return e.extract(ctx, c.ID, t.place, entries, content.mark.DeliveredAt)
}

// brief is the beginning of what an engine said, fit for a person.
func brief(text string) string {
	lines := readable(text)
	if len(lines) == 0 {
		return "it does not say why"
	}
	return lines[0]
}
