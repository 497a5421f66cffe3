package containers

import (
	"context"
	"errors"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// sockets are the files by which a process has an engine do what it likes.
var sockets = []string{"docker.sock", "podman.sock", "containerd.sock", "crio.sock", "docker_engine"}

// runtimeDirs are the directories in which engines have them.
var runtimeDirs = regexp.MustCompile(`^(?:/var)?/run` +
	`(?:/docker|/podman|/containerd|/crio|/user(?:/[0-9]+(?:/docker|/podman|/aztray)?)?)?$`)

// controls says how a container controls the engine, and with it the machine; "" where it does not as far
// as its description tells. in is as sourced gives it; local says that the engine's paths are this machine's.
func controls(in inspected, host string, local bool) string {
	if in.Privileged {
		return "It runs privileged"
	}
	if slices.ContainsFunc(in.CapAdd, func(c string) bool {
		c = strings.TrimPrefix(strings.ToUpper(c), "CAP_")
		return c == "ALL" || c == "SYS_ADMIN"
	}) {
		return "It may administer the machine (CAP_SYS_ADMIN)"
	}
	own := strings.TrimPrefix(strings.TrimPrefix(host, "unix://"), "npipe://")
	for _, m := range in.Mounts {
		sources := []string{m.Source, m.Asked}
		switch m.Type {
		case "tmpfs", typeImage:
			continue
		case "volume":
			sources = m.Paths
		default:
			if slices.Contains(sockets, path.Base(filepath.ToSlash(m.Destination))) {
				return "It holds an engine's socket (" + m.Destination + ")"
			}
		}
		for _, p := range sources {
			if p == "" {
				continue
			}
			names := []string{path.Clean(filepath.ToSlash(p))}
			if local {
				names = append(names, path.Clean(filepath.ToSlash(follow(p))))
			}
			if slices.ContainsFunc(names, func(n string) bool { return slices.Contains(sockets, path.Base(n)) || n == own }) {
				return "It holds an engine's socket (" + m.Destination + ")"
			}
			if slices.ContainsFunc(names, func(n string) bool { return holdsSockets(n, own) }) {
				return "It mounts " + p + ", in which an engine's socket lies"
			}
		}
	}
	return ""
}

// holdsSockets reports whether a directory of the host's has an engine's socket within it.
func holdsSockets(dir, own string) bool {
	if runtimeDirs.MatchString(dir) {
		return true
	}
	for _, p := range []string{"/run/docker.sock", "/var/run/docker.sock", own} {
		if path.IsAbs(p) && dir != p && holds(dir, p) {
			return true
		}
	}
	return false
}

// question is what the person must be asked before a container gets anything, and the sentence that says so;
// both are empty where nothing stands in the way. why is what controls says. No label answers it: who may write
// labels may be anybody who makes containers.
func (e *Engine) question(c Container, why string) (Consent, string) {
	if why == "" {
		return Consent{}, ""
	}
	switch e.consents.answer(AskEngine, c) {
	case answerAllow:
		return Consent{}, ""
	case answerNever:
		return Consent{AskEngine, true}, "You said that it never gets the credential; aztray service sync --allow " +
			c.Name + " takes that back."
	}
	sentence := why + ", so it controls the engine: it gets the credential only if you say so. "
	if _, err := e.consents.read(); errors.Is(err, errDamaged) {
		sentence += "What you answered before is damaged (" + e.consents.file + "), so you are asked again. "
	}
	return Consent{AskEngine, false}, sentence + "Allow it: aztray service sync --allow " + c.Name
}

// consented gives the target another verdict where a person must be asked first.
func (e *Engine) consented(c Container, in inspected, t target) target {
	why := controls(in, e.host, e.local)
	if t.verdict.way == noWay || why == "" {
		return t
	}
	t.controls = true
	if asked, sentence := e.question(c, why); asked != (Consent{}) {
		before := t.verdict
		t.consent, t.unasked = asked, &before
		t.verdict = verdict{way: noWay, state: Missing, reason: sentence}
	}
	return t
}

// Question says how the question about a container stands that nothing is delivered to, since it asks by itself:
// its Consent, and the sentence for it. Where nothing stands in the way both are empty.
func (e *Engine) Question(ctx context.Context, c Container) (Consent, string, error) {
	e.mu.Lock()
	why, known := e.powers[c.ID]
	e.mu.Unlock()
	if !known {
		in, err := e.inspect(ctx, c.ID)
		if err != nil {
			return Consent{}, "", err
		}
		why = controls(in, e.host, e.local)
		e.mu.Lock()
		if len(e.powers) >= mostGiven {
			clear(e.powers)
		}
		e.powers[c.ID] = why // a container's for good
		e.mu.Unlock()
	}
	asked, sentence := e.question(c, why)
	return asked, sentence, nil
}
