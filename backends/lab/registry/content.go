package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"sync"
)

// blob is the content of a digest, wherever it comes from.
type blob interface {
	size() int64
	// open reads the content from an offset on.
	open(from int64) io.Reader
}

// stored is content that somebody sent.
type stored []byte

func (s stored) size() int64               { return int64(len(s)) }
func (s stored) open(from int64) io.Reader { return bytes.NewReader(s[from:]) }

// generated is content that is computed when it is read: so many bytes of noise,
// which no compression makes smaller, as those of a real layer.
type generated struct {
	seed   uint64
	length int64
}

func (g generated) size() int64               { return g.length }
func (g generated) open(from int64) io.Reader { return &noise{g, from} }

type noise struct {
	generated
	at int64
}

func (n *noise) Read(p []byte) (int, error) {
	if n.at >= n.length {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), n.length-n.at)]
	done := 0
	for n.at%8 == 0 && len(p)-done >= 8 { // whole words, which is nearly all
		binary.LittleEndian.PutUint64(p[done:], mix(n.seed, uint64(n.at/8)))
		done += 8
		n.at += 8
	}
	for done < len(p) {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], mix(n.seed, uint64(n.at/8)))
		c := copy(p[done:], word[n.at%8:])
		done += c
		n.at += int64(c)
	}
	return done, nil
}

// mix is SplitMix64's finisher, one 64-bit word of noise.
func mix(a, b uint64) uint64 {
	x := a ^ (b+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func digestOf(b []byte) string {
	h := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(h[:])
}

// seedOf makes a seed of words.
func seedOf(words string) uint64 {
	h := sha256.Sum256([]byte(words))
	return binary.LittleEndian.Uint64(h[:])
}

// Library is the content that several registries share: what one of them has in
// memory need not be there twice. It may be used from any goroutine.
type Library struct {
	mu    sync.Mutex
	blobs map[string]blob // by digest
}

// NewLibrary returns an empty library.
func NewLibrary() *Library { return &Library{blobs: map[string]blob{}} }

func (l *Library) add(digest string, b blob) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.blobs[digest] == nil {
		l.blobs[digest] = b
	}
}

func (l *Library) find(digest string) blob {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.blobs[digest]
}

// Layer is a layer made of noise. Layers of one name and size are one blob.
type Layer struct {
	Name string
	Size int64
}

// layer adds a layer's content and returns its digest.
func (l *Library) layer(y Layer) string {
	g := generated{seedOf("layer " + y.Name), y.Size}
	digest, known := digests[y]
	if !known {
		digest = g.digest()
	}
	l.add(digest, g)
	return digest
}

// DigestOf computes a layer's digest. Build looks it up where it is known.
func DigestOf(y Layer) string { return generated{seedOf("layer " + y.Name), y.Size}.digest() }

// Known is the digests that Build need not compute.
func Known() map[Layer]string { return digests }

// digest reads the whole content.
func (g generated) digest() string {
	h := sha256.New()
	_, _ = io.Copy(h, g.open(0)) // neither side fails
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
