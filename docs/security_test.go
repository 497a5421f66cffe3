// Package docs holds the pages for users. Its tests compare the pages with what they speak of.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	testName     = regexp.MustCompile(`\bTest[A-Z]\w*`)
)

// TestEachAttackIsTried compares the table of attacks with the tests in the tree: a row without a test, or with one
// that is gone, claims what nobody tried.
func TestEachAttackIsTried(t *testing.T) {
	page, err := os.ReadFile("security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(page), "| attack | what stops it | tried by |\n| --- | --- | --- |\n")
	if !ok {
		t.Fatal("the page has no table of attacks")
	}
	known := testsInTheTree(t)
	for row := range strings.Lines(table) {
		if !strings.HasPrefix(row, "|") {
			break
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|")
		if len(cells) != 3 {
			t.Errorf("not three columns: %s", row)
			continue
		}
		names := testName.FindAllString(cells[2], -1)
		if len(names) == 0 {
			t.Errorf("no test tries this:%s", cells[0])
		}
		for _, name := range names {
			if !known[name] {
				t.Errorf("%s, which tries this, is not in the tree:%s", name, cells[0])
			}
		}
	}
}

// testsInTheTree returns the names of all test functions, those behind build tags too.
func testsInTheTree(t *testing.T) map[string]bool {
	known := map[string]bool{}
	for _, top := range []string{"../cmd", "../internal", "../test"} {
		err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, match := range testFunction.FindAllSubmatch(source, -1) {
				known[string(match[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return known
}
