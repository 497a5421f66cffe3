package images

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// tarball writes an uncompressed archive: compressing would cost more than the socket does. The
// first failure is kept and every later call does nothing; close reports it.
type tarball struct {
	w    *tar.Writer
	seen map[string]bool // paths written, so that packages may overlap
	err  error
}

func newTarball(w io.Writer) *tarball {
	return &tarball{w: tar.NewWriter(w), seen: map[string]bool{"/": true}}
}

// dir makes a directory; owner is both uid and gid.
func (t *tarball) dir(name string, perm int64, owner int) {
	t.put(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: perm, Uid: owner, Gid: owner}, name, nil)
}

func (t *tarball) file(name string, perm int64, content []byte) {
	t.put(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: perm, Size: int64(len(content))}, name, strings.NewReader(string(content)))
}

func (t *tarball) link(name, target string) {
	t.put(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}, name, nil)
}

// host copies one path of this machine, without following a link, owned by root. What is neither
// file, link nor directory, or is gone although its package lists it, is left out.
func (t *tarball) host(name string) {
	if t.err != nil || t.seen[name] {
		return
	}
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		t.err = err
		return
	}
	switch info.Mode().Type() {
	case fs.ModeDir:
		t.dir(name, int64(info.Mode().Perm()), 0)
	case fs.ModeSymlink:
		target, err := os.Readlink(name)
		if err != nil {
			t.err = err
			return
		}
		t.link(name, target)
	case 0:
		f, err := os.Open(name)
		if err != nil {
			t.err = err
			return
		}
		defer f.Close()
		// The time is kept: Python believes a .pyc only if it names its source's time.
		t.put(&tar.Header{
			Typeflag: tar.TypeReg, Name: name, Mode: int64(info.Mode().Perm()),
			Size: info.Size(), ModTime: info.ModTime(),
		}, name, f)
	}
}

func (t *tarball) put(h *tar.Header, name string, content io.Reader) {
	if t.err != nil || t.seen[name] {
		return
	}
	if parent := path.Dir(name); !t.seen[parent] {
		t.dir(parent, 0o755, 0)
	}
	t.seen[name] = true
	h.Name = strings.TrimPrefix(h.Name, "/")
	if t.err = t.w.WriteHeader(h); t.err != nil || content == nil {
		return
	}
	if _, err := io.Copy(t.w, content); err != nil {
		t.err = fmt.Errorf("%s: %w", name, err)
	}
}

func (t *tarball) close() error {
	return errors.Join(t.err, t.w.Close())
}
