package lab

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// hash derives 32 bytes from the lab's seed, the engine and the parts: every
// identity and every whim of the lab comes from here, so a seed repeats a fleet.
func (e *Engine) hash(parts ...string) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s", e.lab.opts.Seed, e.opts.Name, strings.Join(parts, "\x00")))
}

func (e *Engine) hexID(parts ...string) string {
	h := e.hash(parts...)
	return hex.EncodeToString(h[:])
}

// digestOf is an identity that is the same on every engine, as a registry's is.
func digestOf(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return "sha256:" + hex.EncodeToString(h[:])
}

func uuidOf(h [32]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

func base36(n int) string { return strconv.FormatInt(int64(n), 36) }

// mix is a fast hash of two numbers (SplitMix64's finisher), for whims that are
// computed thousands of times per read.
func mix(a, b uint64) uint64 {
	x := a ^ (b+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit makes a number in [0, 1) of a hash.
func unit(h uint64) float64 { return float64(h>>11) / (1 << 53) }

// seedOf is a container's own seed for mix.
func seedOf(h [32]byte) uint64 { return binary.LittleEndian.Uint64(h[:]) }

// minor is the minor number of an API version: 41 for "1.41". What is no
// version is the newest of all.
func minor(api string) int {
	_, m, ok := strings.Cut(api, ".")
	n, err := strconv.Atoi(m)
	if !ok || err != nil {
		return math.MaxInt
	}
	return n
}
