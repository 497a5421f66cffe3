package containers

import (
	"cmp"
	"slices"
	"strings"
)

// The conditions that compose has for a dependency. https://docs.docker.com/reference/compose-file/services/#depends_on
const (
	needStarted   = "service_started"
	needHealthy   = "service_healthy"
	needCompleted = "service_completed_successfully"
)

// need is something that must be back before a container is restarted.
type need struct {
	id        string
	condition string
	drags     bool // who needs it is restarted with it: compose's restart: true, or a shared network
}

// step is one container to be restarted.
type step struct {
	c         Container
	needs     []string // ids of other steps that must be back before
	completes bool     // it is waited for until it has done its work
	because   string   // the container that it is restarted with, unasked; "" where the person chose it
}

// planRestart puts the chosen containers, and those that must be restarted with them, into an order in
// which each comes after what it depends on. all is every container of the engine.
//
// Compose v2 writes into a label what a service depends on. Compose v1 does not, so that its
// containers follow one another by name: slow, and never wrong about two that share a fate.
func planRestart(all []summary, chosen []Container) []step {
	g := newGraph(all)
	steps := map[string]*step{}
	for _, c := range chosen {
		steps[c.ID] = &step{c: c}
	}
	g.drag(steps)
	for id, s := range steps {
		for _, n := range g.reach(id, steps) {
			s.needs = append(s.needs, n.id)
			if n.condition == needCompleted {
				steps[n.id].completes = true
			}
		}
	}
	g.chain(steps)
	return ordered(steps)
}

// graph is who needs whom, by container id.
type graph struct {
	by    map[string]summary
	needs map[string][]need
}

func newGraph(all []summary) graph {
	g := graph{map[string]summary{}, map[string][]need{}}
	services := map[[2]string][]string{} // ids by project and service
	for _, s := range all {
		g.by[s.ID] = s
		if !oneOff(s) {
			key := [2]string{s.Labels[composeProject], s.Labels[composeService]}
			services[key] = append(services[key], s.ID)
		}
	}
	for _, s := range all {
		for entry := range strings.SplitSeq(s.Labels[composeNeeds], ",") {
			// Early v2 wrote the name alone, or no third word. https://github.com/docker/compose, pkg/compose/compose.go
			words := append(strings.Split(strings.TrimSpace(entry), ":"), "", "")
			if words[0] == "" || s.Labels[composeProject] == "" {
				continue
			}
			for _, id := range services[[2]string{s.Labels[composeProject], words[0]}] {
				g.add(s.ID, need{id, cmp.Or(words[1], needStarted), words[2] == "true" && !oneOff(s)})
			}
		}
		if host, ok := strings.CutPrefix(s.NetworkMode, "container:"); ok {
			for _, other := range all {
				if other.ID == host || slices.Contains(other.Names, "/"+host) {
					g.add(s.ID, need{other.ID, needStarted, true}) // its network ends with the other's process
				}
			}
		}
	}
	return g
}

func (g graph) add(id string, n need) {
	if n.id != id {
		g.needs[id] = append(g.needs[id], n)
	}
}

func oneOff(s summary) bool { return strings.EqualFold(s.Labels[composeOneOff], "true") }

// drag adds those that are to be restarted with one of the steps.
func (g graph) drag(steps map[string]*step) {
	for grew := true; grew; {
		grew = false
		for id, needs := range g.needs {
			if steps[id] != nil || g.by[id].State != "running" {
				continue
			}
			for _, n := range needs {
				if with := steps[n.id]; with != nil && n.drags {
					steps[id] = &step{c: bare(g.by[id]), because: with.c.Name}
					grew = true
					break
				}
			}
		}
	}
}

// bare is a container as far as its restart needs to know it.
func bare(s summary) Container { return (&Engine{}).of(Selector{}, s) }

// reach are the steps that id needs, directly or by way of containers that are not restarted.
func (g graph) reach(id string, steps map[string]*step) []need {
	var found []need
	seen := map[string]bool{id: true}
	for open := g.needs[id]; len(open) > 0; {
		n := open[0]
		open = open[1:]
		if seen[n.id] {
			continue
		}
		seen[n.id] = true
		if steps[n.id] != nil {
			found = append(found, n)
			continue
		}
		open = append(slices.Clip(open), g.needs[n.id]...)
	}
	return found
}

// chain lets those of a compose v1 project follow one another by name.
func (g graph) chain(steps map[string]*step) {
	last := map[string]string{}
	for _, id := range byName(steps) {
		labels := g.by[id].Labels
		if _, told := labels[composeNeeds]; told || labels[composeProject] == "" || steps[id].because != "" {
			continue
		}
		if before := last[labels[composeProject]]; before != "" {
			steps[id].needs = append(steps[id].needs, before)
		}
		last[labels[composeProject]] = id
	}
}

// ordered puts what is needed first, and else goes by name. Needs that go in a circle, which compose
// refuses and labels made by hand may have, are broken at the first name.
func ordered(steps map[string]*step) []step {
	left := byName(steps)
	done := map[string]bool{}
	var all []step
	for len(left) > 0 {
		i := max(0, slices.IndexFunc(left, func(id string) bool {
			return !slices.ContainsFunc(steps[id].needs, func(n string) bool { return !done[n] })
		}))
		s := steps[left[i]]
		s.needs = slices.DeleteFunc(s.needs, func(n string) bool { return !done[n] })
		done[left[i]] = true
		all = append(all, *s)
		left = slices.Delete(left, i, i+1)
	}
	return all
}

func byName(steps map[string]*step) []string {
	var ids []string
	for id := range steps {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(strings.Compare(steps[a].c.Name, steps[b].c.Name), strings.Compare(a, b))
	})
	return ids
}
