package ring

import (
	"net/netip"
	"strings"
)

// canonical is the one spelling of an address; host names become lower case.
func canonical(ip string) string {
	if a, err := netip.ParseAddr(ip); err == nil {
		return a.String()
	}
	return strings.ToLower(ip)
}

// compareIP orders addresses by number and, after them, names by text.
func compareIP(a, b string) int {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	switch {
	case errX == nil && errY == nil:
		return x.Compare(y)
	case errX == nil:
		return -1
	case errY == nil:
		return 1
	}
	return strings.Compare(a, b)
}
