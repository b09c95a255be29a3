package swift

import (
	"fmt"
	"strconv"
	"strings"
)

// size is a size in binary units with at most three digits: 12.3T, 846G, 4K.
func size(n int64) string {
	const units = "BKMGTPE"
	f, u := float64(n), 0
	for f >= 999.5 && u < len(units)-1 {
		f, u = f/1024, u+1
	}
	if u > 0 && f < 99.95 {
		return fmt.Sprintf("%.1f%c", f, units[u])
	}
	return fmt.Sprintf("%.0f%c", f, units[u])
}

// percent is a part of 0 to 1 in at most five columns: 96%, 3.1%.
func percent(part float64) string {
	if part < 0.095 {
		return fmt.Sprintf("%.1f%%", 100*part)
	}
	return fmt.Sprintf("%.0f%%", 100*part)
}

// number is a number without needless digits: 100, 2.5.
func number(f float64) string {
	text := strconv.FormatFloat(f, 'f', 2, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

// span is a figure that is known, or one between two bounds: "412", "412-3000".
func span(least, most int) string {
	if least == most {
		return strconv.Itoa(least)
	}
	return fmt.Sprintf("%d-%d", least, most)
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if one == "proxy" {
		return fmt.Sprint(n, " proxies")
	}
	return fmt.Sprint(n, " ", one, "s")
}

// few names at most so many, and says how many more there are; several does the same
// with commas, for what has words of its own.
func few(names []string, most int) string     { return some(names, most, " ") }
func several(names []string, most int) string { return some(names, most, ", ") }

func some(names []string, most int, between string) string {
	if len(names) <= most {
		return strings.Join(names, between)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], between), len(names)-most)
}
