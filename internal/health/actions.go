package health

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"aztray/internal/agent"
	"aztray/internal/containers"
)

// act does what a button of the page asks for, where it is signed with the key.
func (s *Server) act(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // no more than maxBody
	if err != nil {
		refuse(w, http.StatusBadRequest, "The request can't be read.")
		return
	}
	if !s.signed.by(r, body, time.Now().UTC()) {
		refuse(w, http.StatusForbidden, sayWhereTheKeyIs)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		refuse(w, http.StatusBadRequest, "The request can't be read.")
		return
	}
	what := r.PathValue("what")
	if what == actionCheck {
		answer(w, http.StatusOK, map[string]string{"said": ""})
		return
	}
	a := s.action(what, form)
	if a.command == nil {
		refuse(w, a.refused, a.said)
		return
	}
	s.o.Do(a.command)
	answer(w, http.StatusAccepted, map[string]string{"said": a.said})
}

// action is what a button means, and what is said of it; without a command it is refused.
type action struct {
	command agent.Command
	said    string
	refused int // the status
}

// action reads what a button sent.
func (s *Server) action(what string, form url.Values) action {
	switch what {
	case "renew":
		return action{command: agent.Renew{}, said: "Signing in: look for your browser's new tab."}
	case "cancel":
		return action{command: agent.CancelSignIn{}, said: "The sign-in is being cancelled."}
	case "sync":
		return action{command: agent.Sync{}, said: "Every container is looked at, and gets the token where it lacks it."}
	case "restart":
		return action{command: agent.Restart{}, said: "The containers are restarted, each with a fresh credential, in the order of their dependencies."}
	case "tenant":
		id := form.Get("tenant")
		if !tenantForm.MatchString(id) {
			return action{refused: http.StatusBadRequest, said: "That is no tenant."}
		}
		return action{command: agent.UseTenant{TenantID: id}, said: "Switching the tenant."}
	case actionAnswer:
		snap, _ := s.now.get()
		return answerTo(snap.Containers, form)
	}
	return action{refused: http.StatusNotFound, said: "There is no such action."}
}

const (
	actionAnswer = "answer"
	actionCheck  = "check" // does nothing: the page learns whether its key is good

	answerAllow = "allow"
	answerNever = "never"
)

// answerTo is the person's answer to the question about a container. It holds only for what is asked now:
// a page that lags behind must not say yes to another question than the person read.
func answerTo(all []containers.Status, form url.Values) action {
	i := slices.IndexFunc(all, func(b containers.Status) bool { return b.ID == form.Get("container") })
	if i < 0 {
		return action{refused: http.StatusNotFound, said: "There is no such container, or no more."}
	}
	b, said := all[i], form.Get("answer")
	switch q := containers.Question(form.Get("question")); {
	case q == containers.NoQuestion || q != b.Consent.Question:
		return action{refused: http.StatusConflict, said: "That is not what is asked about " + b.Name + " now."}
	case said != answerAllow && said != answerNever:
		return action{refused: http.StatusBadRequest, said: "The answer is missing: allow or never."}
	default:
		return action{command: agent.Answer{ContainerID: b.ID, Question: q, Allow: said == answerAllow}, said: answeredWords(b, said == answerAllow)}
	}
}
