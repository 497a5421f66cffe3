package browser

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"aztray/internal/bounded"
)

// opener is the program that the person chose for addresses, which az opens its sign-in with too, else the
// desktop's.
func opener(argument string) (name string, args []string) {
	if browser := chosen(); browser != "" {
		return browser, []string{argument}
	}
	return "xdg-open", []string{argument}
}

func chosen() string {
	browser, _, _ := strings.Cut(os.Getenv("BROWSER"), ":")
	if strings.Contains(browser, "%") {
		return ""
	}
	return browser
}

const askLimit = 3 * time.Second

// confined is where a browser reads that comes as a snap, as Ubuntu's does: it has no access to the runtime
// directory, and to its own data in the person's home (https://snapcraft.io/docs/data-locations). "": the default
// browser is no snap. A Flatpak needs none: its .desktop file has the file passed in by the document portal
// (https://docs.flatpak.org/en/latest/flatpak-command-reference.html, --file-forwarding).
func confined() string {
	if chosen() != "" {
		return ""
	}
	ctx, stop := context.WithTimeout(context.Background(), askLimit)
	defer stop()
	cmd := exec.CommandContext(ctx, "xdg-settings", "get", "default-web-browser")
	cmd.WaitDelay = time.Second
	name := &bounded.Head{Max: 1 << 10}
	cmd.Stdout = name
	if err := cmd.Run(); err != nil {
		return ""
	}
	home, _ := os.UserHomeDir()
	return snapData(home, strings.TrimSpace(name.String()))
}

// snapDesktop is how snapd names what starts an app of a snap: firefox_firefox.desktop.
var snapDesktop = regexp.MustCompile(`^([a-z0-9][a-z0-9-]{0,39})_[A-Za-z0-9-]+\.desktop$`)

// snapData is the directory of a snap's data, where it is the person's; "" where the .desktop file is no snap's.
func snapData(home, desktop string) string {
	m := snapDesktop.FindStringSubmatch(desktop)
	if m == nil || home == "" {
		return ""
	}
	dir := filepath.Join(home, "snap", m[1], "common")
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return ""
	}
	return dir
}
