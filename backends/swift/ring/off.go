package ring

import "math/bits"

// Off is a set of devices that are off, by id. The zero value is empty and takes
// no device: make one with NewOff.
type Off []uint64

// NewOff makes an empty set for the devices of a ring.
func (r *Ring) NewOff() Off { return make(Off, (len(r.spec.Devices)+63)/64) }

// Add adds a device; an id that the ring does not have is ignored.
func (o Off) Add(id int) {
	if id >= 0 && id>>6 < len(o) {
		o[id>>6] |= 1 << (id & 63)
	}
}

// Remove takes a device out.
func (o Off) Remove(id int) {
	if id >= 0 && id>>6 < len(o) {
		o[id>>6] &^= 1 << (id & 63)
	}
}

// Has reports whether a device is in the set.
func (o Off) Has(id int) bool {
	return id >= 0 && id>>6 < len(o) && o[id>>6]&(1<<(id&63)) != 0
}

// Merge adds all devices of another set of the same ring.
func (o Off) Merge(other Off) {
	for i := range min(len(o), len(other)) {
		o[i] |= other[i]
	}
}

// Len is the number of devices in the set.
func (o Off) Len() int {
	n := 0
	for _, w := range o {
		n += bits.OnesCount64(w)
	}
	return n
}
