package ring

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Target names devices as people do:
//
//	10.0.0.17            all devices of a host; * stands for any characters
//	10.0.0.17:sdb        one of its devices, or those at a port: 10.0.0.17:6201
//	[fd00::17]:sdb       the same with an IPv6 address
//	zone=2  zone=r1z2    the devices of a zone, of one region's
//	region=1             the devices of a region
//	device=74            by id
type Target struct {
	text  string
	match func(*Device) bool
}

// String is what was written.
func (t Target) String() string { return t.text }

// Match reports whether a device is meant.
func (t Target) Match(d *Device) bool { return t.match(d) }

// ParseTarget reads what names devices.
func ParseTarget(text string) (Target, error) {
	t := Target{text: text}
	key, value, isKey := strings.Cut(text, "=")
	if !isKey {
		host, device, err := splitTarget(text)
		t.match = func(d *Device) bool {
			return likeHost(host, d.IP) && (device == "" || like(device, d.Name) || device == strconv.Itoa(d.Port))
		}
		return t, err
	}
	region := 0
	if key == "zone" && strings.HasPrefix(value, "r") {
		r, z, _ := strings.Cut(value[1:], "z")
		n, err := strconv.Atoi(r)
		if err != nil || n <= 0 {
			return t, fmt.Errorf("%q: a zone is a number, or as r1z2 that of a region", text)
		}
		region, value = n, z
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return t, fmt.Errorf("%q: %q is not a number", text, value)
	}
	switch key {
	case "zone":
		t.match = func(d *Device) bool { return d.Zone == n && (region == 0 || d.Region == region) }
	case "region":
		t.match = func(d *Device) bool { return d.Region == n }
	case "device":
		t.match = func(d *Device) bool { return d.ID == n }
	default:
		return t, fmt.Errorf("%q: what can be named is HOST, HOST:DEVICE, zone=N, zone=rNzN, region=N, device=ID", text)
	}
	return t, nil
}

// splitTarget cuts HOST:DEVICE. The colons of an IPv6 address belong to it, in
// brackets or not.
func splitTarget(text string) (host, device string, err error) {
	switch rest, bracket := strings.CutPrefix(text, "["); {
	case bracket:
		h, d, closed := strings.Cut(rest, "]")
		if !closed || d != "" && !strings.HasPrefix(d, ":") {
			err = fmt.Errorf("%q: an IPv6 address with a device is [ADDRESS]:DEVICE", text)
		}
		host, device = h, strings.TrimPrefix(d, ":")
	default:
		if _, e := netip.ParseAddr(text); e == nil {
			host = text
			break
		}
		at := strings.LastIndexByte(text, ':')
		if at < 0 {
			host = text
			break
		}
		host, device = text[:at], text[at+1:]
		if device == "" {
			err = fmt.Errorf("%q: the device after the colon is missing", text)
		}
	}
	if host == "" && err == nil {
		err = errors.New("a target without a host")
	}
	return host, device, err
}

// likeHost compares addresses by what they mean, and patterns by their text.
func likeHost(pattern, ip string) bool {
	if strings.Contains(pattern, "*") {
		return like(strings.ToLower(pattern), canonical(ip))
	}
	return canonical(pattern) == canonical(ip)
}

// like matches a text in which * stands for any characters.
func like(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, p := range parts[1 : len(parts)-1] {
		at := strings.Index(text, p)
		if at < 0 {
			return false
		}
		text = text[at+len(p):]
	}
	return true
}

// Select is the set of the devices that any of the targets names.
func (r *Ring) Select(targets []Target) Off {
	off := r.NewOff()
	for id, d := range r.spec.Devices {
		for _, t := range targets {
			if d != nil && t.Match(d) {
				off.Add(id)
			}
		}
	}
	return off
}
