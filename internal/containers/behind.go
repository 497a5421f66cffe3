package containers

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path"
	"path/filepath"
	"strings"

	"aztray/internal/atomicfile"
)

// Our own engine socket stands before an engine, and the docker command may be told to use it. For us
// that would be a circle. So which engine it leads to is kept in a file, by what chose it.

// choice is what chose an engine: a docker context, or an address. Neither: the usual places.
type choice struct {
	Context string `json:"context,omitempty"`
	Host    string `json:"host,omitempty"`
}

// choice is what chose ep.
func (ep endpoint) choice() choice {
	switch {
	case ep.context != "":
		return choice{Context: ep.context}
	case ep.guessed:
		return choice{}
	}
	return choice{Host: ep.host}
}

// own reports whether host is our own engine socket. Its name is compared and not what it leads to: when
// we have ended it is a link to the engine's.
func (o Options) own(host string) bool {
	if o.Own == "" || host == "" {
		return false
	}
	ours, isUnix := strings.CutPrefix(o.Own, "unix://")
	theirs, alike := strings.CutPrefix(host, "unix://")
	if !isUnix || !alike {
		return strings.EqualFold(host, o.Own)
	}
	return path.Base(path.Clean(ours)) == path.Base(path.Clean(theirs)) && sameFile(filepath.Dir(ours), filepath.Dir(theirs))
}

// LedToOwn says what leads the docker command to our own engine socket: DOCKER_HOST, or a context by its
// name; "" where it goes elsewhere.
func (o Options) LedToOwn() string {
	if o.Env == nil {
		o.Env = os.Getenv
	}
	home, _ := os.UserHomeDir() // without one, only what the environment names is looked at
	ep, err := resolver{env: o.Env, home: home}.resolve()
	if err != nil || !o.own(ep.host) {
		return ""
	}
	return ep.from
}

// engine is the engine that o names, or else the one that the docker command would use.
func (r resolver) engine(o Options) (endpoint, error) {
	ep, err := endpoint{host: o.Host, from: "the settings"}, error(nil)
	if o.Host == "" {
		ep, err = r.resolve()
	}
	if err == nil && o.own(ep.host) {
		ep = r.behind(o)
	}
	if err == nil {
		err = ep.overheard(o.Plaintext)
	}
	return ep, err
}

// behind is the engine that our own socket leads to. What was kept may be of no use any more: then it
// is looked for in the usual places.
func (r resolver) behind(o Options) endpoint {
	var kept choice
	err := readJSON(o.Behind, &kept)
	ep := r.byHost(kept.Host)
	ep.from = "aztray's engine socket"
	switch {
	case err != nil: // none was kept: what docker would use without the first that says so
		env := r.env
		r.env = func(name string) string {
			if name == "DOCKER_HOST" {
				return ""
			}
			return env(name)
		}
		ep, err = r.resolve()
	case kept.Context != "":
		ep, err = r.context(kept.Context, "aztray's engine socket")
	}
	if err != nil || ep.host == "" || o.own(ep.host) {
		return endpoint{host: defaultHost, from: "the default", guessed: true}
	}
	return ep
}

// Keep notes which engine our own socket leads to.
func (es *Engines) Keep(ctx context.Context) error {
	if es.o.Behind == "" {
		return nil
	}
	e, err := es.all[0].connect(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(e.by)
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(es.o.Behind); err == nil && string(old) == string(text) {
		return nil
	}
	return atomicfile.Write(es.o.Behind, text)
}

// Dial opens a connection to the first engine, on which its own protocol is spoken.
func (es *Engines) Dial(ctx context.Context) (net.Conn, error) {
	e, err := es.all[0].connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := e.api.dial(ctx)
	if err != nil {
		return nil, e.problem(err)
	}
	return conn, nil
}

// Socket is the first engine's own socket, once it was reached; "" where it has none.
func (es *Engines) Socket() string {
	e := es.all[0].reached.Load()
	if e == nil {
		return ""
	}
	file, _ := strings.CutPrefix(e.host, "unix://")
	if file == e.host {
		return ""
	}
	return file
}

// Find gives the container of the first engine that is named or numbered so; false where sel does not
// cover it, or there is none.
func (es *Engines) Find(ctx context.Context, sel Selector, ref string) (Container, bool, error) {
	f := es.all[0]
	e, err := f.connect(ctx)
	if err != nil {
		return Container{}, false, err
	}
	in, err := e.api.inspect(ctx, ref)
	if notFound(err) {
		return Container{}, false, nil
	}
	if a, answered := errors.AsType[*apiError](err); answered {
		return Container{}, false, a
	}
	if err != nil {
		return Container{}, false, e.problem(err)
	}
	g, err := e.given(ctx, sel, in.ID, strings.TrimPrefix(in.Name, "/"), in.Labels, func(context.Context) (imageRef, error) { return imageRef{in.ImageID, in.Arch}, nil })
	if err != nil {
		return Container{}, false, e.problem(err)
	}
	c := sel.container(in.ID, in.Name, in.Image, in.Status, g.labels)
	c.Engine = f.o.Host
	c = e.withAnswers(sel, c)
	covered := sel.covers(c.Name, g.labels)
	if covered {
		e.noteNew(in)
	}
	return c, covered, nil
}
