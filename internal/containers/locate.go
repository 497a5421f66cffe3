package containers

import (
	"context"
	"path"
	"slices"
	"time"
)

// locate finds out where a container keeps its credential and whether it may be put there.
//
// A container that was created a moment ago is raced: its process starts without waiting for us.
// So what its image and its compose recipe told before is not asked again.
func (e *Engine) locate(ctx context.Context, c Container) (target, error) {
	born := e.now().Sub(c.born) < bornFor
	if born && c.recipe != "" {
		e.mu.Lock()
		t, known := e.recipes[c.recipe]
		e.mu.Unlock()
		if known {
			return t, nil
		}
	}
	in, err := e.describe(ctx, c)
	if err != nil {
		return target{}, err
	}
	img, err := e.image(ctx, in)
	if err != nil {
		return target{}, err
	}
	t, err := e.aim(ctx, c, in, img, born)
	if err != nil {
		return t, err
	}
	t.ended = c.Running && slices.Contains(ended, in.Status)
	if t = e.consented(c, in, t); !t.controls { // the next one is asked about anew
		e.remember(c, in, img, t)
	}
	return t, nil
}

// ended are the engine's words for a container whose process has ended, and which may be removed any moment. To
// write into it then could keep the engine from removing it, and there is no hurry: it runs no more.
var ended = []string{"exited", "dead", "removing"}

// aim applies the facts of the image and of this container.
func (e *Engine) aim(ctx context.Context, c Container, in inspected, img *imageFacts, born bool) (target, error) {
	t, err := outline(c, in, img)
	if err != nil {
		return target{}, err
	}
	w, known := img.reach(t.asked)
	known = known && !touched(in.Mounts, t.asked, w.resolved)
	if known && !born {
		if known, err = e.empty(ctx, in, w); err != nil {
			return target{}, err
		}
	}
	if !known {
		if w, err = walk(ctx, e.api, in.ID, t.asked); err != nil {
			return target{}, err
		}
	}
	t.place, t.missing = w.resolved, w.missing
	t.pristine = known && slices.Contains(w.missing, w.resolved)
	t.unused = t.pristine && !born
	if t.verdict = judgeMounts(in, t.place, placeFiles, e.az); t.verdict.way == noWay {
		return t, nil
	}
	if t.verdict.way == byExec {
		t.missing = nil // the archive call looked beneath the tmpfs
	}
	return e.aimShim(in, img, t), nil
}

// outline is the target as far as the description of a container tells.
func outline(c Container, in inspected, img *imageFacts) (target, error) {
	spec := in.User
	if c.user != "" {
		spec = c.user
	}
	o, err := img.who.owner(spec)
	if err != nil {
		return target{}, &localError{"It can't be told who runs in it: " + err.Error() + "; say " + labelUID + "=1000 in a label."}
	}
	asked := place(c.path, in.Env, c.user != "", o)
	if !plainPath(asked) {
		return target{}, errPath
	}
	return target{asked: asked, owner: o, binDirs: img.binsFor(o), shell: img.shell, zone: zone(in.Env),
		handicap: handicap(in, img.azFor(o) != ""), running: in.Status == "running" || in.Status == "paused", paused: in.Status == "paused"}, nil
}

// aimShim chooses where our az goes, in an image that has none for the container's user.
func (e *Engine) aimShim(in inspected, img *imageFacts, t target) target {
	if img.azFor(t.owner) != "" {
		return t
	}
	if !img.shell {
		t.verdict = verdict{way: noWay, state: Unreachable, reason: "Its image has neither az nor a shell, so nothing in it could read the credential; add either to the image."}
		return t
	}
	if dir := img.shimHome(in, t.owner); dir != "" {
		t.shim = path.Join(dir, "az")
		return t
	}
	why := "there is no writable directory on its PATH for ours"
	if len(img.bins) > 0 && len(img.binsFor(t.owner)) == 0 {
		why = "its user may enter no directory on its PATH"
	}
	t.verdict = verdict{way: noWay, state: Unwritable, reason: "Its image has no az, and " + why + "; aztray mount compose --az mounts it."}
	return t
}

// reach is how a container of this image that has not run reaches p, if that is known.
func (img *imageFacts) reach(p string) (walked, bool) {
	img.mu.Lock()
	defer img.mu.Unlock()
	w, ok := img.walks[p]
	return w, ok
}

// learnReach keeps how p is reached. What does not exist in a container, and what we made there,
// is not in its image; the rest may have been made by its process, and then nothing is kept.
func (img *imageFacts) learnReach(p string, w walked, made []string) {
	img.mu.Lock()
	defer img.mu.Unlock()
	missing := slices.Concat(made, w.missing)
	if slices.Contains(missing, w.resolved) {
		img.walks[p] = walked{resolved: w.resolved, missing: missing}
	}
}

// remember keeps what the next container like this one need not be asked, so that it gets its
// credential before its process starts. Only a place in the container's own file system qualifies.
func (e *Engine) remember(c Container, in inspected, img *imageFacts, t target) {
	if t.verdict.way != byArchive || t.verdict.mount != nil || touched(in.Mounts, t.asked, t.place) {
		return
	}
	if t.pristine {
		e.rememberRecipe(c, t)
		return
	}
	var made []string
	if last := e.last(c.ID); last.place == t.place {
		made = last.mark.Made
	}
	img.learnReach(t.asked, walked{resolved: t.place, missing: t.missing}, made)
	if w, ok := img.reach(t.asked); ok {
		fresh := t
		fresh.missing, fresh.pristine, fresh.running, fresh.paused = w.missing, true, false, false
		e.rememberRecipe(c, fresh)
	}
}

func (e *Engine) rememberRecipe(c Container, t target) {
	if c.recipe == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.recipes) >= 1000 { // a machine that builds all day makes new ones without end
		clear(e.recipes)
	}
	t.ended, t.unused = false, false
	e.recipes[c.recipe] = t
}

// touched reports whether any mount lies on the way to one of the places, or within it.
func touched(mounts []mount, places ...string) bool {
	return slices.ContainsFunc(mounts, func(m mount) bool {
		return slices.ContainsFunc(places, func(p string) bool {
			return p != "" && (holds(m.Destination, p) || holds(p, path.Clean(m.Destination)))
		})
	})
}

// zone is the time zone of the container's process as far as its environment tells.
func zone(env []string) *time.Location {
	if l, err := time.LoadLocation(getenv(env, "TZ")); err == nil {
		return l
	}
	return time.UTC
}
