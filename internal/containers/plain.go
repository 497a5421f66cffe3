package containers

import (
	"time"

	"aztray/internal/auth"
)

// Plain is a delivery as files by name, for a place that an engine doesn't write: a Kubernetes Secret.
// It always holds the small az besides, under the name az.
type Plain struct {
	Files     map[string][]byte
	Hash      string    // changes with what is delivered, not with when
	ExpiresOn time.Time // of the token that ends first, in UTC; zero without tokens
}

// PlainFiles cuts b to what may leave the host, for files that will be read at place. Without tokens it
// is what takes an earlier delivery back.
func PlainFiles(b auth.Bundle, place string, now time.Time) Plain {
	t := target{place: place, shim: place + "/az", zone: time.UTC}
	c := newContent(b, t, now)
	if len(b.Tokens) == 0 {
		c = emptyContent(t, now)
	}
	files, m := c.withMark(nil)
	p := Plain{Files: map[string][]byte{"az": aloneText(place)}, Hash: m.Hash, ExpiresOn: m.ExpiresOn}
	for _, f := range files {
		p.Files[f.name] = f.text
	}
	return p
}
