package autostart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"aztray/assets"
)

// desktopEntry is the program's own entry, as the desktop starts it with the session: a moment after the
// panel, which has to be there before an icon.
// https://specifications.freedesktop.org/autostart-spec/latest
func desktopEntry(program string) []byte {
	main, _, _ := strings.Cut(string(assets.DesktopEntry), "\nActions=")
	b := &bytes.Buffer{}
	for line := range strings.Lines(main + "\n") {
		switch name, _, _ := strings.Cut(line, "="); name {
		case "Exec":
			line = "Exec=" + desktopQuote(program) + "\n"
		case "TryExec":
			line = "TryExec=" + strings.ReplaceAll(program, `\`, `\\`) + "\n"
		}
		b.WriteString(line)
	}
	b.WriteString("X-GNOME-Autostart-enabled=true\nX-GNOME-Autostart-Delay=5\nX-KDE-autostart-after=panel\n")
	return b.Bytes()
}

// desktopQuote quotes an argument for Exec, twice: once for the command line, once for the file.
// https://specifications.freedesktop.org/desktop-entry-spec/latest/exec-variables.html
func desktopQuote(s string) string {
	if !strings.ContainsAny(s, " \t\n\"'\\><~|&;$*?#()`%") {
		return s
	}
	argument := strings.NewReplacer(`"`, `\"`, "`", "\\`", `$`, `\$`, `\`, `\\`, `%`, `%%`).Replace(s)
	return `"` + strings.ReplaceAll(argument, `\`, `\\`) + `"`
}

// desktopProgram reads back what desktopQuote wrote, or a bare name.
func desktopProgram(exec string) string {
	if !strings.HasPrefix(exec, `"`) {
		program, _, _ := strings.Cut(exec, " ")
		return program
	}
	argument := strings.ReplaceAll(strings.TrimSuffix(exec[1:], `"`), `\\`, `\`)
	return strings.NewReplacer(`\"`, `"`, "\\`", "`", `\$`, `$`, `\\`, `\`, `%%`, `%`).Replace(argument)
}

// entryKeys are the keys of the entry's main section.
func entryKeys(entry []byte) map[string]string {
	keys := map[string]string{}
	section := ""
	for line := range strings.Lines(string(entry)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = line
		} else if name, value, ok := strings.Cut(line, "="); ok && section == "[Desktop Entry]" {
			keys[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return keys
}

// unit is the systemd user unit.
func unit(program string) []byte {
	return bytes.Replace(assets.ServiceUnit, []byte("ExecStart=aztray "), []byte("ExecStart="+unitQuote(program)+" "), 1)
}

// unitQuote quotes an argument: systemd.syntax(7), systemd.service(5) "Command lines".
func unitQuote(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, `$`, `$$`).Replace(s)
	if strings.ContainsAny(s, " \t'\"\\;") {
		return `"` + s + `"`
	}
	return s
}

// unitProgram reads back what unit wrote.
func unitProgram(file []byte) string {
	for line := range strings.Lines(string(file)) {
		exec, ok := strings.CutPrefix(strings.TrimSpace(line), "ExecStart=")
		if !ok {
			continue
		}
		if program, isOurs := strings.CutSuffix(exec, " serve"); isOurs {
			program = strings.TrimSuffix(strings.TrimPrefix(program, `"`), `"`)
			return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `%%`, `%`, `$$`, `$`).Replace(program)
		}
	}
	return ""
}

// label names the agent to launchd.
const label = "aztray"

// launchAgent is what launchd starts at the person's login, in a session with a screen: launchd.plist(5).
func launchAgent(program string) []byte {
	name := &bytes.Buffer{}
	xml.EscapeText(name, []byte(program)) // a Buffer takes all
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>%s</string>
	<key>ProgramArguments</key>
	<array>
		<string>%s</string>
	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>LimitLoadToSessionType</key>
	<string>Aqua</string>
	<key>ProcessType</key>
	<string>Interactive</string>
</dict>
</plist>
`, label, name)
}

// launchProgram reads back what launchAgent wrote.
func launchProgram(plist []byte) string {
	_, rest, _ := strings.Cut(string(plist), "<array>")
	_, rest, _ = strings.Cut(rest, "<string>")
	escaped, _, ok := strings.Cut(rest, "</string>")
	var program string
	if !ok || xml.Unmarshal([]byte("<p>"+escaped+"</p>"), &program) != nil {
		return ""
	}
	return program
}

// runValue is the command in Windows' Run key.
func runValue(program string) string { return `"` + program + `"` }

// approved reads what Task Manager keeps of a person's choice: an odd first byte is off.
func approved(value []byte) bool { return len(value) == 0 || value[0]&1 == 0 }
