package cli

import (
	"io"
	"slices"
	"strings"
	"unicode"
)

// table is rows of cells in columns. On a terminal no line is wider than it is: the widest columns are
// cut in their middle; in a pipe every cell is whole.
type table struct {
	head   []string // none: no line above
	indent string
	rows   [][]cell
	prose  bool // the last column holds sentences, which are broken at blanks and never cut
}

type cell struct {
	text  string
	style style
	whole bool // is never cut: a number, a time, an id to be copied
}

// row adds cells without a style.
func (t *table) row(texts ...string) {
	cells := make([]cell, len(texts))
	for i, s := range texts {
		cells[i].text = s
	}
	t.rows = append(t.rows, cells)
}

func (t *table) add(cells ...cell) { t.rows = append(t.rows, cells) }

const (
	gap        = 2 // between columns
	narrowest  = 8 // a column is not cut to less
	noMoreCuts = -1
)

// write prints the table for that terminal.
func (t *table) write(w io.Writer, term Terminal) error {
	rows := t.rows
	if len(t.head) > 0 {
		head := make([]cell, len(t.head))
		for i, s := range t.head {
			head[i] = cell{text: s, style: bold}
		}
		rows = append([][]cell{head}, rows...)
	}
	widths := fit(measure(rows), fixed(t.rows), term.Width-len(t.indent))
	if n := len(widths); t.prose && term.Width > 0 && n > 0 {
		widths = measure(rows)
		widths[n-1] = max(2*narrowest, term.Width-len(t.indent)-sum(widths[:n-1]))
	}
	b := &strings.Builder{}
	for _, row := range rows {
		for _, line := range t.broken(row, widths, term) {
			writeRow(b, t.indent, line, widths, term)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// broken is a row as one line, or as several where its last cell holds more than one line of prose.
func (t *table) broken(row []cell, widths []int, term Terminal) [][]cell {
	last := len(row) - 1
	if !t.prose || term.Width <= 0 || last < 0 {
		return [][]cell{row}
	}
	lines := [][]cell{row}
	for i, text := range strings.Split(Terminal{Width: widths[last]}.wrap(printable(row[last].text)), "\n") {
		if i == 0 {
			lines[0] = slices.Clone(row)
			lines[0][last].text = text
			continue
		}
		more := make([]cell, len(row))
		more[last] = cell{text: text, style: row[last].style, whole: true}
		lines = append(lines, more)
	}
	return lines
}

func writeRow(b *strings.Builder, indent string, row []cell, widths []int, term Terminal) {
	b.WriteString(indent)
	pad := 0 // is only written before a next cell, so that no line ends in blanks
	for i, c := range row {
		text := printable(c.text)
		if term.Width > 0 && !c.whole {
			text = cut(text, widths[i])
		}
		if text != "" {
			b.WriteString(strings.Repeat(" ", pad) + term.paint(c.style, text))
			pad = 0
		}
		pad += widths[i] - columns(text) + gap
	}
	b.WriteString("\n")
}

// sum is how wide columns are with the gaps after them.
func sum(widths []int) int {
	n := gap * len(widths)
	for _, w := range widths {
		n += w
	}
	return n
}

// wide is how wide the table would like to be.
func (t *table) wide() int {
	head := make([]cell, len(t.head))
	for i, s := range t.head {
		head[i].text = s
	}
	return len(t.indent) + sum(measure(append([][]cell{head}, t.rows...))) - gap
}

// printable takes out what would move the cursor: names come from elsewhere.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// measure is how wide each column would like to be.
func measure(rows [][]cell) []int {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(printable(c.text)))
		}
	}
	return widths
}

// fixed says which columns are never cut.
func fixed(rows [][]cell) map[int]bool {
	whole := map[int]bool{}
	for _, row := range rows {
		for i, c := range row {
			whole[i] = whole[i] || c.whole
		}
	}
	return whole
}

// fit takes from the widest columns, one place after the other, until all fit in total; total 0 or less
// means that there is no limit.
func fit(widths []int, whole map[int]bool, total int) []int {
	if total <= 0 {
		return widths
	}
	now := sum(widths) - gap
	for ; now > total; now-- {
		widest := noMoreCuts
		for i, w := range widths {
			if !whole[i] && w > narrowest && (widest == noMoreCuts || w > widths[widest]) {
				widest = i
			}
		}
		if widest == noMoreCuts {
			break
		}
		widths[widest]--
	}
	return widths
}
