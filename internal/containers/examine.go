package containers

import (
	"context"
	"io/fs"
	"path"
	"strings"

	"aztray/internal/auth"
)

// Examination is a container as it looks to one who asks why a credential does not work in it.
type Examination struct {
	Container Container
	Status    Status // as Check gives it; for delivery by endpoint, its name alone
	Engine    string // the engine's word: created, running, paused, restarting, exited, dead
	Az        string // the az of its image, "" for none
	Shell     bool
	HostNet   bool // it is on this machine's own network
	UID, GID  int  // who it runs as
	Files     []FileFact
	Env       map[string]string // of its first process: the variables that were asked for and are set
	Problem   *auth.Problem     // why it cannot be looked at
}

// FileFact is who may use a file of the credential.
type FileFact struct {
	Path     string
	UID, GID int
	Mode     fs.FileMode
}

// ReadableBy reports whether a user may read the file, or look into the directory.
func (f FileFact) ReadableBy(uid, gid int) bool {
	need := fs.FileMode(4)
	if f.Mode.IsDir() {
		need = 5
	}
	switch {
	case uid == 0:
		return true
	case f.UID == uid:
		return f.Mode.Perm()>>6&need == need
	case f.GID == gid:
		return f.Mode.Perm()>>3&need == need
	}
	return f.Mode.Perm()&need == need
}

// Examine looks at a container and changes nothing. Of its environment it returns the variables that
// wanted names; a container's environment may hold secrets, so name no more than is needed.
func (e *Engine) Examine(ctx context.Context, c Container, wanted func(name string) bool) Examination {
	x := Examination{Container: c, Status: statusOf(c)}
	in, err := e.api.inspect(ctx, c.ID)
	if err != nil {
		x.Problem = e.problem(err)
		return x
	}
	x.Engine, x.HostNet, x.Env = in.Status, in.HostNet, chosen(in.Env, wanted)
	img, err := e.image(ctx, in)
	if err != nil {
		x.Problem = e.problem(err)
		return x
	}
	x.Shell = img.shell
	if t, err := outline(c, in, img); err == nil {
		x.Az = img.azFor(t.owner)
	}
	if c.Delivery == "endpoint" {
		return x
	}
	x.Status = e.Check(ctx, c)
	if t, err := e.locate(ctx, c); err == nil {
		x.UID, x.GID = t.owner.uid, t.owner.gid
		if t.verdict.way == byArchive {
			x.Files = e.fileFacts(ctx, c.ID, t.place)
		}
	}
	return x
}

// fileFacts are those of the az directory and of what we put there; a file that is not there has none.
func (e *Engine) fileFacts(ctx context.Context, id, place string) []FileFact {
	var all []FileFact
	for _, name := range []string{"", cacheFile, profileFile, tokensFile} {
		file := path.Join(place, name)
		h, content, err := e.api.read(ctx, id, file)
		clear(content)
		if err != nil {
			continue
		}
		all = append(all, FileFact{Path: file, UID: h.Uid, GID: h.Gid, Mode: h.FileInfo().Mode()})
	}
	return all
}

// chosen are the variables of an environment that are wanted; of one that is set twice, the last.
func chosen(env []string, wanted func(string) bool) map[string]string {
	found := map[string]string{}
	for _, kv := range env {
		if name, value, ok := strings.Cut(kv, "="); ok && wanted(name) {
			found[name] = value
		}
	}
	return found
}
