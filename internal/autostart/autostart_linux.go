package autostart

import (
	"os"
	"os/exec"
	"path/filepath"
)

func (p Place) config() string {
	if dir, _ := p.LookupEnv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	home, _ := p.LookupEnv("HOME")
	return filepath.Join(home, ".config")
}

func (p Place) entryFile() string { return filepath.Join(p.config(), "autostart", "aztray.desktop") }
func (p Place) unitFile() string {
	return filepath.Join(p.config(), "systemd", "user", "aztray.service")
}

// wanted is the link by which systemd knows that the unit is enabled, as systemctl enable makes it.
func (p Place) wanted() string {
	return filepath.Join(p.config(), "systemd", "user", "default.target.wants", "aztray.service")
}

// Enable has the tray start with the desktop or, with serve, aztray serve by systemd; never both.
func (p Place) Enable(serve bool) (Status, error) {
	if !serve {
		if err := write(p.entryFile(), desktopEntry(p.Program)); err != nil {
			return Status{}, err
		}
		return p.then(p.dropUnit())
	}
	if !p.systemd() {
		return Status{}, ErrNoSystemd
	}
	err := write(p.unitFile(), unit(p.Program))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(p.wanted()), 0o755)
	}
	if err == nil {
		err = remove(p.wanted())
	}
	if err == nil {
		err = os.Symlink("../aztray.service", p.wanted())
	}
	if err == nil {
		err = remove(p.entryFile())
	}
	p.tell()
	return p.then(err)
}

// Disable has neither start.
func (p Place) Disable() (Status, error) {
	err := remove(p.entryFile())
	if err == nil {
		err = p.dropUnit()
	}
	return p.then(err)
}

func (p Place) dropUnit() error {
	if err := remove(p.wanted()); err != nil {
		return err
	}
	if err := remove(p.unitFile()); err != nil {
		return err
	}
	p.tell()
	return nil
}

func (p Place) then(err error) (Status, error) {
	if err != nil {
		return Status{}, err
	}
	return p.Status()
}

// Status says what will start.
func (p Place) Status() (Status, error) {
	if b, err := os.ReadFile(p.entryFile()); err == nil {
		keys := entryKeys(b)
		s := started(Desktop, p.entryFile(), desktopProgram(keys["Exec"]))
		if why := switchedOff(keys); why != "" {
			s.Enabled, s.Reason = false, why
		}
		return s, nil
	} else if !os.IsNotExist(err) {
		return Status{}, err
	}
	if b, err := os.ReadFile(p.unitFile()); err == nil {
		s := started(Unit, p.unitFile(), unitProgram(b))
		if _, err := os.Lstat(p.wanted()); err != nil {
			s.Enabled, s.Reason = false, "the unit is there and not enabled"
		}
		return s, nil
	} else if !os.IsNotExist(err) {
		return Status{}, err
	}
	return Status{Way: None}, nil
}

func (p Place) systemd() bool {
	if p.Systemd != nil {
		return p.Systemd()
	}
	_, err := os.Stat("/run/systemd/system") // sd_booted(3)
	return err == nil
}

// tell has systemd read its units anew. Where it does not answer it will have read them at the next login.
func (p Place) tell() {
	if p.systemd() {
		_ = exec.Command("systemctl", "--user", "daemon-reload").Run()
	}
}

// switchedOff says why an entry that is there does not start; desktops write that when a person switches
// it off in their settings.
func switchedOff(keys map[string]string) string {
	if keys["Hidden"] == "true" || keys["X-GNOME-Autostart-enabled"] == "false" {
		return "it is switched off in the desktop's settings"
	}
	return ""
}
