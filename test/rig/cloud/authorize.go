package cloud

import (
	"bytes"
	"cmp"
	"crypto/rand"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// pageData fills the one page that all of Entra's pages are made from.
type pageData struct {
	Title, Text string
	Person      *Person           // the account tile
	Flow        string            // the sign-in that the tile is for; empty on the device page
	AskCode     bool              // a field for a device code
	Done        bool              // it went well, says a tick
	Post        string            // form_post: where the hidden fields go, by themselves
	Fields      map[string]string // form_post
}

func render(status int, d pageData) reply {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, d); err != nil { // our own template with our own data
		panic(err)
	}
	return htmlReply(status, b.Bytes())
}

// How long a page and a code wait.
const (
	flowLifetime = 10 * time.Minute
	maxFlows     = 1000
)

// signIn is an authorize request, from the page on until its code is redeemed.
type signIn struct {
	who          Person
	tenant       Tenant
	client       string
	scope        string
	redirectURI  string
	state, nonce string
	formPost     bool
	challenge    string
	began        time.Time
	redeemed     bool
}

func (c *Cloud) authorize(r *http.Request, rec *Request, where authorityPath) reply {
	f := r.Form
	rec.Client, rec.Scope = f.Get("client_id"), f.Get("scope")
	s, e := c.newSignIn(f, where)
	if e != nil {
		rep := page(http.StatusBadRequest, "Sign in to your account", e.outcome()+": "+e.text)
		rep.outcome = e.outcome()
		return rep
	}
	rec.Tenant, rec.Account = s.tenant.ID, s.who.Username
	switch c.policy.Authorize {
	case Deny:
		return c.declined(s)
	case Never:
		rep := page(http.StatusOK, "Sign in to your account", "Working on it…")
		rep.outcome = "never answered"
		return rep
	case Page:
		forgetOld(c.flows, s.began)
		id := rand.Text()
		c.flows[id] = s
		rep := render(http.StatusOK, pageData{Title: "Sign in to your account", Person: &s.who, Flow: id})
		rep.outcome = "page"
		return rep
	}
	return c.signedIn(s)
}

// newSignIn checks an authorize request. What is wrong with it is shown to the person, not sent back.
func (c *Cloud) newSignIn(f url.Values, where authorityPath) (*signIn, *entraError) {
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope"} {
		if f.Get(name) == "" {
			return nil, refuse(900144, name)
		}
	}
	if f.Get("client_id") != AzureCLI {
		return nil, refuse(700016, f.Get("client_id"), cmp.Or(where.tenant.Name, where.segment))
	}
	back, err := url.Parse(f.Get("redirect_uri"))
	if err != nil || back.Scheme != "http" || back.Hostname() != "localhost" {
		return nil, refuse(50011, f.Get("redirect_uri"))
	}
	if _, e := parseScopes(f.Get("scope")); e != nil {
		return nil, e
	}
	who := c.policy.Person
	if hinted, ok := personNamed(f.Get("login_hint")); ok {
		who = hinted
	}
	tenant := where.of(principal{person: who})
	if !who.memberOf(tenant) {
		return nil, refuse(50020, who.Home.ID, tenant.Name)
	}
	return &signIn{
		who: who, tenant: tenant, client: f.Get("client_id"), scope: f.Get("scope"),
		redirectURI: back.String(), state: f.Get("state"), nonce: f.Get("nonce"),
		formPost: f.Get("response_mode") == "form_post", challenge: f.Get("code_challenge"), began: c.now(),
	}, nil
}

// clicked is the page's form: the account tile, or Cancel.
func (c *Cloud) clicked(r *http.Request, rec *Request) reply {
	s, ok := c.flows[r.PostForm.Get("flow")]
	if !ok || c.now().Sub(s.began) > flowLifetime {
		return page(http.StatusBadRequest, "Sign in to your account", "This page has expired. Please start again.")
	}
	delete(c.flows, r.PostForm.Get("flow"))
	rec.Client, rec.Scope, rec.Tenant, rec.Account = s.client, s.scope, s.tenant.ID, s.who.Username
	if r.PostForm.Get("choice") != "account" {
		return c.declined(s)
	}
	return c.signedIn(s)
}

func (c *Cloud) signedIn(s *signIn) reply {
	s.began = c.now()
	forgetOld(c.codes, s.began)
	code := "1.C" + rand.Text() + rand.Text()
	c.codes[code] = s
	return s.sendBack(map[string]string{"code": code, "state": s.state, "session_state": newGUID()}, "signed in")
}

func (c *Cloud) declined(s *signIn) reply {
	e := refuse(65004)
	return s.sendBack(map[string]string{"error": e.oauth, "error_description": e.outcome() + ": " + e.text, "state": s.state}, e.outcome())
}

// sendBack gives the program its answer, in the way it asked for.
func (s *signIn) sendBack(fields map[string]string, outcome string) reply {
	var rep reply
	if s.formPost {
		rep = render(http.StatusOK, pageData{Title: "Working...", Post: s.redirectURI, Fields: fields})
	} else {
		query := url.Values{}
		for k, v := range fields {
			query.Set(k, v)
		}
		rep = redirect(s.redirectURI + "?" + query.Encode())
	}
	rep.outcome = outcome
	return rep
}

// forgetOld bounds a table of sign-ins.
func forgetOld(m map[string]*signIn, now time.Time) {
	for id, s := range m {
		if now.Sub(s.began) > 2*flowLifetime {
			delete(m, id)
		}
	}
	if len(m) < maxFlows {
		return
	}
	oldest := make([]string, 0, len(m))
	for id := range m {
		oldest = append(oldest, id)
	}
	slices.SortFunc(oldest, func(a, b string) int { return m[a].began.Compare(m[b].began) })
	delete(m, oldest[0])
}
