package autostart

import (
	"errors"
	"strings"

	"golang.org/x/sys/windows/registry"
)

const (
	runKey      = `Software\Microsoft\Windows\CurrentVersion\Run`
	approvedKey = `Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run` // where Task Manager keeps what was switched off
	valueName   = "aztray"
)

// Enable has the tray start at the next sign-in to Windows. There is no systemd to serve by.
func (p Place) Enable(serve bool) (Status, error) {
	if serve {
		return Status{}, ErrNoSystemd
	}
	key, _, err := registry.CreateKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return Status{}, err
	}
	defer key.Close()
	if err := key.SetStringValue(valueName, runValue(p.Program)); err != nil {
		return Status{}, err
	}
	if err := drop(approvedKey); err != nil { // what was switched off before is on again
		return Status{}, err
	}
	return p.Status()
}

// Disable has it start no more.
func (p Place) Disable() (Status, error) {
	if err := errors.Join(drop(runKey), drop(approvedKey)); err != nil {
		return Status{}, err
	}
	return p.Status()
}

// Status says what will start.
func (p Place) Status() (Status, error) {
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return Status{Way: None}, nil
	}
	if err != nil {
		return Status{}, err
	}
	defer key.Close()
	command, _, err := key.GetStringValue(valueName)
	if errors.Is(err, registry.ErrNotExist) {
		return Status{Way: None}, nil
	}
	if err != nil {
		return Status{}, err
	}
	s := started(Desktop, `HKCU\`+runKey+`\`+valueName, strings.Trim(command, `"`))
	if !approved(choice()) {
		s.Enabled, s.Reason = false, "it is switched off in Task Manager"
	}
	return s, nil
}

// choice is what Task Manager keeps; nil where the person never chose.
func choice() []byte {
	key, err := registry.OpenKey(registry.CURRENT_USER, approvedKey, registry.QUERY_VALUE)
	if err != nil {
		return nil
	}
	defer key.Close()
	value, _, err := key.GetBinaryValue(valueName)
	if err != nil {
		return nil
	}
	return value
}

func drop(name string) error {
	key, err := registry.OpenKey(registry.CURRENT_USER, name, registry.SET_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer key.Close()
	if err := key.DeleteValue(valueName); err != nil && !errors.Is(err, registry.ErrNotExist) {
		return err
	}
	return nil
}
