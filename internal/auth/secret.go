package auth

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
)

// Secret holds a token or another credential and cannot be printed by accident: every way of
// formatting it gives [redacted]. The pointer keeps the text out of %+v of a struct around it,
// for fmt calls no method on an unexported field.
type Secret struct{ v *string }

const redacted = "[redacted]"

// NewSecret wraps s.
func NewSecret(s string) Secret { return Secret{&s} }

// Reveal returns the text. Call it only where the text leaves for where it belongs.
func (s Secret) Reveal() string { return *cmp.Or(s.v, new(string)) }

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

func (Secret) String() string               { return redacted }
func (Secret) Format(w fmt.State, _ rune)   { io.WriteString(w, redacted) }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
