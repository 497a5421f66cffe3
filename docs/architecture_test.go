package docs

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rooms reads the drawing of architecture.md, as the line of each room counted from the top, and the rooms that its
// table describes.
func rooms(t *testing.T) (line map[string]int, described []string) {
	t.Helper()
	text, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```\n")
	drawing, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("architecture.md has no drawing")
	}
	line = map[string]int{}
	for i, l := range strings.Split(strings.TrimSpace(drawing), "\n") {
		names, _, _ := strings.Cut(l, "   ") // what it is follows
		for name := range strings.FieldsSeq(names) {
			line[name] = i
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		described = append(described, m[1])
	}
	return line, described
}

// TestArchitecture: the page's rooms are the program's packages, and no import goes up or aside.
func TestArchitecture(t *testing.T) {
	line, described := rooms(t)
	const list = "{{.ImportPath}} {{join .Imports \" \"}}"
	out, err := exec.Command("go", "list", "-f", list, "aztray/cmd/...", "aztray/internal/...", "aztray/assets").Output()
	if err != nil {
		t.Fatal(err)
	}
	name := func(path string) string {
		return strings.TrimPrefix(strings.TrimPrefix(path, "aztray/"), "internal/")
	}
	var all []string
	for l := range strings.Lines(string(out)) {
		words := strings.Fields(l)
		room := name(words[0])
		all = append(all, room)
		if room == "signin/cases" { // is for tests alone
			continue
		}
		at, drawn := line[room]
		if !drawn {
			t.Errorf("the drawing lacks %s", room)
			continue
		}
		for _, imported := range words[1:] {
			if !strings.HasPrefix(imported, "aztray/") {
				continue
			}
			if below, ok := line[name(imported)]; ok && below <= at {
				t.Errorf("%s imports %s, which the drawing has not below it", room, name(imported))
			}
		}
	}
	for room := range line {
		if !slices.Contains(all, room) {
			t.Errorf("the drawing has %s, which is no package", room)
		}
	}
	for _, room := range all {
		if !slices.Contains(described, room) {
			t.Errorf("the table lacks %s", room)
		}
	}
	for _, room := range described {
		if !slices.Contains(all, room) {
			t.Errorf("the table has %s, which is no package", room)
		}
	}
}
