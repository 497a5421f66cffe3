package containers

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"aztray/internal/watch/symptom"
)

// Uncovered is a running container that looks as if it needs the credential and is not covered. It is
// offered, never done: only the person knows.
type Uncovered struct {
	Name, ID, Project, Service string
	Engine                     string
	Why                        string // one sentence, without what its environment or its log holds
	Cover                      string // what would cover it, as one sentence
}

const (
	mostUncovered  = 50  // containers looked at of an engine
	uncoveredLines = 200 // of a log, read once
)

// LooksNeedy says from a container's environment and the end of its log why it may need the credential;
// "" where nothing tells so. One that brings a credential of its own does not.
func LooksNeedy(env []string, log []byte) string {
	has := func(names ...string) string {
		for _, name := range names {
			if getenv(env, name) != "" {
				return name
			}
		}
		return ""
	}
	ownKey := has("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY", "AZURE_OPENAI__API_KEY", "OPENAI_API_KEY", "OPENAI__API_KEY") != ""
	principal := has("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT", "MSI_ENDPOINT") != ""
	var found symptom.Matcher
	for line := range bytes.Lines(log) {
		if hit, ok := found.Find(line); ok && hit.Cause.Credential() {
			return "Its log says that it got no Azure credential."
		}
	}
	if principal {
		return ""
	}
	if name := has("AZURE_TOKEN_CREDENTIALS"); name != "" {
		return "Its environment names " + name + "."
	}
	if ownKey {
		return ""
	}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		if value != "" && strings.HasPrefix(name, "AZURE_OPENAI_") && isShown.MatchString(name) {
			return "Its environment names " + name + "."
		}
	}
	if name := has("AZURE_CLIENT_ID", "AZURE_TENANT_ID"); name != "" {
		return "Its environment names " + name + "."
	}
	return ""
}

// looks remembers what was found of a container since its start, so that each is looked at once. Nobody waits for a
// look: the events that forget one are on the way of a new container's first instruction.
type looks struct {
	mu    sync.Mutex
	why   map[string]glance // by container id
	again map[string]bool   // those forgotten while a look is under way; nil: none is
}

// begin gives what is known, and has noted from now on what is forgotten.
func (l *looks) begin() map[string]glance {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.again = map[string]bool{}
	return maps.Clone(l.why)
}

// end keeps what was found, but for what was forgotten meanwhile.
func (l *looks) end(found map[string]glance) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.again {
		delete(found, id)
	}
	l.why, l.again = found, nil
}

type glance struct {
	old bool // it had run for a while: its log has said what it had to say
	why string
}

// settled is how long after its start a container's log tells whether it found a credential.
const settled = time.Minute

// Uncovered are the running containers that sel does not cover, that no label takes out, and that look
// as if they need the credential. Each is inspected, and its log's end read, once for each of its starts.
func (e *Engine) Uncovered(ctx context.Context, sel Selector) ([]Uncovered, error) {
	all, err := e.siftedAll(ctx, sel)
	if err != nil {
		return nil, e.problem(err)
	}
	before, now := e.looks.begin(), map[string]glance{}
	defer func() { e.looks.end(now) }()
	found := []Uncovered{}
	for _, s := range all {
		c := e.of(sel, s)
		if s.State != "running" || sel.covers(c.Name, s.Labels) || s.Labels[labelDeliver] != "" || len(now) >= mostUncovered || ctx.Err() != nil {
			continue
		}
		l, known := before[c.ID]
		if !known || l.why == "" && !l.old {
			l = e.glance(ctx, c.ID)
		}
		if now[c.ID] = l; l.why != "" {
			found = append(found, Uncovered{Name: c.Name, ID: c.ID, Project: c.Project, Service: c.Service, Engine: c.Engine, Why: l.why, Cover: coverWords(c)})
		}
	}
	slices.SortFunc(found, func(a, b Uncovered) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// forget has a container looked at anew: it was started, or is gone.
func (l *looks) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.why, id)
	if l.again != nil {
		l.again[id] = true
	}
}

func (e *Engine) glance(ctx context.Context, id string) glance {
	in, err := e.api.inspect(ctx, id)
	if err != nil {
		return glance{}
	}
	var text bytes.Buffer
	if raw, err := e.api.tail(ctx, id, in.Started.Add(-startSlack), uncoveredLines); err == nil && in.Tty {
		text.Write(raw)
	} else if err == nil {
		_ = frames(bytes.NewReader(raw), &text, &text) // where it breaks off, what came before is looked at
	}
	return glance{e.now().Sub(in.Started) > settled, LooksNeedy(in.Env, text.Bytes())}
}

// coverWords is what would cover a container: a label goes with it, a name needs no new one.
func coverWords(c Container) string {
	if c.Service != "" {
		return `Cover it: add "` + c.Service + `" to containers.names, or give the service the label aztray.deliver: "true".`
	}
	return `Cover it: add "` + c.Name + `" to containers.names, or make it with --label aztray.deliver=true.`
}

// Uncovered is Engine.Uncovered of all engines that were reached; of one that does not answer nothing is known.
func (es *Engines) Uncovered(ctx context.Context, sel Selector) []Uncovered {
	all := []Uncovered{}
	for _, f := range es.all {
		if e := f.reached.Load(); e != nil && !f.away.Load() {
			if found, err := e.Uncovered(ctx, sel); err == nil {
				all = append(all, found...)
			}
		}
	}
	return all
}
