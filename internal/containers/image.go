package containers

import (
	"archive/tar"
	"context"
	"fmt"
	"path"
	"strings"
	"sync"
)

// imageFacts are what an image holds, learnt once through any container made from it.
type imageFacts struct {
	once  chan struct{} // held while the facts are being learnt
	known bool
	who   accounts
	shell bool
	bins  []pathDir // the directories of PATH that exist, in its order

	mu     sync.Mutex
	absent map[string]bool   // directories that the image is known not to have
	walks  map[string]walked // how a place is reached in a container that has not run
}

// walked is the way to a place.
type walked struct {
	resolved string   // with links followed
	missing  []string // directories on it that do not exist, outermost first; nil when all do
	closed   []string // directories on it that not everybody may enter
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// image gives the facts of the container's image, learning them if need be.
func (e *Engine) image(ctx context.Context, in inspected) (*imageFacts, error) {
	key := imageKey(in)
	e.mu.Lock()
	img := e.images[key]
	if len(e.images) >= 1000 { // a machine that builds all day makes new ones without end
		clear(e.images)
	}
	if img == nil {
		img = &imageFacts{once: make(chan struct{}, 1), absent: map[string]bool{}, walks: map[string]walked{}}
		e.images[key] = img
	}
	e.mu.Unlock()
	select {
	case img.once <- struct{}{}:
		defer func() { <-img.once }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if img.known {
		return img, nil
	}
	if err := img.learn(ctx, e.api, in); err != nil {
		return nil, err
	}
	img.known = true
	return img, nil
}

// imageKey is equal for containers in which we would learn the same: a mount over what we look at
// makes another image of it.
func imageKey(in inspected) string {
	key := in.ImageID + " " + getenv(in.Env, "PATH")
	looked := append(pathDirs(in.Env), "/etc/passwd", "/etc/group", "/bin/sh")
	for _, m := range in.Mounts {
		if touched([]mount{m}, looked...) {
			key += fmt.Sprintf(" %s:%s:%s", m.Type, m.Source, m.Destination)
		}
	}
	return key
}

func (img *imageFacts) learn(ctx context.Context, api engineAPI, in inspected) error {
	passwd, err := readFile(ctx, api, in.ID, "/etc/passwd")
	if err != nil {
		return err
	}
	group, err := readFile(ctx, api, in.ID, "/etc/group")
	if err != nil {
		return err
	}
	img.who = parseAccounts(passwd, group)
	if _, img.shell, err = there(ctx, api, in.ID, "/bin/sh"); err != nil {
		return err
	}
	return img.learnBins(ctx, api, in)
}

// pathDirs are the absolute directories of the PATH that the container's process begins with.
func pathDirs(env []string) []string {
	value := getenv(env, "PATH")
	if value == "" {
		value = defaultPath
	}
	dirs := []string{}
	for dir := range strings.SplitSeq(value, ":") {
		if path.IsAbs(dir) && plainPath(dir) {
			dirs = append(dirs, path.Clean(dir))
		}
	}
	return dirs
}

// findAz looks for an az that is not ours.
func findAz(ctx context.Context, api engineAPI, id string, dirs []string) (string, error) {
	for _, dir := range dirs {
		file := path.Join(dir, "az")
		info, ok, err := there(ctx, api, id, file)
		if err != nil {
			return "", err
		}
		if !ok || info.Mode.IsDir() || info.LinkTarget == "" && info.Mode.Perm()&0o111 == 0 {
			continue
		}
		if info.LinkTarget == "" && info.Size < maxShim {
			_, text, err := api.read(ctx, id, file)
			if err != nil {
				return "", err
			}
			if isShim(text) {
				continue
			}
		}
		return file, nil
	}
	return "", nil
}

// there reports whether p exists.
func there(ctx context.Context, api engineAPI, id, p string) (fileInfo, bool, error) {
	info, err := api.stat(ctx, id, p)
	if notFound(err) {
		return fileInfo{}, false, nil
	}
	return info, err == nil, err
}

// readFile reads a file, following one link; nil if there is none.
func readFile(ctx context.Context, api engineAPI, id, p string) ([]byte, error) {
	h, content, err := api.read(ctx, id, p)
	if err == nil && h.Typeflag == tar.TypeSymlink {
		target := h.Linkname
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(p), target)
		}
		_, content, err = api.read(ctx, id, target)
	}
	if notFound(err) {
		return nil, nil
	}
	return content, err
}

// walk follows p from the root of a container: where it really is and what of it does not exist.
// The archive call follows links in directories, so a mount must be judged at the end of them.
func walk(ctx context.Context, api engineAPI, id, p string) (walked, error) {
	resolved := "/"
	var closed []string
	elements := strings.Split(strings.Trim(path.Clean(p), "/"), "/")
	for links := 0; len(elements) > 0; {
		next := path.Join(resolved, elements[0])
		info, err := api.stat(ctx, id, next)
		switch {
		case notFound(err):
			w := walked{resolved: resolved}
			for _, el := range elements {
				w.resolved = path.Join(w.resolved, el)
				w.missing = append(w.missing, w.resolved)
			}
			return w, nil
		case err != nil:
			return walked{}, err
		case info.LinkTarget != "":
			if links++; links > 20 {
				return walked{}, errLoop
			}
			target := strings.Split(strings.Trim(path.Clean("/"+info.LinkTarget), "/"), "/")
			elements, resolved = append(target, elements[1:]...), "/"
			continue
		case !info.Mode.IsDir():
			return walked{}, notDir(next)
		}
		if info.Mode&0o001 == 0 {
			closed = append(closed, next)
		}
		resolved, elements = next, elements[1:]
	}
	return walked{resolved: resolved, closed: closed}, nil
}
