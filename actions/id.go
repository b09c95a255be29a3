package actions

import (
	"crypto/rand"
	"time"
)

// NewID returns an ID for a run: 13 characters, of which the first nine are the
// time in milliseconds, so that IDs sort by time, and four are random. The alphabet
// is Crockford's base32, which no one misreads on the phone.
func NewID(at time.Time) string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	var id [13]byte
	ms := at.UnixMilli()
	for i := 8; i >= 0; i-- {
		id[i] = alphabet[ms&31]
		ms >>= 5
	}
	rand.Read(id[9:]) // never fails
	for i := 9; i < len(id); i++ {
		id[i] = alphabet[id[i]&31]
	}
	return string(id[:])
}
