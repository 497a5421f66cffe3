package autostart

import (
	"encoding/xml"
	"strings"
	"testing"
)

// Each kind of file names the program so that it is read back as it was, whatever is in its path.
func TestProgramsAreReadBack(t *testing.T) {
	for _, program := range []string{"/usr/bin/aztray", "/home/ada/my programs/aztray", `/opt/a"b/$x/100%/c\d/aztray`, "/opt/<a>&b/aztray"} {
		keys := entryKeys(desktopEntry(program))
		if got := desktopProgram(keys["Exec"]); got != program {
			t.Errorf("desktop entry: %q is read back as %q from %s", program, got, keys["Exec"])
		}
		if got := unitProgram(unit(program)); got != program {
			t.Errorf("unit: %q is read back as %q", program, got)
		}
		if got := launchProgram(launchAgent(program)); got != program {
			t.Errorf("launch agent: %q is read back as %q", program, got)
		}
		if err := xml.Unmarshal(launchAgent(program), new(struct{})); err != nil {
			t.Errorf("launch agent for %q: %v", program, err)
		}
	}
}

func TestDesktopEntry(t *testing.T) {
	entry := string(desktopEntry("/opt/my programs/aztray"))
	for _, line := range []string{"[Desktop Entry]", "Type=Application", "Name=aztray", `Exec="/opt/my programs/aztray"`, "TryExec=/opt/my programs/aztray",
		"Terminal=false", "X-GNOME-Autostart-enabled=true", "X-KDE-autostart-after=panel"} {
		if !strings.Contains(entry, line+"\n") {
			t.Errorf("no line %q in\n%s", line, entry)
		}
	}
	if strings.Contains(entry, "Actions") || strings.Count(entry, "[") != 1 {
		t.Errorf("what is no part of a start:\n%s", entry)
	}
}

func TestUnit(t *testing.T) {
	for program, want := range map[string]string{
		"/usr/bin/aztray": "ExecStart=/usr/bin/aztray serve\n",
		"/opt/a b/aztray": "ExecStart=\"/opt/a b/aztray\" serve\n",
		"/opt/5%/aztray":  "ExecStart=/opt/5%%/aztray serve\n",
	} {
		if got := string(unit(program)); !strings.Contains(got, want) || !strings.Contains(got, "WantedBy=default.target") {
			t.Errorf("%s: no %q in\n%s", program, want, got)
		}
	}
}

func TestWhatTaskManagerKeeps(t *testing.T) {
	for _, c := range []struct {
		name  string
		value []byte
		want  bool
	}{{"nothing", nil, true}, {"on", []byte{2, 0, 0}, true}, {"on again", []byte{6, 0, 0}, true}, {"off", []byte{3, 0, 0}, false}} {
		if got := approved(c.value); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := runValue(`C:\Program Files\aztray.exe`); got != `"C:\Program Files\aztray.exe"` {
		t.Errorf("the Run key gets %s", got)
	}
}
