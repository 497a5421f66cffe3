package doctor

import (
	"os"

	"aztray/internal/enginesocket"
	"aztray/internal/instance"
	"aztray/internal/shell"
)

// socketFacts are about our own engine socket.
type socketFacts struct {
	On      bool   // the settings want it
	Running bool   // an aztray of this person's runs
	Led     string // what leads docker to it: DOCKER_HOST, context "aztray"; "" where docker goes elsewhere
	Back    string // the command that leads docker back
	Dir     string
	Why     error // why nobody serves it; nil: it is served
	Link    bool  // in its place is a link to the engine's own
}

const backToDefault = "docker context use default"

func lookAtSocket(o Options, running bool) socketFacts {
	f := socketFacts{On: o.Settings.Engine.Socket, Running: running, Led: o.Engine.LedToOwn()}
	dir, err := instance.Place()
	if err != nil || !f.On && f.Led == "" {
		return socketFacts{}
	}
	f.Dir, f.Why, f.Link, f.Back = dir, enginesocket.Look(dir), enginesocket.Left(dir), backToDefault
	for _, name := range []string{"DOCKER_CONTEXT", "DOCKER_HOST"} { // the last of them beats the other
		if os.Getenv(name) != "" {
			f.Back = shell.Unset(name)
		}
	}
	return f
}

// judgeSocket says nothing of a socket that nobody wants.
func judgeSocket(f socketFacts) []Line {
	const check, title = "docker.socket", "engine socket"
	advice := "Start aztray (" + shell.Background + "), or lead docker back: " + f.Back
	if !f.On {
		advice = "Set engine.socket = true, or lead docker back: " + f.Back
	}
	var l Line
	switch {
	case f.Why == nil && f.Led != "":
		l = good(check, title, "It is open, and docker uses it ("+f.Led+")")
	case f.Why == nil && f.On:
		l = good(check, title, "It is open; docker uses it where it is told to: aztray engine context")
	case f.On && f.Running:
		l = problem(check, title, Wrong, enginesocket.NotOpen(f.Dir, f.Why))
	case f.Led != "" && f.Link:
		l = bad(check, title, Warning, "ENGINE_SOCKET_PASSES", "docker is led to aztray's engine socket ("+f.Led+"), which passes everything on at once now: what starts does not wait for its credential.", advice)
	case f.Led != "":
		l = bad(check, title, Wrong, "ENGINE_SOCKET_NOBODY", "docker is led to aztray's engine socket ("+f.Led+"), where nobody answers, so that every docker command fails.", advice)
	default:
		return nil
	}
	if l.Verdict == Wrong && f.Led != "" && l.Command == backToDefault {
		l.Fix = FixContext
	}
	return in(GroupDocker, "", l)
}
