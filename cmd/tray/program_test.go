package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"aztray/internal/auth"
)

// TestAPlaceThatCannotBeHad: the person is told which directory it is and why, and sees no chain of errors.
func TestAPlaceThatCannotBeHad(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	denied := &fs.PathError{Op: "remove", Path: "/somewhere", Err: syscall.EACCES}
	for _, err := range []error{denied, errors.Join(fmt.Errorf("removing the socket of an earlier run: %w", denied), nil)} {
		p, ok := errors.AsType[*auth.Problem](noPlace(err))
		if !ok || !strings.HasSuffix(p.Message, " the first: "+syscall.EACCES.Error()+".") || strings.Contains(p.Message, "/somewhere") || p.Advice == "" {
			t.Errorf("%+v", p)
		}
	}
}
