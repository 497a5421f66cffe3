package notify

import "errors"

// Server is what shows notifications.
type Server struct {
	Name, Version string
	Buttons       bool // it draws Renew now and Snooze
	Only          bool // there can be no other on this system
}

// ErrNoDesktop is Probe's where there is no desktop session at all.
var ErrNoDesktop = errors.New("there is no desktop session here")
