package fleet

import (
	"fmt"
	"iter"
	"strings"
)

// didYouMean returns ` (did you mean "address"?)`, or "" when no known word is
// close to the one that was written.
func didYouMean(word string, known iter.Seq[string]) string {
	if s := nearest(word, known); s != "" {
		return fmt.Sprintf(" (did you mean %q?)", s)
	}
	return ""
}

// nearest returns the known word within one edit in three characters of word.
func nearest(word string, known iter.Seq[string]) string {
	if len(word) > 64 {
		return ""
	}
	w := []rune(strings.ToLower(word))
	best, limit := "", max(1, len(w)/3)
	for k := range known {
		r := []rune(strings.ToLower(k))
		if len(r) > len(w)+limit || len(w) > len(r)+limit {
			continue
		}
		d := edits(w, r)
		if d < limit || d == limit && (best == "" || k < best) {
			best, limit = k, d
		}
	}
	return best
}

// edits counts the insertions, deletions, replacements and swaps of neighbours
// that turn a into b (optimal string alignment).
func edits(a, b []rune) int {
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
