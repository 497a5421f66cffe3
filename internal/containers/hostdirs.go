package containers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/gofrs/flock"

	"aztray/internal/atomicfile"
)

// hostDirs are the directories on this machine that containers mount, one for each name. Nobody but
// us may enter the directory that holds them. A container writes in its own as it likes, so what lies
// there is looked at without following a link out of it, without waiting, and without belief.
type hostDirs struct {
	dir string // "": there are none
	uid int    // who we are; -1 where the system has no such numbers
}

// binDir holds our small az, for images that can't be written to. No container is called like this.
const binDir = ".bin"

// safeName is what Docker takes for a container's name. A compose project's name comes from a label,
// in which anything can stand.
var safeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

// dirName is the name of a container's directory: that of its compose service, which stays when the
// container is made anew and is the same for all of a scaled service, or of its swarm service, else its
// own.
func dirName(c Container) string {
	if name := c.Project + "-" + c.Service; c.Project != "" && c.Service != "" && safeName.MatchString(name) {
		return name
	}
	if c.task && safeName.MatchString(c.Service) {
		return c.Service
	}
	if safeName.MatchString(c.Name) {
		return c.Name
	}
	return ""
}

func (h hostDirs) path(name string) string { return filepath.Join(h.dir, name) }
func (h hostDirs) az() string              { return filepath.Join(h.dir, binDir, "az") }
func (h hostDirs) lockFile(name string) string {
	return filepath.Join(h.dir, "."+name+".lock")
}

// make makes the directory that holds the others, and our az in it.
func (h hostDirs) make() error {
	if info, err := os.Lstat(h.dir); err == nil && h.uid > 0 {
		if uid, _, ok := fileOwner(info); ok && uid != h.uid {
			return &localError{"The directory for mounts belongs to another user, for the engine made it first: sudo rm -r " + h.dir + ", and make the containers that mount it anew."}
		}
	}
	if err := os.MkdirAll(filepath.Join(h.dir, binDir), 0o755); err != nil {
		return err
	}
	if err := os.Chmod(h.dir, 0o700); err != nil {
		return err
	}
	text := shimText("") // it looks where az would, for it serves every container
	if has, err := os.ReadFile(h.az()); err == nil && string(has) == string(text) {
		return nil
	}
	bin, err := os.OpenRoot(filepath.Join(h.dir, binDir))
	if err != nil {
		return err
	}
	defer bin.Close()
	return replace(bin, file{"az", text}, 0o755, nil)
}

// hostDir is one of the directories, locked against another process of ours.
type hostDir struct {
	path   string
	name   string
	parent *os.Root
	root   *os.Root
	lock   *flock.Flock
}

const lockRetry = 10 * time.Millisecond

// open locks the directory called name and makes it where it is not there.
func (h hostDirs) open(ctx context.Context, name string) (*hostDir, error) {
	if err := h.make(); err != nil {
		return nil, err
	}
	d := &hostDir{path: h.path(name), name: name, lock: flock.New(h.lockFile(name), flock.SetPermissions(0o600))}
	if ok, err := d.lock.TryLockContext(ctx, lockRetry); !ok {
		return nil, err
	}
	err := d.enter(h)
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// enter makes and opens the directory. An engine that was asked for a mount of a directory that is
// not there makes it, as root's: an empty one is replaced by ours.
func (d *hostDir) enter(h hostDirs) (err error) {
	if d.parent, err = os.OpenRoot(h.dir); err != nil {
		return err
	}
	if info, err := d.parent.Lstat(d.name); err == nil && h.uid > 0 {
		if uid, _, ok := fileOwner(info); ok && uid != h.uid && d.parent.Remove(d.name) != nil {
			return &localError{"Its directory on this machine belongs to another user: remove it with sudo rm -r " + d.path + " and make the container anew."}
		}
	}
	err = d.parent.Mkdir(d.name, 0o700)
	if err == nil {
		err = d.parent.WriteFile(d.madeNote(), nil, 0o600) // its time is what counts
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := d.parent.Lstat(d.name)
	if err == nil && info.IsDir() && info.Mode().Perm() != 0o700 {
		err = d.parent.Chmod(d.name, 0o700)
	}
	if err == nil {
		d.root, err = d.parent.OpenRoot(d.name)
	}
	return err
}

func (d *hostDir) madeNote() string { return "." + d.name + ".made" }

// madeSince reports whether we made the directory after at: a process that runs since then has
// mounted what was at its place before.
func (d *hostDir) madeSince(at time.Time) bool {
	info, err := d.parent.Stat(d.madeNote())
	return err == nil && info.ModTime().After(at)
}

func (d *hostDir) close() {
	for _, r := range []*os.Root{d.root, d.parent} {
		if r != nil {
			r.Close()
		}
	}
	d.lock.Close()
}

// owner is whom the directory belongs to; nil where the system has no such numbers.
func (d *hostDir) owner() *owner {
	info, err := d.parent.Lstat(d.name)
	if err != nil {
		return nil
	}
	if uid, gid, ok := fileOwner(info); ok {
		return &owner{uid: uid, gid: gid}
	}
	return nil
}

// examine reads what the directory holds.
func (d *hostDir) examine() (held, error) {
	texts := map[string][]byte{}
	for _, name := range []string{markFile, cacheFile, profileFile, tokensFile} {
		text, err := d.read(name)
		if err != nil {
			return held{}, err
		}
		if text != nil {
			texts[name] = text
		}
	}
	m := parseMark(texts[markFile])
	if m == nil {
		for _, name := range signInFiles {
			if _, err := d.root.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
				return held{foreign: true}, nil
			}
		}
	}
	return judgeHeld(m, texts, nil), nil
}

// read reads a file; nil if there is none. The container may have put anything there: a link, a pipe
// that nobody writes to, a file without end.
func (d *hostDir) read(name string) ([]byte, error) {
	strange := &localError{"Its process made " + filepath.Join(d.path, name) + " into something that can't be read; it is left alone. Delete it to have the credential back."}
	info, err := d.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || !info.Mode().IsRegular() {
		return nil, strange
	}
	f, err := d.root.OpenFile(name, os.O_RDONLY|noWait, 0)
	if err != nil {
		return nil, strange
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, strange
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil || len(text) > maxFile {
		return nil, strange
	}
	return text, nil
}

// write puts the files there, each at once. who is whom they and the directory are given to; nil: to us.
func (d *hostDir) write(c content, who *owner) error {
	if who != nil {
		if has := d.owner(); has == nil || has.uid != who.uid || has.gid != who.gid {
			if err := d.parent.Lchown(d.name, who.uid, who.gid); err != nil {
				return err
			}
		}
	}
	files, _ := c.withMark(nil)
	for _, f := range files {
		if err := replace(d.root, f, 0o600, who); err != nil {
			return err
		}
	}
	return nil
}

// replace writes f beside its place and renames it, so that nobody ever reads half of it. What a
// container has put at either name is replaced, not written through.
func replace(in *os.Root, f file, mode fs.FileMode, who *owner) error {
	var own func(*os.File) error
	if who != nil {
		own = func(w *os.File) error { return w.Chown(who.uid, who.gid) }
	}
	return atomicfile.WriteIn(in, f.name, f.name+freshSuffix, f.text, mode, own)
}

// clear deletes what we wrote.
func (d *hostDir) clear() error {
	var errs []error
	for _, name := range placeFiles {
		if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return &localError{fmt.Sprintf("What it holds can't be deleted: %v.", errors.Join(errs...))}
	}
	return nil
}
