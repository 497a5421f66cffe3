package tray

import (
	"os"
	"strings"
)

// opener is the program that the person chose for addresses, which az opens its sign-in with too, else the
// desktop's.
func opener(url string) (name string, args []string) {
	if browser, _, _ := strings.Cut(os.Getenv("BROWSER"), ":"); browser != "" && !strings.Contains(browser, "%") {
		return browser, []string{url}
	}
	return "xdg-open", []string{url}
}
