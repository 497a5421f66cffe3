package containers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// Ignored is a label that counts for nothing, and why.
type Ignored struct {
	Container string `json:"container"` // its name
	ID        string `json:"id"`
	Engine    string `json:"engine"` // as Container.Engine
	Label     string `json:"label"`
	Why       string `json:"why"` // one sentence for a person
}

// maxShown bounds what is shown of a label's value, in runes.
const maxShown = 60

// sentence says why a label with that value counts for nothing.
func (l ignoredLabel) sentence(value string) string {
	switch l.why {
	case ofItsImage:
		return "It comes from the image, and what an image says of itself counts for nothing."
	case imageUnknown:
		return "Its image can't be looked at, so nobody knows whether you gave it or the image."
	}
	if r := []rune(value); len(r) > maxShown {
		value = string(r[:maxShown]) + "…"
	}
	return fmt.Sprintf("%q is not %s.", value, l.want)
}

// Advice is the next step where the label was meant.
func (i Ignored) Advice() string {
	return "If you want it, say so by hand: docker run --label, labels: in the compose file, or the settings (docs/containers.md)."
}

// Ignored are the labels that count for nothing, of all of an engine's containers.
func (e *Engine) Ignored(ctx context.Context, sel Selector) ([]Ignored, error) {
	all, err := e.api.list(ctx)
	if err != nil {
		return nil, e.problem(err)
	}
	var found []Ignored
	for _, s := range all {
		c := e.of(sel, s)
		g, err := e.given(ctx, sel, s.ID, c.Name, s.Labels, func(context.Context) (imageRef, error) { return imageRef{s.ImageID, s.Arch}, nil })
		if err != nil {
			return nil, e.problem(err)
		}
		for _, l := range g.ignored {
			found = append(found, Ignored{c.Name, c.ID, e.name, printable(l.name), l.sentence(s.Labels[l.name])})
		}
	}
	slices.SortStableFunc(found, func(a, b Ignored) int { return cmp.Compare(a.Container, b.Container) })
	return found, nil
}

// printable is a label's name without what a terminal would obey.
func printable(name string) string {
	return strings.Trim(fmt.Sprintf("%q", name), `"`)
}

// Ignored is Engine.Ignored of all engines that were reached; of one that does not answer nothing is known.
func (es *Engines) Ignored(ctx context.Context, sel Selector) []Ignored {
	var all []Ignored
	for _, f := range es.all {
		if e := f.reached.Load(); e != nil && !f.away.Load() {
			if found, err := e.Ignored(ctx, sel); err == nil {
				all = append(all, found...)
			}
		}
	}
	return all
}
