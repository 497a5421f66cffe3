package auth

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// protect is what az does: DPAPI with the person's key, no entropy and no description.
func protect(t *testing.T, text string) string {
	t.Helper()
	b := []byte(text)
	in, out := windows.DataBlob{Size: uint32(len(b)), Data: &b[0]}, windows.DataBlob{}
	if err := windows.CryptProtectData(&in, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out); err != nil {
		t.Fatal(err)
	}
	defer windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data)))
	return string(bytes.Clone(unsafe.Slice(out.Data, out.Size)))
}

func TestDPAPIRoundTrip(t *testing.T) {
	dir := azDir(t, map[string]string{profileFile: profile, cacheDPAPI: protect(t, tokenCache)})
	f, err := dir.Read(t.Context())
	if err != nil || f.Cache == nil || f.CacheProblem != nil {
		t.Fatalf("cache %v, problem %v, %v", f.Cache != nil, f.CacheProblem, err)
	}
	if _, ok := f.Cache.Token("oid."+contoso, contoso, scope); !ok {
		t.Error("the cache has no token")
	}
}

func TestWhatDPAPIDoesNotDecryptIsANotice(t *testing.T) {
	file := protect(t, tokenCache)
	dir := azDir(t, map[string]string{profileFile: profile, cacheDPAPI: file[:len(file)/2]})
	path := filepath.Join(string(dir), cacheDPAPI)
	if _, err := decrypt(t.Context(), path); !errors.Is(err, ErrTorn) {
		t.Errorf("half of a file: %v, want ErrTorn", err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	f, err := dir.Read(t.Context())
	if err != nil || f.Cache != nil || f.CacheProblem == nil || f.CacheProblem.Code != "AZ_CACHE_ENCRYPTED" {
		t.Errorf("problem %v, %v; want AZ_CACHE_ENCRYPTED", f.CacheProblem, err)
	}
}
