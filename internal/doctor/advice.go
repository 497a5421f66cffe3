package doctor

import (
	"slices"
	"strings"

	"aztray/internal/shell"
)

// programs begin the commands that advice names.
var programs = append([]string{"aztray", "az", "docker", "sudo", "chmod", "chown", "timedatectl", "systemctl", "ssh", "mv", "gsettings", "kubectl"}, shell.Words...)

// commandIn is the command in an advice, as somebody may paste it; "" where there is none. Advice gives
// one after a colon, and what follows it in brackets or after a semicolon is no part of it.
func commandIn(advice string) string {
	for rest := advice; ; {
		_, after, found := strings.Cut(rest, ": ")
		if !found {
			return ""
		}
		rest = after
		first, _, _ := strings.Cut(after, " ")
		if !slices.Contains(programs, first) {
			continue
		}
		for _, end := range []string{" (", "; ", ", or ", ", then", ", and"} {
			after, _, _ = strings.Cut(after, end)
		}
		return strings.TrimSuffix(after, ".")
	}
}
