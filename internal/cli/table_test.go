package cli

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	sample := func() *table {
		tb := &table{head: []string{"CONTAINER", "STATE", "PLACE"}}
		tb.row("codestory-ingestion-worker-of-a-long-name-1", "has the credential", "/home/service/.azure")
		tb.row("東京", "has none yet", "")
		return tb
	}
	for name, c := range map[string]struct {
		term Terminal
		want string
	}{
		"in a pipe all is whole, and no line ends in blanks": {Terminal{}, `
CONTAINER                                    STATE               PLACE
codestory-ingestion-worker-of-a-long-name-1  has the credential  /home/service/.azure
東京                                         has none yet
`},
		"80 columns": {Terminal{Is: true, Width: 80}, `
CONTAINER                               STATE               PLACE
codestory-ingestion…r-of-a-long-name-1  has the credential  /home/service/.azure
東京                                    has none yet
`},
		"48 columns": {Terminal{Is: true, Width: 48}, `
CONTAINER       STATE            PLACE
codesto…name-1  has the…dential  /home/s…/.azure
東京            has none yet
`},
	} {
		var b strings.Builder
		if err := sample().write(&b, c.term); err != nil {
			t.Fatal(err)
		}
		if b.String() != c.want[1:] {
			t.Errorf("%s:\n%s\nwant\n%s", name, b.String(), c.want[1:])
		}
		for line := range strings.Lines(b.String()) {
			if line = strings.TrimSuffix(line, "\n"); c.term.Width > 0 && columns(line) > c.term.Width {
				t.Errorf("%s: a line of %d columns:\n%s", name, columns(line), line)
			}
		}
	}
}

func TestTablePaints(t *testing.T) {
	tb := &table{head: []string{"A", "B"}}
	tb.add(cell{text: "good", style: green}, cell{text: "x\x1b[31m\ny"})
	var b strings.Builder
	if err := tb.write(&b, Terminal{Is: true, Width: 80, Colour: true}); err != nil {
		t.Fatal(err)
	}
	if want := "\x1b[1mA\x1b[0m     \x1b[1mB\x1b[0m\n\x1b[32mgood\x1b[0m  x[31my\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// An id that is there to be copied is never cut; the others give way.
func TestTableLeavesIdsWhole(t *testing.T) {
	tb := &table{}
	id := "c0000000-aaaa-4aaa-8aaa-000000000001"
	tb.add(cell{text: strings.Repeat("long ", 20)}, cell{text: id, whole: true})
	var b strings.Builder
	if err := tb.write(&b, Terminal{Is: true, Width: 80}); err != nil {
		t.Fatal(err)
	}
	if line := strings.TrimSuffix(b.String(), "\n"); columns(line) != 80 || !strings.HasSuffix(line, "  "+id) {
		t.Errorf("%d columns: %s", columns(line), line)
	}
}
