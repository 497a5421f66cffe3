// Package localapi is how a person's commands ask the aztray that runs, so that nobody judges or delivers beside it:
// HTTP and JSON over a socket that is the person's own, on Windows over a named pipe for their security identifier.
// Actions answer with a stream of events, one JSON document a line, and end when who asked has gone, with what they
// began. It shows reports and hands on commands; it knows nothing of az's files, engines or menus, and passes no token.
package localapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/config"
	"aztray/internal/report"
)

// Version is what both sides must have in common. It changes when an older command could misread an answer.
const Version = "1"

const (
	versionHeader  = "Aztray-Api"
	programHeader  = "Aztray-Version"
	settingsHeader = "Aztray-Settings" // the fingerprint of the settings that the command goes by

	maxBody     = 64 << 10 // bytes of a request
	maxEvent    = 4 << 20  // bytes of one event
	bodyWithin  = 5 * time.Second
	knownWithin = 20 * time.Second // after a start: so long is waited for the first look
	calmWithin  = time.Second      // and so long for work that is under way
	atOnce      = 32               // requests
)

// Event is one line of an action's answer. The last one has Done or Problem.
type Event struct {
	Doing     string             `json:"doing,omitempty"`   // to say on the way
	Browser   bool               `json:"browser,omitempty"` // the person is to sign in now
	Line      string             `json:"line,omitempty"`    // of az's, such as a device code
	Done      *report.Whole      `json:"done,omitempty"`
	Restarted []report.Restarted `json:"restarted,omitempty"`
	Tenants   []Tenant           `json:"tenants,omitempty"`
	Problem   *Failure           `json:"problem,omitempty"` // why it was not done
}

// Failure is a problem as it travels.
type Failure struct {
	report.Problem
	Raw   string `json:"raw,omitempty"`   // the redacted text that it was told from
	Usage bool   `json:"usage,omitempty"` // the command was wrong: nothing was begun
}

// Tenant is how a tenant of the account answered.
type Tenant struct {
	auth.Tenant
	Current bool            `json:"current"`
	Lasts   time.Duration   `json:"lasts"` // a sign-in there; 0 is not known
	Problem *report.Problem `json:"problem"`
}

// Request is what an action is asked for with; each takes what it needs of it.
type Request struct {
	Names      []string       `json:"names,omitempty"`
	Tenant     string         `json:"tenant,omitempty"`      // an id
	IfNeeded   bool           `json:"if_needed,omitempty"`   // no browser where a silent renewal is enough
	DeviceCode bool           `json:"device_code,omitempty"` // in place of the browser
	Verify     bool           `json:"verify,omitempty"`
	Answers    []agent.Answer `json:"answers,omitempty"`
}

// Fingerprint tells whether two processes go by the same settings, the same az and the same engines.
func Fingerprint(s config.Settings, az auth.Dir) string {
	about := []any{s.Azure, s.OpenAI, s.Containers, s.Engine, s.Kubernetes, s.Endpoint, s.Notify.Warn, az}
	for _, name := range []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "CONTAINER_HOST", "KUBECONFIG"} {
		about = append(about, os.Getenv(name))
	}
	text, _ := json.Marshal(about) // settings: strings, numbers and lists
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
