package docker

import (
	"math"
	"net/url"
	"regexp"
	"strings"
)

// secretName matches variable names that hold secrets by convention. The words
// must stand alone or at an end of a part, so that MONKEY and AUTHOR do not match.
var secretName = regexp.MustCompile(`(?i)(^|[_\-.])(\w*passw(or)?d|passwd|passphrase|pwd|pass|\w*secrets?|\w*tokens?|api_?keys?|access_?keys?|private_?keys?|\w*[_\-.]key|key|credentials?|creds|auth|salt|dsn|cookie|bearer|jwt|pin|otp)($|[_\-.\d])`)

// harmlessName matches names that secretName takes for secrets but that only
// point to one or describe one.
var harmlessName = regexp.MustCompile(`(?i)([_\-.](file|path|dir|url|uri|host|port|type|method|enabled|ttl|expiry|expires|timeout|length|size|id|name|algorithm)$)|^(oldpwd|pwd)$`)

// pemBlock begins a private key in PEM form.
const pemBlock = "-----BEGIN "

// isSecret says whether an environment variable looks like a secret: by what
// NamedSecret goes by, or by a long value that is too random to be a word, a path
// or an address.
func isSecret(name, value string) bool {
	return NamedSecret(name, value) || value != "" && looksRandom(value)
}

// NamedSecret says whether a variable or a label looks like a secret by its name,
// by a URL with a password in it, or by a PEM block. Hashes, of which labels are
// full, are none.
func NamedSecret(name, value string) bool {
	switch {
	case value == "" || value == "true" || value == "false":
		return false
	case hasPassword(value), strings.Contains(value, pemBlock):
		return true
	}
	return secretName.MatchString(name) && !harmlessName.MatchString(name)
}

// hasPassword finds credentials in URLs, also in lists of URLs.
func hasPassword(value string) bool {
	for _, part := range strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' || r == ';' }) {
		if !strings.Contains(part, "://") {
			continue
		}
		u, err := url.Parse(part)
		if err != nil { // an unescaped sign in the password
			_, rest, _ := strings.Cut(part, "://")
			user, _, ok := strings.Cut(rest, "@")
			if ok && strings.Contains(user, ":") {
				return true
			}
			continue
		}
		if _, set := u.User.Password(); set {
			return true
		}
		for k := range u.Query() {
			if secretName.MatchString(k) {
				return true
			}
		}
	}
	return false
}

// looksRandom: at least 20 characters of a key's alphabet with letters and
// digits mixed, and 3.5 bits or more of entropy in each. Hexadecimal checksums
// and IDs (which are public more often than not) reach it too: better masked once
// too often than shown once too often.
func looksRandom(s string) bool {
	if len(s) < 20 || strings.Contains(s, "://") {
		return false
	}
	var count [128]int
	letters, digits := 0, 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			letters++
		case strings.IndexByte("+/=_-", c) >= 0:
		default:
			return false // spaces, dots, colons: text, versions, addresses, paths in lists
		}
		count[c]++
	}
	if letters < 4 || digits < 3 || strings.HasPrefix(s, "/") {
		return false
	}
	bits := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits >= 3.5
}
