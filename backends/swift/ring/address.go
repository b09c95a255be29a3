package ring

import (
	"cmp"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// canonical is the one spelling of an address; host names become lower case.
func canonical(ip string) string {
	if a, err := netip.ParseAddr(ip); err == nil {
		return a.String()
	}
	return strings.ToLower(ip)
}

// compareIP orders addresses, with or without a port, by their numbers; names come
// after them, by text.
func compareIP(a, b string) int {
	hostA, portA := splitPort(a)
	hostB, portB := splitPort(b)
	x, errX := netip.ParseAddr(hostA)
	y, errY := netip.ParseAddr(hostB)
	switch {
	case errX == nil && errY == nil:
		return cmp.Or(x.Compare(y), portA-portB)
	case errX == nil:
		return -1
	case errY == nil:
		return 1
	}
	return cmp.Or(strings.Compare(hostA, hostB), portA-portB)
}

// splitPort cuts a port off an address; 0: there is none.
func splitPort(address string) (host string, port int) {
	h, p, err := net.SplitHostPort(address)
	n, errPort := strconv.Atoi(p)
	if err != nil || errPort != nil {
		return address, 0
	}
	return h, n
}
