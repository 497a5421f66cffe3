package notify

import "strings"

// harmless makes a text safe for the way of last resort below beeep: PowerShell, which expands $ and
// ` in it, with the text in a CDATA section.
func harmless(s string) string { return powershell.Replace(s) }

var powershell = strings.NewReplacer("$", "", "`", "'", `"`, "'", "]]>", "", "\r", " ", "\n", " ")
