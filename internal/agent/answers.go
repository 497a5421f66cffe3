package agent

import (
	"context"
	"time"

	"aztray/internal/containers"
)

// answer has what the person said remembered.
func (p *plan) answer(s *state) {
	for _, a := range s.answers {
		if b, ok := s.boxes[a.ContainerID]; ok {
			p.jobs = append(p.jobs, answerJob{b.c, a})
		}
	}
	s.answers = nil
}

type answerJob struct {
	c containers.Container
	a Answer
}

// run takes away what the container holds before it is forbidden to touch it.
func (j answerJob) run(ctx context.Context, w World) event {
	if !j.a.Allow && j.a.Question == containers.AskEngine {
		w.Withdraw(ctx, j.c)
	}
	return answered{j.c, w.Answer(j.c, j.a.Question, j.a.Allow)}
}

type answered struct {
	c   containers.Container
	err error
}

func (e answered) apply(s *state, _ time.Time) {
	if e.err != nil {
		s.set.Log.Warn("your answer about a container could not be remembered", "container", e.c.Name, "err", e.err)
	}
	if b, ok := s.boxes[e.c.ID]; ok {
		b.verify, b.retryAt = true, time.Time{}
	}
}
