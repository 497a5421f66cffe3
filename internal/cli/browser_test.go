package cli

import (
	"strings"
	"testing"
)

func TestNoBrowser(t *testing.T) {
	for _, c := range []struct {
		name, system string
		env          map[string]string
		want         string // of the message; "" where a browser can be opened
	}{
		{"a desktop", "linux", map[string]string{"DISPLAY": ":0"}, ""},
		{"a Wayland desktop", "linux", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, ""},
		{"no display", "linux", nil, "no display"},
		{"no display, and a browser of the person's own", "linux", map[string]string{"BROWSER": "/bin/b"}, ""},
		{"WSL opens Windows' browser", "linux", map[string]string{"WSL_DISTRO_NAME": "Debian"}, ""},
		{"SSH", "linux", map[string]string{"SSH_CONNECTION": "1", "DISPLAY": "localhost:10"}, "over SSH"},
		{"SSH to a Mac", "darwin", map[string]string{"SSH_CONNECTION": "1"}, "over SSH"},
		{"SSH, and a browser of the person's own", "darwin", map[string]string{"SSH_CONNECTION": "1", "BROWSER": "b"}, ""},
		{"a Mac", "darwin", nil, ""},
		{"Windows", "windows", nil, ""},
	} {
		p := noBrowser(func(name string) string { return c.env[name] }, c.system)
		if (p == nil) != (c.want == "") || p != nil && (!strings.Contains(p.Message, c.want) || !strings.Contains(p.Advice, "--device-code")) {
			t.Errorf("%s: %v, want %q", c.name, p, c.want)
		}
	}
}

func TestCodeText(t *testing.T) {
	const line = "To sign in, use a web browser to open the page https://login.microsoft.com/device and enter the code FK429QXTP to authenticate."
	if got, _ := codeText(line, Terminal{}); got != "On any device, open https://login.microsoft.com/device and enter the code: FK429QXTP" {
		t.Errorf("in a pipe: %s", got)
	}
	want := `
On any device, open https://login.microsoft.com/device and enter this code:

    ┌───────────────┐
    │   FK429QXTP   │
    └───────────────┘
`
	if got, _ := codeText(line, Terminal{Is: true, Width: 80}); got != want {
		t.Errorf("on a terminal: %s", got)
	}
	if got, ok := codeText("ERROR: something else", Terminal{Is: true}); ok {
		t.Errorf("another line: %s", got)
	}
}
