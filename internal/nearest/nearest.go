// Package nearest finds the name that somebody likely meant. It knows nothing of what the names are of.
package nearest

import (
	"cmp"
	"slices"
	"strings"
)

// To is the name with the fewest letters to change, in whatever letter case, and how many those are.
// names must not be empty.
func To(want string, names []string) (string, int) {
	want = strings.ToLower(want)
	best := slices.MinFunc(names, func(a, b string) int {
		return cmp.Compare(distance(want, strings.ToLower(a)), distance(want, strings.ToLower(b)))
	})
	return best, distance(want, strings.ToLower(best))
}

// distance is Levenshtein's: letters to insert, delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
