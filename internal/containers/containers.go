// Package containers finds the containers that need the sign-in and puts the credential within
// their reach. It knows the Docker engine, not how a token is obtained, and decides nothing about
// the sign-in.
package containers

import "time"

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
	Delivery    string    `json:"delivery"` // copy, mount or endpoint
	State       State     `json:"state"`
	Path        string    `json:"path"` // its az directory
	ExpiresOn   time.Time `json:"expires_on"`
	DeliveredAt time.Time `json:"delivered_at"`
	Error       string    `json:"error"` // one sentence for a person
	Running     bool      `json:"-"`
}
