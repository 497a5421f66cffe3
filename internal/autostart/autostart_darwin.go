package autostart

import (
	"os"
	"path/filepath"
)

func (p Place) file() string {
	home, _ := p.LookupEnv("HOME")
	return filepath.Join(home, "Library", "LaunchAgents", label+".plist")
}

// Enable has the tray start at the next login. There is no systemd to serve by.
func (p Place) Enable(serve bool) (Status, error) {
	if serve {
		return Status{}, ErrNoSystemd
	}
	if err := write(p.file(), launchAgent(p.Program)); err != nil {
		return Status{}, err
	}
	return p.Status()
}

// Disable has it start no more.
func (p Place) Disable() (Status, error) {
	if err := remove(p.file()); err != nil {
		return Status{}, err
	}
	return p.Status()
}

// Status says what will start.
func (p Place) Status() (Status, error) {
	b, err := os.ReadFile(p.file())
	if os.IsNotExist(err) {
		return Status{Way: None}, nil
	}
	if err != nil {
		return Status{}, err
	}
	return started(Desktop, p.file(), launchProgram(b)), nil
}
