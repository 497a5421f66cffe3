package containers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"aztray/internal/atomicfile"
	"aztray/internal/auth"
)

// Question is what a person is asked about a container.
type Question string

const (
	NoQuestion   Question = ""
	AskEngine    Question = "engine"        // it controls the engine: is it to have the credential?
	AskRefresh   Question = "refresh-token" // its label asks for the person's refresh token
	answerAllow           = "allow"
	answerNever           = "never"
	consentsSize          = 1 << 20
)

// Consent is how a question about a container stands.
type Consent struct {
	Question Question
	Never    bool // it was answered with never
}

// consents are the person's answers, in a file that the tray and the command line share.
type consents struct{ file string } // "": nothing is remembered

// answered is one answer.
type answered struct {
	Answer string    `json:"answer"` // allow or never
	At     time.Time `json:"at"`
}

// consentKey is what an answer is remembered by: where the container runs, what it is called and what
// it is made from. So it holds for the next one that compose makes, and not for another image under
// the same name.
func consentKey(q Question, c Container) string {
	who := "container " + c.Name
	if c.Project != "" {
		who = "service " + c.Project + "/" + c.Service
	}
	key := []string{string(q), c.Engine, who, c.Image}
	if asked := c.asked(q); asked != "" {
		key = append(key, asked)
	}
	return strings.Join(key, " | ")
}

// AnsweredWith reports whether an answer about d holds for c too: for each container of a compose service.
func (c Container) AnsweredWith(d Container) bool {
	return consentKey(NoQuestion, c) == consentKey(NoQuestion, d)
}

func (c consents) read() (map[string]answered, error) {
	all := map[string]answered{}
	if c.file == "" {
		return all, nil
	}
	info, err := os.Stat(c.file)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err == nil && info.Size() > consentsSize {
		return nil, fmt.Errorf("%w: %s is too large to be ours", errDamaged, c.file)
	}
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(c.file)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errDamaged, c.file, err)
	}
	if all == nil { // it holds null
		all = map[string]answered{}
	}
	return all, nil
}

// errDamaged says that what the file holds is not what we wrote there: nothing in it can be believed.
var errDamaged = errors.New("the answers given before are damaged")

// answer is what the person said; "" is nothing yet, and so is a file that can't be read.
func (c consents) answer(q Question, box Container) string {
	all, err := c.read()
	if err != nil {
		return ""
	}
	return all[consentKey(q, box)].Answer
}

// set remembers an answer. Tray and command line may do so at the same time.
func (c consents) set(q Question, box Container, allow bool, now time.Time) error {
	if c.file == "" {
		return errors.New("there is no state directory to remember the answer in")
	}
	lock := flock.New(c.file + ".lock")
	if err := lock.Lock(); err != nil {
		return err
	}
	defer lock.Unlock()
	all, err := c.read()
	if errors.Is(err, errDamaged) { // it is put aside, and every question is asked once more
		all, err = map[string]answered{}, atomicfile.Replace(c.file, c.file+".damaged")
	}
	if err != nil {
		return fmt.Errorf("the answers given before can't be read: %w", err)
	}
	a := answered{answerNever, now.UTC()}
	if allow {
		a.Answer = answerAllow
	}
	all[consentKey(q, box)] = a
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(c.file, text)
}

// Answer remembers what the person said to a question about a container.
func (es *Engines) Answer(c Container, q Question, allow bool) error {
	return consents{es.o.Consents}.set(q, c, allow, time.Now())
}

// refreshFor reports whether a container may hold the person's refresh token. The settings are the person's
// own; a label is whoever's who made the container, so that the person is asked. A container whose az is
// ours has no use for it.
func (e *Engine) refreshFor(c Container, t target) (bool, Consent) {
	if !c.WantsRefresh() || t.shim != "" {
		return false, Consent{}
	}
	if !c.byLabel {
		return true, Consent{}
	}
	switch e.consents.answer(AskRefresh, c) {
	case answerAllow:
		return true, Consent{}
	case answerNever:
		return false, Consent{AskRefresh, true}
	}
	return false, Consent{AskRefresh, false}
}

// saysRefresh gives s the sentence on a refresh token that c asks for and does not hold.
func (s Status) saysRefresh(c Container, t target, b auth.Bundle) Status {
	switch {
	case s.State != Fresh || s.Refresh || !c.WantsRefresh():
	case s.Consent == Consent{AskRefresh, false}:
		s.Error = "It holds access tokens. Its label asks for your refresh token, which it gets only if you say so: aztray service sync --allow-refresh-token " + c.Name
	case t.shim != "":
		s.Error = "It holds access tokens alone: its image has no Azure CLI that could use a refresh token."
	case t.refresh && b.Refresh.IsZero():
		s.Error = "It holds access tokens alone: az keeps your refresh token where it can't be read."
	}
	return s
}
