// Package images makes the rig's Docker images from this machine's own files, by the engine's
// import: nothing is pulled, so it needs no network. It knows Debian's package database and the
// engine's API, nothing of az's sign-in, and is never linked into the product.
//
// Every image has the program of package probe at /probe, the users root and app (uid 1000, home
// /home/app), and no entry for any other uid: `--user 4242` is a person without a name. Run
// without a command, it sleeps until it is stopped.
package images

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/client"
	"github.com/gofrs/flock"
)

// The images.
const (
	Az     = "aztray-rig/az"     // real az with its Python, a POSIX sh, coreutils' everyday tools
	Sdk    = "aztray-rig/sdk"    // Python and Node, Azure's identity library for Python, a POSIX sh; no az
	Sh     = "aztray-rig/sh"     // busybox: a shell and its everyday tools, no az
	Static = "aztray-rig/static" // /probe alone: no shell, no libc
)

// All is every image that Ensure can make.
func All() []string { return []string{Static, Sh, Az, Sdk} }

// stampLabel holds a hash of everything an image is made from.
const stampLabel = "aztray-rig.stamp"

// recipe is this package's own source and the probe's: a change to either makes images out of date.
//
//go:embed *.go probe/main.go
var recipe embed.FS

// content adds an image's own files to a tarball that already has the base (users, /probe).
type content struct {
	stamp func(context.Context) (string, error) // of the machine's files that go in; nil: none do
	fill  func(context.Context, *tarball) error // nil: nothing beside the base
}

var contents = map[string]content{
	Static: {},
	Sh:     {stamp: busyboxStamp, fill: addBusybox},
	Az:     {stamp: azStamp, fill: addAz},
	Sdk:    {stamp: sdkStamp, fill: addSdk},
}

// Ensure makes those of the named images that are missing or out of date, all of them where no
// name is given. Processes that call it at the same time wait for each other. It needs the go
// command (for the probe) and, by image, the Debian packages busybox-static and azure-cli.
func Ensure(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		names = All()
	}
	lock := flock.New(filepath.Join(os.TempDir(), fmt.Sprintf("aztray-rig-images-%d.lock", os.Getuid())))
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return fmt.Errorf("waiting for another build of the rig's images: %w", err)
	}
	defer lock.Unlock()
	e, err := connect()
	if err != nil {
		return err
	}
	defer e.Close()
	for _, name := range names {
		if err := ensure(ctx, e, name); err != nil {
			return fmt.Errorf("rig image %s: %w", name, err)
		}
	}
	return nil
}

func ensure(ctx context.Context, e *client.Client, name string) error {
	c, ok := contents[name]
	if !ok {
		return fmt.Errorf("no such image; there are %s", strings.Join(slices.Sorted(maps.Keys(contents)), ", "))
	}
	want, err := stamp(ctx, c)
	if err != nil {
		return err
	}
	if got, err := label(ctx, e, name, stampLabel); err != nil || got == want {
		return err
	}
	probe, err := buildProbe(ctx)
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	filled := make(chan struct{})
	go func() {
		defer close(filled)
		w.CloseWithError(write(ctx, w, probe, c))
	}()
	changes := []string{
		"ENV PATH=/usr/local/bin:/usr/bin:/bin",
		"LABEL " + stampLabel + "=" + want,
		`CMD ["/probe", "sleep"]`,
	}
	err = importImage(ctx, e, name, changes, r)
	r.CloseWithError(io.ErrClosedPipe) // lets the writer go where the engine stopped reading
	<-filled
	return err
}

// stamp hashes what the image would be made from.
func stamp(ctx context.Context, c content) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOARCH)
	err := fs.WalkDir(recipe, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := recipe.ReadFile(path)
		fmt.Fprintf(h, "%s %x\n", path, sha256.Sum256(source))
		return err
	})
	if err != nil {
		return "", err
	}
	if c.stamp != nil {
		files, err := c.stamp(ctx)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, files)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// buildProbe compiles the embedded source outside any module: it needs the standard library only.
func buildProbe(ctx context.Context) ([]byte, error) {
	source, err := recipe.ReadFile("probe/main.go")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "aztray-probe-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), source, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", "probe", "main.go")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=", "GOWORK=off", "GOTMPDIR="+dir)
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, 10*time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the probe: %w: %s", err, out)
	}
	return os.ReadFile(filepath.Join(dir, "probe"))
}

// write streams one image: the base, then its own content.
func write(ctx context.Context, w io.Writer, probe []byte, c content) error {
	t := newTarball(w)
	t.dir("/etc", 0o755, 0)
	t.dir("/root", 0o700, 0)
	t.dir("/home", 0o755, 0)
	t.dir("/home/app", 0o755, 1000)
	t.dir("/tmp", 0o1777, 0)
	t.file("/etc/passwd", 0o644, []byte("root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n"))
	t.file("/etc/group", 0o644, []byte("root:x:0:\napp:x:1000:\n"))
	t.file("/etc/nsswitch.conf", 0o644, []byte("passwd: files\ngroup: files\nhosts: files dns\n"))
	t.file("/probe", 0o755, probe)
	if c.fill != nil {
		if err := c.fill(ctx, t); err != nil {
			return err
		}
	}
	return t.close()
}
