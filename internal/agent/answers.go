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
			s.answering++
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
	return answered{j.c, j.a, w.Answer(j.c, j.a.Question, j.a.Allow)}
}

type answered struct {
	c   containers.Container
	a   Answer
	err error
}

func (e answered) apply(s *state, now time.Time) {
	s.answering--
	if e.err != nil {
		s.set.Log.Warn("your answer about a container could not be remembered", "container", e.c.Name, "err", e.err)
	}
	for _, b := range s.boxes {
		if !b.c.AnsweredWith(e.c) {
			continue
		}
		b.verify, b.retryAt = true, time.Time{}
		if e.err == nil {
			b.c = b.c.Said(e.a.Question, e.a.Allow)
			s.fetch(b.c, now)
			b.settle(e.a)
		}
	}
}

// settle shows at once what became of a question: without a sign-in nothing is delivered that would tell.
func (b *box) settle(a Answer) {
	if b.status.Consent.Question != a.Question {
		return
	}
	b.status.Consent.Never, b.status.Error = !a.Allow, ""
	if a.Allow {
		b.status.Consent = containers.Consent{}
	}
}
