package config

import (
	"os"
	"strings"
	"testing"
)

// The page for users names every setting, its default and its variables, and says which ones have
// no effect yet.
func TestDocsListEverySetting(t *testing.T) {
	page, err := os.ReadFile("../../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	main, later, ok := strings.Cut(string(page), "## Known, but without effect")
	if !ok {
		t.Fatal("the page does not say what has no effect")
	}
	for _, f := range fields {
		_, row, explained := strings.Cut(main, "\n| `"+f.key+"` | `")
		row, _, _ = strings.Cut(row, "\n")
		switch {
		case !explained && !strings.Contains(later, "`"+f.key+"`"):
			t.Errorf("%s is not explained", f.key)
		case !explained:
		case !strings.HasPrefix(row, Written(f.preset)+"`"):
			t.Errorf("%s: the default is %s and the page says `%s", f.key, Written(f.preset), row)
		case !strings.Contains(row, "`"+f.variable()+"`"):
			t.Errorf("%s: the page does not name %s", f.key, f.variable())
		}
		for _, name := range f.also {
			if !strings.Contains(main, "`"+name+"`") {
				t.Errorf("%s: the page does not name %s", f.key, name)
			}
		}
	}
}
