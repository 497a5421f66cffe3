package containers

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
)

// A label counts only where somebody gave it to the container. An engine merges an image's labels into its
// containers, and an image comes from anywhere: what the image carries with the same value is not the person's word.

// givenLabels is what is known of a container's labels.
type givenLabels struct {
	labels  map[string]string
	ignored []ignoredLabel // in order of their names
}

// ignoredLabel is a label that counts for nothing.
type ignoredLabel struct {
	name string
	why  whyIgnored
	want string // what its value should look like, where that is why
}

type whyIgnored int

const (
	ofItsImage whyIgnored = iota
	imageUnknown
	notOfItsForm
)

// ours begins the labels that say something to aztray.
const ours = "aztray."

// words begin the labels by which compose and swarm say what a container is called; compose writes some of them into
// the images that it builds, too.
var words = []string{"com.docker.compose.", "com.docker.swarm.", "com.docker.stack."}

func isWord(label string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(label, w) })
}

// sift keeps of a container's labels those that were given to it, and of those of ours the ones that have their form.
// image are its image's labels; known is false where the image can't be looked at. Then no label counts but those of
// ours that refuse something: whoever wrote them, they give nothing away.
func sift(labels, image map[string]string, known bool) givenLabels {
	g := givenLabels{labels: maps.Clone(labels)}
	composed := given(labels, image, composeHash) || given(labels, image, swarmTask) // by compose or a swarm, which wrote the rest as well
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		value, drop := labels[label], false
		l := ignoredLabel{name: label}
		switch {
		case strings.HasPrefix(label, ours) && !known:
			l.why, drop = imageUnknown, !refuses(label, value)
		case strings.HasPrefix(label, ours) && !given(labels, image, label):
			l.why, drop = ofItsImage, true
		case strings.HasPrefix(label, ours):
			l.why, l.want = notOfItsForm, malformed(label, value)
			drop = l.want != ""
		case isWord(label) && !known:
			l.why, drop = imageUnknown, true
		case isWord(label) && !composed && !given(labels, image, label):
			l.why, drop = ofItsImage, true
		}
		if drop {
			delete(g.labels, label)
			g.ignored = append(g.ignored, l)
		}
	}
	return g
}

// given reports whether a container has a label that its image does not carry with the same value.
func given(labels, image map[string]string, name string) bool {
	value, has := labels[name]
	carried, carries := image[name]
	return has && !(carries && carried == value)
}

// refuses reports whether a label takes something away and gives nothing.
func refuses(label, value string) bool {
	switch label {
	case labelDeliver:
		return slices.Contains([]string{"false", "no", "off", "0"}, strings.ToLower(value))
	case labelCredential:
		return strings.EqualFold(value, "access-token")
	}
	return false
}

// depends reports whether it matters where a container's labels come from: one of them is ours, or it is covered by
// what compose or a swarm calls it alone.
func (s Selector) depends(name string, labels map[string]string) bool {
	for label := range labels {
		if strings.HasPrefix(label, ours) {
			return true
		}
	}
	if !s.covers(name, labels) {
		return false
	}
	bare := maps.Clone(labels)
	maps.DeleteFunc(bare, func(label, _ string) bool { return isWord(label) })
	return !s.covers(name, bare)
}

// imageRef names the image that a container was made from.
type imageRef struct {
	ID   string
	Arch string // of the platform that was chosen, as far as the engine tells; "": the image's own
}

// mostGiven bounds what is kept of containers and images: a machine that builds all day makes new ones without end.
const mostGiven = 2000

// given gives what counts of a container's labels. of is asked for the container's image, and only where that
// matters. What was found holds for the container's life, and is kept. The error is the engine's, that it does not
// answer.
func (e *Engine) given(ctx context.Context, sel Selector, id, name string, labels map[string]string, of func(context.Context) (imageRef, error)) (givenLabels, error) {
	if !sel.depends(name, labels) {
		return givenLabels{labels: labels}, nil
	}
	e.mu.Lock()
	g, had := e.labels[id]
	e.mu.Unlock()
	if had {
		return g, nil
	}
	ref, err := of(ctx)
	carried, known := map[string]string(nil), false
	if err == nil {
		carried, known, err = e.carried(ctx, ref)
	}
	if _, answered := err.(*apiError); err != nil && !answered {
		return givenLabels{}, err
	}
	g = sift(labels, carried, known)
	if !known {
		return g, nil // it may be looked at yet
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.labels) >= mostGiven {
		clear(e.labels)
	}
	e.labels[id] = g
	return g, nil
}

// carried are the labels of an image, which never change; false where the image can't be looked at.
func (e *Engine) carried(ctx context.Context, ref imageRef) (map[string]string, bool, error) {
	e.mu.Lock()
	l, had := e.carries[ref]
	e.mu.Unlock()
	if had {
		return l, true, nil
	}
	image, err := e.api.imageLabels(ctx, ref.ID)
	if err != nil {
		return nil, false, err
	}
	if cmp.Or(ref.Arch, image.arch) != image.arch {
		return nil, false, nil // it is of several platforms, and the engine shows another one
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.carries) >= mostGiven {
		clear(e.carries)
	}
	e.carries[ref] = image.labels
	return image.labels, true, nil
}

// sifted is s with the labels that count.
func (e *Engine) sifted(ctx context.Context, sel Selector, s summary) (summary, error) {
	name := ""
	if len(s.Names) > 0 {
		name = strings.TrimPrefix(s.Names[0], "/")
	}
	g, err := e.given(ctx, sel, s.ID, name, s.Labels, func(context.Context) (imageRef, error) { return imageRef{s.ImageID, s.Arch}, nil })
	s.Labels = g.labels
	return s, err
}

// siftedAll is the list with the labels that count.
func (e *Engine) siftedAll(ctx context.Context, sel Selector) ([]summary, error) {
	all, err := e.api.list(ctx)
	if err != nil {
		return nil, err
	}
	sifted := make([]summary, len(all))
	for i, s := range all {
		if sifted[i], err = e.sifted(ctx, sel, s); err != nil {
			return nil, err
		}
	}
	return sifted, nil
}

// withdrawAll takes back what a container holds where its labels say, and where those of its image say, which counted
// once: what an earlier version put there is taken back as well.
func (e *Engine) withdrawAll(ctx context.Context, c Container, in inspected) Status {
	all := sift(in.Labels, nil, true).labels
	g, err := e.given(ctx, Selector{}, in.ID, strings.TrimPrefix(in.Name, "/"), in.Labels, func(context.Context) (imageRef, error) { return imageRef{in.ImageID, in.Arch}, nil })
	if err != nil {
		return e.failed(ctx, statusOf(c), err)
	}
	withdraw := func(labels map[string]string) Status {
		as := container(in.ID, in.Name, in.Image, in.Status, labels)
		as.Engine, as.Delivery = c.Engine, c.Delivery
		return e.Withdraw(ctx, as)
	}
	s := withdraw(g.labels)
	if all[labelPath] != g.labels[labelPath] || all[labelUID] != g.labels[labelUID] {
		if there := withdraw(all); there.State == Failed {
			return there
		}
	}
	return s
}

// inspectedImage is a container's image, by its description.
func (e *Engine) inspectedImage(id string) func(context.Context) (imageRef, error) {
	return func(ctx context.Context) (imageRef, error) {
		in, err := e.api.inspect(ctx, id)
		if err == nil {
			e.noteNew(in)
		}
		return imageRef{in.ImageID, in.Arch}, err
	}
}
