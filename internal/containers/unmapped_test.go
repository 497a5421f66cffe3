package containers

import (
	"archive/tar"
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

// unmapping is an engine without root that has no number for an owner: it leaves the first file behind.
type unmapping struct{ *fakeEngine }

func (u unmapping) extract(ctx context.Context, id, dir string, archive []byte) error {
	tr := tar.NewReader(bytes.NewReader(archive))
	if h, err := tr.Next(); err == nil && h.Uid != 0 {
		p := dir + "/" + h.Name
		u.files[p], u.texts[p] = h, []byte("the-token")
		return &apiError{500, `copier: put: error setting ownership of "` + p + `" to 4321:0: lchown ` + p + ": invalid argument\n" + strings.Repeat("goroutine 1\n", 400)}
	}
	return u.fakeEngine.extract(ctx, id, dir, archive)
}

func TestAnOwnerThatIsNotMapped(t *testing.T) {
	f := newFake(inspected{ID: "id", Status: "running", User: "4321", Env: []string{"HOME=/root"}}, withShell)
	f.files["/root/.azure"] = &tar.Header{Typeflag: tar.TypeDir, Uid: 4321}
	e := newEngine(unmapping{f}, endpoint{host: "unix:///fake"}, azDirs{})
	e.images[imageKey(f.in)] = &imageFacts{once: make(chan struct{}, 1), known: true, shell: true, bins: []pathDir{{path: "/usr/bin", az: "/usr/bin/az"}}, who: parseAccounts(nil, nil)}
	s := e.Deliver(t.Context(), container("id", "app", "img", "running", nil), bundle("the-token", time.Now().Add(time.Hour)))
	if s.State != Unwritable || len(s.Error) > 200 || strings.Contains(s.Error, "goroutine") || !strings.Contains(s.Error, labelUID) {
		t.Errorf("%s, %d bytes: %.100q", s.State, len(s.Error), s.Error)
	}
	for name, text := range f.texts {
		if strings.Contains(string(text), "the-token") {
			t.Errorf("%s is left behind", name)
		}
	}
}

func TestBrief(t *testing.T) {
	for said, want := range map[string]string{"": "it does not say why", "one\ntwo": "one", "\x1b[31mred\x1b[0m": "red"} {
		if got := brief(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}
