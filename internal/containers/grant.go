package containers

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"aztray/internal/auth"
)

// A label of a container may ask for tokens of another tenant and of further scopes. The person gave the label, but
// often by a compose file that somebody else wrote: what it asks for beyond the settings is given once they have said
// so, and remembered for the container's name.
const (
	AskScopes Question = "scopes" // its label asks for scopes that the settings do not give
	AskTenant Question = "tenant" // its label asks for another tenant than the one in use
)

// Choice is what the person has chosen for every container. A container's labels are weighed against it.
type Choice struct {
	Tenant string                     // the one in use, by id; "" where nobody is signed in
	Scopes []string                   // that every container gets
	ID     func(tenant string) string // a tenant's id by its id or domain; nil: as it is named
}

// Grant is what a container is to have tokens for.
type Grant struct {
	Tenant  string // by id
	Scopes  []string
	Consent Consent // a question about more than that, open or answered with never
	asks    string  // what more that is, as a verb: manage all your Azure subscriptions
}

// labelAnswers is how the person answered what a container's labels ask for.
type labelAnswers struct {
	scopes, tenant string   // allow, never, or "" for not yet
	allowed        []string // scopes that the settings allow
}

// Grant decides what c gets, by whatever way it is delivered.
func (ch Choice) Grant(c Container) Grant {
	g := Grant{Tenant: ch.Tenant, Scopes: slices.Clone(ch.Scopes)}
	if asked := ch.id(c.Tenant); c.Tenant != "" && !strings.EqualFold(asked, ch.Tenant) {
		if c.said.tenant != answerAllow { // its scopes are meant for that tenant
			g.Consent, g.asks = Consent{AskTenant, c.said.tenant == answerNever}, "act as you in the tenant "+c.Tenant
			return g
		}
		g.Tenant = asked
	}
	var more []string
	usual := auth.WithSpellings(ch.Scopes)
	for _, s := range c.Scopes {
		switch {
		case slices.ContainsFunc(usual, func(u string) bool { return auth.SameAudience(u, s) }), slices.Contains(g.Scopes, s):
		case c.said.scopes == answerAllow, slices.Contains(c.said.allowed, s):
			g.Scopes = append(g.Scopes, s)
		default:
			more = append(more, s)
		}
	}
	if len(more) > 0 {
		g.Consent, g.asks = Consent{AskScopes, c.said.scopes == answerNever}, powers(more)
	}
	return g
}

// Wants is what c gets where that was chosen for every container, by whatever way it is delivered.
func (c Container) Wants(tenant string, usual []string, id func(tenant string) string) (string, []string) {
	g := Choice{tenant, usual, id}.Grant(c)
	return g.Tenant, g.Scopes
}

func (ch Choice) id(tenant string) string {
	if ch.ID == nil || tenant == "" {
		return tenant
	}
	return ch.ID(tenant)
}

// Shown is s with the question that g leaves open, where none stands already.
func (g Grant) Shown(s Status) Status {
	if g.Consent.Question == NoQuestion || s.Consent.Question != NoQuestion {
		return s
	}
	s.Consent, s.Asks = g.Consent, g.asks
	if why := g.Words(s.Name).Sentence; !g.Consent.Never && s.Error == "" && (s.State == Fresh || s.State == Missing) {
		s.Error = why
	}
	return s
}

// Said is c once the person has answered a question about its labels.
func (c Container) Said(q Question, allow bool) Container {
	a := answerNever
	if allow {
		a = answerAllow
	}
	switch q {
	case AskScopes:
		c.said.scopes = a
	case AskTenant:
		c.said.tenant = a
	}
	return c
}

// asked is the value of a label that a question is about: another value is another question.
func (c Container) asked(q Question) string {
	switch q {
	case AskScopes:
		return strings.Join(slices.Sorted(slices.Values(c.Scopes)), " ")
	case AskTenant:
		return strings.ToLower(c.Tenant)
	}
	return ""
}

// withAnswers is c with what the settings and the person's answers say of what its labels ask for.
func (e *Engine) withAnswers(sel Selector, c Container) Container {
	if len(c.Scopes) > 0 {
		c.said.allowed = slices.DeleteFunc(slices.Clone(c.Scopes), func(s string) bool { return !fits(sel.ScopesAllowed, s) })
		c.said.scopes = e.consents.answer(AskScopes, c)
	}
	if c.Tenant != "" {
		c.said.tenant = e.consents.answer(AskTenant, c)
		if fits(sel.TenantsAllowed, c.Tenant) {
			c.said.tenant = answerAllow
		}
	}
	return c
}

// fits reports whether one of the patterns fits, in which * stands for anything.
func fits(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		re, err := regexp.Compile("(?i)^" + strings.ReplaceAll(regexp.QuoteMeta(p), `\*`, ".*") + "$")
		return err == nil && re.MatchString(s)
	})
}

// answersEvery is how often it is looked whether another process of ours has remembered an answer.
const answersEvery = 2 * time.Second

// look is a clock for it, which stands still where nothing is remembered.
func (c consents) look() *time.Ticker {
	t := time.NewTicker(answersEvery)
	if c.file == "" {
		t.Stop()
	}
	return t
}

// stamp changes with the file.
func (c consents) stamp() string {
	info, err := os.Stat(c.file)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}
