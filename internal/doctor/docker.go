package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"aztray/internal/containers"
)

func dockerChecks(o Options, f *facts) []check {
	return []check{{GroupDocker, "docker.socket", func(ctx context.Context) ([]Line, []check) {
		running, ok := f.running.get(ctx)
		if !ok {
			return nil, nil
		}
		return judgeSocket(lookAtSocket(o, running)), nil
	}}, {GroupDocker, "docker", func(ctx context.Context) ([]Line, []check) {
		e, ok := f.engine.get(ctx)
		if !ok {
			return nil, nil
		}
		return judgeEngine(e), containerChecks(o, f, e)
	}}}
}

func judgeEngine(e engineFacts) []Line {
	var lines []Line
	for _, p := range e.Places {
		switch {
		case !p.Chosen:
			lines = append(lines, otherEngine(p))
		case p.Problem != nil:
			lines = append(lines, engineProblem(p, e.Places))
		default:
			lines = append(lines, good("docker.engine", "engine", p.Label()+", at "+p.Host), engineClock(p))
		}
	}
	if e.Cluster != nil {
		lines = append(lines, problem("docker.cluster", "cluster", Wrong, e.Cluster))
	}
	return in(GroupDocker, "", slices.Concat(lines, []Line{covered(e)}, uncovered(e), ignored(e))...)
}

// engineProblem is for an engine that is followed and does not answer.
func engineProblem(p containers.Place, all []containers.Place) Line {
	const check, title = "docker.engine", "engine"
	if p.Problem.Code == "ENGINE_NOT_INSTALLED" {
		return notApplicable(check, title, p.Problem.Message)
	}
	l := problem(check, title, Wrong, p.Problem)
	if l.Command == backToDefault {
		l.Fix = FixContext
	} else if i := slices.IndexFunc(all, func(p containers.Place) bool { return !p.Chosen }); i >= 0 {
		l.Advice += fmt.Sprintf("; or set engine.hosts to %s, where %s answers", all[i].Host, all[i].Label())
	}
	return l
}

// otherEngine is named, so that nobody wonders why the containers there get nothing.
func otherEngine(p containers.Place) Line {
	return notApplicable("docker.other", "another engine", fmt.Sprintf("%s (%s) answers at %s and is not followed; engine.hosts chooses.", p.Label(), p.From, p.Host))
}

// askedWithin is how exact a comparison of clocks by one question is.
const askedWithin = 30 * time.Second

// engineClock compares the clock that the containers see with this machine's: that of a virtual machine
// stands still while a laptop sleeps.
func engineClock(p containers.Place) Line {
	const check, title = "docker.clock", "its clock"
	switch off := p.Skew.Abs(); {
	case off >= 5*time.Minute:
		return bad(check, title, Wrong, "ENGINE_CLOCK_SKEW", fmt.Sprintf("In the containers it is %v %s than here, so their tokens seem to end at the wrong time.",
			off.Round(time.Second), way(p.Skew)), "Restart the engine, or its virtual machine (Docker Desktop: Restart).")
	case off >= askedWithin:
		return bad(check, title, Warning, "ENGINE_CLOCK_DRIFTS", fmt.Sprintf("In the containers it is %v %s than here; at five minutes tokens break.",
			off.Round(time.Second), way(p.Skew)), "Restart the engine, or its virtual machine (Docker Desktop: Restart).")
	}
	return good(check, title, "It agrees with this machine's")
}

func way(skew time.Duration) string {
	if skew > 0 {
		return "later"
	}
	return "earlier"
}

func covered(e engineFacts) Line {
	const check, title = "docker.covered", "containers"
	switch {
	case !e.reached() && len(e.Covered) == 0:
		return notApplicable(check, title, "They cannot be asked for.")
	case len(e.Covered) == 0:
		return bad(check, title, Warning, "NOTHING_COVERED", "No container has a name from containers.names or the label aztray.deliver=true.",
			"Name those that need your sign-in (docs/settings.md); there are: docker ps --all")
	}
	return good(check, title, count(len(e.Covered), "container")+" to look after")
}

// ignored names each label that counts for nothing, for whoever wonders why.
func ignored(e engineFacts) []Line {
	var lines []Line
	for _, i := range e.Ignored {
		lines = append(lines, bad("docker.label", "a label", Warning, "LABEL_IGNORED",
			"The label "+i.Label+" of "+i.Container+" counts for nothing. "+i.Why, i.Advice()))
	}
	return lines
}

// uncovered offers what would cover each container that looks as if it needs the sign-in; nobody but the
// person knows whether it does.
func uncovered(e engineFacts) []Line {
	var lines []Line
	for _, u := range e.Needy {
		lines = append(lines, bad("docker.uncovered", "not covered", Warning, "CONTAINER_UNCOVERED",
			u.Name+" looks as if it needs your sign-in, and gets none. "+u.Why, u.Cover))
	}
	return lines
}
