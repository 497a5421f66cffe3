// Package containers finds the containers that need the sign-in and puts the credential within
// their reach. It knows the Docker engine, not how a token is obtained, and decides nothing about
// the sign-in.
package containers

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"
)

// State is how a container's credential stands; the words are the contract's.
type State string

const (
	Fresh       State = "fresh"       // holds a live credential of ours
	Stale       State = "stale"       // holds one of ours that has ended or was replaced
	Missing     State = "missing"     // holds none yet
	Shared      State = "shared"      // its place is the host's own az directory: never written
	OwnSignIn   State = "own-sign-in" // somebody signed in inside: never overwritten
	Unwritable  State = "unwritable"  // read-only place
	Unreachable State = "unreachable" // nothing in the image could use it
	Failed      State = "error"
)

// Status is one container as status and the menu show it. Times are UTC, zero where unknown.
type Status struct {
	Name        string    `json:"name"`
	ID          string    `json:"id"`
	Project     string    `json:"project"`
	Engine      string    `json:"engine"`   // its address as the settings list it; "" where they list none
	Delivery    string    `json:"delivery"` // copy, mount or endpoint
	State       State     `json:"state"`
	Path        string    `json:"path"` // its az directory
	ExpiresOn   time.Time `json:"expires_on"`
	DeliveredAt time.Time `json:"delivered_at"`
	Error       string    `json:"error"` // one sentence for a person
	Running     bool      `json:"-"`
	Service     string    `json:"-"` // of compose or swarm; "" where it has none
	Away        bool      `json:"-"` // its engine does not answer: this is how it was
	Refresh     bool      `json:"-"` // it holds the person's refresh token
	Consent     Consent   `json:"-"` // a question about it, open or answered with never
	OnHost      bool      `json:"-"` // what it holds lies in a directory of the person's that it mounts: to act on it there is to act on that
	Asks        string    `json:"-"` // where that is about its labels: what they ask for, as a verb
	Handicapped bool      `json:"-"` // it has the credential, but its az can't answer; Error says why
	Restarting  bool      `json:"-"` // by us, at the moment
	Unproved    bool      `json:"-"` // what Renew replaced is to be looked at by Confirm
	// Its log told of late that it got no token, though it holds one now: a restart may help. Stuck: it went on
	// telling so, and nobody but a person restarts it.
	RestartHelps, Stuck bool `json:"-"`
	Broken              bool `json:"-"` // it did not come back after our restart; Error says why
}

// The labels by which a container says what it wants. They beat the settings.
const (
	labelDeliver    = "aztray.deliver" // true, false, copy, mount, endpoint
	labelPath       = "aztray.path"    // its az directory
	labelUID        = "aztray.uid"     // who uses it, where that is not the image's user: 1000, 1000:1000, app
	labelTenant     = "aztray.tenant"
	labelCredential = "aztray.credential" // access-token; refresh-token, which the person is asked about
	labelRestart    = "aztray.restart"    // true: it is restarted where its log tells that it did not take its credential up
	labelScopes     = "aztray.scopes"     // separated by blanks or commas
)

const (
	composeProject = "com.docker.compose.project"
	composeService = "com.docker.compose.service"
	composeHash    = "com.docker.compose.config-hash"
	composeImage   = "com.docker.compose.image"
	composeOneOff  = "com.docker.compose.oneoff"
	swarmService   = "com.docker.swarm.service.name" // with its stack's name before it, and _
	swarmTask      = "com.docker.swarm.task.id"
	swarmStack     = "com.docker.stack.namespace"
	composeNeeds   = "com.docker.compose.depends_on" // compose v2: service:condition:restart, separated by commas
)

// Container is one container as the engine's list and events tell it. Its labels were read.
type Container struct {
	ID, Name, Image  string
	Project, Service string // compose's words, or in Service a swarm service's whole name; else empty
	Engine           string // the address of the engine that has it, as the settings list it; "" where they list none
	Running          bool
	NoNetwork        bool     // known of who asks the identity endpoint
	Delivery         string   // copy, mount or endpoint
	Tenant           string   // the tenant it asks for; "": the one in use
	Scopes           []string // the scopes it asks for besides the usual
	Restart          bool     // it may be restarted unasked, where it fails for want of what it holds

	refresh    bool         // it is to hold the person's refresh token
	byLabel    bool         // of which its label alone says so
	said       labelAnswers // to what its labels ask for
	path, user string       // from the labels
	status     string       // the engine's word: created, running, paused, restarting, exited, dead
	recipe     string       // equal for containers that compose made from the same image in the same way; "": unknown
	task       bool         // of a swarm service: once it has ended it is never started again
	born       time.Time    // of its create event: a moment after it nothing has run, and nobody put anything into it
}

// Selector chooses the containers to look after.
type Selector struct {
	Names      []string // patterns as path.Match has them, for the names of containers and of compose or swarm services
	Credential string   // refresh-token, or "" for access tokens alone; where no label says
	Delivery   string   // how, where no label says: copy or mount; "" means copy

	ScopesAllowed, TenantsAllowed []string // patterns, in which * stands for anything: what a label may ask for unasked
}

// Covers reports whether c is to have the credential. A label beats the patterns.
func (s Selector) covers(name string, labels map[string]string) bool {
	switch strings.ToLower(labels[labelDeliver]) {
	case "false", "no", "off", "0":
		return false
	case "":
	default:
		return true
	}
	return slices.ContainsFunc(s.Names, func(pattern string) bool {
		within := strings.TrimPrefix(labels[swarmService], labels[swarmStack]+"_") // the name in the stack's file
		for _, n := range []string{name, labels[composeService], labels[swarmService], within} {
			if ok, err := path.Match(pattern, n); ok && err == nil && n != "" {
				return true
			}
		}
		return false
	})
}

// container makes a Container of what an event or the list says of it.
func container(id, name, image, status string, labels map[string]string) Container {
	c := Container{
		ID: id, Name: strings.TrimPrefix(name, "/"), Image: image, status: status,
		Running: status == "running" || status == "paused" || status == "restarting",
		Project: called(labels[composeProject]), Service: called(cmp.Or(labels[composeService], labels[swarmService])), task: labels[swarmTask] != "",
		Restart: yes(labels[labelRestart]), Delivery: "copy", Tenant: labels[labelTenant], path: labels[labelPath], user: labels[labelUID],
		Scopes: labelled(labels[labelScopes]),
	}
	if d := strings.ToLower(labels[labelDeliver]); d == "mount" || d == "endpoint" {
		c.Delivery = d
	}
	// compose run can add mounts to a service for once, so such a container proves nothing of others.
	if labels[composeHash] != "" && labels[composeImage] != "" && !strings.EqualFold(labels[composeOneOff], "true") {
		c.recipe = strings.Join([]string{labels[composeImage], labels[composeHash], c.Project, c.Service, c.path, c.user}, "\n")
	}
	return c
}

// over reports whether c is what is left of a swarm service's task that another has taken the place of.
func (c Container) over() bool { return c.task && (c.status == "exited" || c.status == "dead") }

// container is container, with the selector's delivery where no label names one.
func (s Selector) container(id, name, image, status string, labels map[string]string) Container {
	c := container(id, name, image, status, labels)
	switch strings.ToLower(labels[labelDeliver]) {
	case "copy", "mount", "endpoint":
	default:
		c.Delivery = cmp.Or(s.Delivery, c.Delivery)
	}
	bySetting := s.Credential == refreshToken
	switch strings.ToLower(labels[labelCredential]) {
	case refreshToken:
		c.refresh, c.byLabel = true, !bySetting
	case "":
		c.refresh = bySetting
	}
	return c
}

const refreshToken = "refresh-token"

// WantsRefresh reports whether c asks for the person's refresh token, by its label or the settings. It is
// copied only: an endpoint has no use for it, and a directory or a Secret is for others to read.
func (c Container) WantsRefresh() bool { return c.refresh && c.Delivery == "copy" }

func yes(text string) bool {
	return slices.Contains([]string{"true", "yes", "on", "1"}, strings.ToLower(text))
}

// statusOf is a Status with what is known of c before anything was asked.
func statusOf(c Container) Status {
	return Status{Name: c.Name, ID: c.ID, Project: c.Project, Engine: c.Engine, Delivery: c.Delivery, State: Missing, Running: c.Running, Service: c.Service}
}
