package swift

import (
	"fmt"
	"time"
)

// diskState is what has become of a disk.
type diskState string

const (
	mounted   diskState = "mounted"
	unmounted diskState = "unmounted"
	broken    diskState = "broken" // I/O errors
	gone      diskState = "gone"   // not even its directory
)

// disk is one data disk of a node. What it holds is computed from the clock.
type disk struct {
	node *storageNode
	name string
	size int64 // bytes

	// Guarded by the cluster's mutex.
	state  diskState
	filled float64       // used part at the beginning of the story
	grow   time.Duration // time in which it goes from empty to full; 0: it does not grow
	fate   *fate         // what the story does with it, nil for nothing
	full   bool
}

// fate is a disk that fails and is replaced, again and again.
type fate struct {
	ails, dies, back, whole, every time.Duration // moments of one round
}

// diskNow is a disk at one moment.
type diskNow struct {
	state  diskState
	used   int64
	errors int
}

const diskSize = 8 << 40

func newDisk(n *storageNode, i int) *disk {
	d := &disk{node: n, name: fmt.Sprintf("d%d", i+1), size: diskSize, state: mounted}
	d.filled = 0.58 + 0.06*wave(n, uint64(100+i))
	d.grow = 2000 * 24 * time.Hour
	return d
}

// at computes the disk at a moment. The cluster's mutex is held.
func (d *disk) at(now time.Time) diskNow {
	s := diskNow{state: d.state}
	part := d.filled
	if d.grow > 0 {
		part += float64(now.Sub(d.node.cluster.began)) / float64(d.grow)
	}
	if f := d.fate; f != nil && d.state == mounted {
		t := d.node.cluster.age() % f.every
		switch {
		case t < f.ails:
		case t < f.dies:
			s.errors = int((t - f.ails) / (5 * time.Second))
		case t < f.back:
			s.state, s.errors = broken, int((t-f.ails)/(5*time.Second))
		case t < f.whole: // replaced: the others fill it again
			part *= float64(t-f.back) / float64(f.whole-f.back)
		}
	}
	if d.full {
		part = 1
	}
	s.used = int64(min(part, 1) * float64(d.size))
	return s
}
