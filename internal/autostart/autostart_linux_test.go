package autostart

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// place is a person's, with a program that is there.
func place(t *testing.T, systemd bool) Place {
	dir := t.TempDir()
	program := filepath.Join(dir, "a program")
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir) // no systemctl: nothing of this machine's is told
	return Place{Program: program, Systemd: func() bool { return systemd },
		LookupEnv: func(name string) (string, bool) { return filepath.Join(dir, "config"), name == "XDG_CONFIG_HOME" }}
}

func want(t *testing.T, what string, s Status, err error, way Way, enabled bool, reason string) {
	t.Helper()
	if err != nil || s.Way != way || s.Enabled != enabled || !strings.Contains(s.Reason, reason) || (reason == "") != (s.Reason == "") {
		t.Errorf("%s: %+v, %v; want %s, %v, %q", what, s, err, way, enabled, reason)
	}
}

// The life of a start: set up, switched off in the desktop's settings, exchanged for a unit, taken away.
func TestTheStart(t *testing.T) {
	p := place(t, true)
	s, err := p.Status()
	want(t, "at first", s, err, None, false, "")
	s, err = p.Disable()
	want(t, "nothing to take away", s, err, None, false, "")
	s, err = p.Enable(false)
	want(t, "with the desktop", s, err, Desktop, true, "")
	if s.Program != p.Program || s.Place != p.entryFile() {
		t.Errorf("%+v", s)
	}

	b, err := os.ReadFile(p.entryFile())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.entryFile(), append(b, "Hidden=true\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err = p.Status()
	want(t, "switched off by hand", s, err, Desktop, false, "switched off")
	s, err = p.Enable(false)
	want(t, "switched on again", s, err, Desktop, true, "")

	s, err = p.Enable(true)
	want(t, "a unit in its place", s, err, Unit, true, "")
	if _, err := os.Stat(p.entryFile()); err == nil {
		t.Error("both would start")
	}
	if to, err := filepath.EvalSymlinks(p.wanted()); err != nil || to != p.unitFile() {
		t.Errorf("systemd would start %s, %v", to, err)
	}
	if err := os.Remove(p.wanted()); err != nil {
		t.Fatal(err)
	}
	s, err = p.Status()
	want(t, "the unit was disabled by hand", s, err, Unit, false, "not enabled")

	if err := os.Remove(p.Program); err != nil {
		t.Fatal(err)
	}
	s, err = p.Enable(false)
	want(t, "the program is gone", s, err, Desktop, false, "no longer there")
	if _, err := os.Stat(p.unitFile()); err == nil {
		t.Error("both would start")
	}
	s, err = p.Disable()
	want(t, "taken away", s, err, None, false, "")
}

func TestNoSystemd(t *testing.T) {
	p := place(t, false)
	if _, err := p.Enable(true); !errors.Is(err, ErrNoSystemd) {
		t.Errorf("%v", err)
	}
	if s, err := p.Status(); err != nil || s.Way != None {
		t.Errorf("something was left: %+v, %v", s, err)
	}
}
