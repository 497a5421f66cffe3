package cli

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"aztray/internal/auth"
)

// noBrowser says why no browser can be opened here, nil where one can. A sign-in by a code on another
// device is offered and never taken by itself: it is what phishers ask people for, and many
// organisations forbid it.
func noBrowser(getenv func(string) string, system string) *auth.Problem {
	if getenv("BROWSER") != "" {
		return nil
	}
	why := ""
	switch {
	case getenv("SSH_CONNECTION") != "":
		why = "A browser cannot be opened over SSH."
	case system == "linux" && cmp.Or(getenv("DISPLAY"), getenv("WAYLAND_DISPLAY"), getenv("WSL_DISTRO_NAME"), getenv("WSL_INTEROP")) == "":
		why = "There is no display here to open a browser on."
	default:
		return nil
	}
	return &auth.Problem{Code: "NO_BROWSER", Kind: auth.SignInRequired, Message: why,
		Advice: "Sign in with a code on another device, if your organisation allows that: aztray service auth-renew --device-code"}
}

// deviceCode finds what a person needs in az's line: "To sign in, use a web browser to open the page
// https://login.microsoft.com/device and enter the code ABC123DEF to authenticate."
var deviceCode = regexp.MustCompile(`(https://\S+) and enter the code ([A-Z0-9-]{6,})`)

// codeText is az's line set so that the code can be read from across a desk; false for any other line.
func codeText(line string, term Terminal) (string, bool) {
	m := deviceCode.FindStringSubmatch(line)
	if m == nil {
		return "", false
	}
	if !term.Is {
		return fmt.Sprintf("On any device, open %s and enter the code: %s", m[1], m[2]), true
	}
	rule := strings.Repeat("─", len(m[2])+6)
	return fmt.Sprintf("\nOn any device, open %s and enter this code:\n\n    ┌%s┐\n    │   %s   │\n    └%s┘\n", term.paint(bold, m[1]), rule, term.paint(bold, m[2]), rule), true
}
