package auth

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// decrypt reads a file that az protected with the person's own key (DPAPI; msal-extensions, windows.py).
// What does not decrypt may be half of a file: that is ErrTorn.
func decrypt(_ context.Context, file string) ([]byte, error) {
	if !strings.HasSuffix(file, ".bin") {
		return nil, fmt.Errorf("az keeps nothing in %s on Windows", file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if len(b) == 0 {
		return nil, ErrTorn
	}
	in, out := windows.DataBlob{Size: uint32(len(b)), Data: &b[0]}, windows.DataBlob{}
	if err := windows.CryptUnprotectData(&in, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTorn, err)
	}
	defer windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data)))
	return bytes.Clone(unsafe.Slice(out.Data, out.Size)), nil
}
