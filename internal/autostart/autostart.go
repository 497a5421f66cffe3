// Package autostart has the program start when its person signs in to the machine, and says whether it
// will: by the desktop's own way on each system, and on Linux also as a unit of systemd's. It writes the
// few files or values that this takes and knows nothing of what the program does.
package autostart

import (
	"errors"
	"os"
)

// Way is by what the program is started.
type Way string

const (
	None    Way = "none"
	Desktop Way = "desktop" // the tray, with the desktop session
	Unit    Way = "unit"    // aztray serve, by systemd
)

// Status is how it stands. It is what `autostart status -o json` prints.
type Status struct {
	Enabled bool   `json:"enabled"`
	Way     Way    `json:"way"`
	Place   string `json:"place"`   // the file or registry value that says so; "" where there is none
	Program string `json:"program"` // what is started; "" where nothing is
	Reason  string `json:"reason"`  // why it will not start although it was set up; "" elsewhere
}

// Place is where this person's settings for the start are.
type Place struct {
	Program   string                      // to be started, absolute
	LookupEnv func(string) (string, bool) // as os.LookupEnv
	Systemd   func() bool                 // whether systemd runs here; nil means to look
}

// ErrNoSystemd says that there is no systemd to start a unit.
var ErrNoSystemd = errors.New("there is no systemd here")

// Here is the place of the running program.
func Here() (Place, error) {
	program, err := os.Executable()
	return Place{Program: program, LookupEnv: os.LookupEnv}, err
}

// started is the status of a program that is set up to be started by way.
func started(way Way, place, program string) Status {
	s := Status{Enabled: true, Way: way, Place: place, Program: program}
	if _, err := os.Stat(program); err != nil {
		s.Enabled, s.Reason = false, "the program is no longer there"
	}
	return s
}
