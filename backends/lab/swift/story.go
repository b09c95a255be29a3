package swift

import (
	"cmp"
	"slices"
	"time"
)

// story sets what is special about the cluster when it starts. Nodes are named by
// their place, so that a small cluster of a test has a part of it.
func (c *Cluster) story() {
	for _, n := range c.nodes {
		n.stale, n.missing, n.fails, n.stuck, n.rot = map[string]bool{}, map[string]bool{}, map[string]int{}, map[string]bool{}, map[string]int{}
		n.version = swiftVersion
		n.skew = time.Duration((wave(n, 1) - 0.5) * float64(8*time.Millisecond))
	}
	if c.opts.Calm {
		return
	}
	for _, n := range c.nodes {
		n.async = int(4 * wave(n, 2))
		if tell := tales[n.index+1]; tell != nil {
			tell(n)
		}
	}
}

// tales are by the number of the node.
var tales = map[int]func(*storageNode){
	5: func(n *storageNode) { n.disks[1].filled, n.disks[1].grow = 0.962, 80*24*time.Hour }, // three days from full
	9: func(n *storageNode) { n.strays = []string{"lost+found"} },
	23: func(n *storageNode) {
		n.disks[2].fate = &fate{ails: 20 * time.Second, dies: 75 * time.Second, back: 4 * time.Minute, whole: 8 * time.Minute, every: 11 * time.Minute}
	},
	31:  func(n *storageNode) { n.rot["0"] = 2 },
	42:  func(n *storageNode) { n.stale[gold] = true },
	64:  func(n *storageNode) { n.skew = 4 * time.Second },
	71:  func(n *storageNode) { n.late = 5 * time.Hour },
	77:  func(n *storageNode) { n.version = "2.31.1" },
	78:  func(n *storageNode) { n.version = "2.31.1" },
	89:  func(n *storageNode) { n.hang(true) },
	103: func(n *storageNode) { n.stale[gold] = true },
}

// Hang makes a node accept connections and never answer.
func (c *Cluster) Hang(node string, on bool) { c.must(node).hang(on) }

// Stop ends the servers of a node: its port refuses. Go starts them again.
func (c *Cluster) Stop(node string) { c.must(node).close() }

// Go starts a node that was stopped.
func (c *Cluster) Go(node string) error {
	n := c.must(node)
	if n.running() {
		return nil
	}
	if err := n.open(n.address); err != nil {
		return err
	}
	n.serve(n.handler())
	return nil
}

// change runs f with what faults change locked.
func (c *Cluster) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// Fail makes checks of a node answer with a status; 0 ends it.
func (c *Cluster) Fail(node, check string, status int) {
	n := c.must(node)
	c.change(func() { n.fails[check] = status })
}

// Stick makes one check of a node never answer, as with a dying disk.
func (c *Cluster) Stick(node, check string, on bool) {
	n := c.must(node)
	c.change(func() { n.stuck[check] = on })
}

// Unmount takes a disk away, leaving its directory; Mount brings it back.
func (c *Cluster) Unmount(node, disk string) { c.setDisk(node, disk, unmounted) }

// Remove takes a disk and its directory away.
func (c *Cluster) Remove(node, disk string) { c.setDisk(node, disk, gone) }

// Break gives a disk I/O errors.
func (c *Cluster) Break(node, disk string) { c.setDisk(node, disk, broken) }

// Mount brings a disk back as it was.
func (c *Cluster) Mount(node, disk string) { c.setDisk(node, disk, mounted) }

func (c *Cluster) setDisk(node, name string, s diskState) {
	d := c.must(node).disk(name)
	c.change(func() { d.state = s })
}

func (n *storageNode) disk(name string) *disk {
	i := slices.IndexFunc(n.disks, func(d *disk) bool { return d.name == name })
	return n.disks[i]
}

// Fill makes a disk full; Empty makes it as good as new.
func (c *Cluster) Fill(node, disk string, on bool) {
	d := c.must(node).disk(disk)
	c.change(func() { d.full = on })
}

// Empty puts a new disk in the place of one: it holds nothing and fills slowly.
func (c *Cluster) Empty(node, disk string) {
	d := c.must(node).disk(disk)
	c.change(func() { d.filled = 0 })
}

// Stray makes a directory below /srv/node that no ring knows.
func (c *Cluster) Stray(node, name string) {
	n := c.must(node)
	c.change(func() { n.strays = append(n.strays, name) })
}

// Drift gives a node a swift.conf of its own.
func (c *Cluster) Drift(node string, on bool) {
	n := c.must(node)
	c.change(func() {
		n.conf = ""
		if on {
			n.conf = "845322f36968eac860a0ff8a2c2f9c0a"
		}
	})
}

// Quarantine puts objects of a policy ("0", "1"), or "containers" or "accounts",
// aside on a node.
func (c *Cluster) Quarantine(node, what string, more int) {
	n := c.must(node)
	c.change(func() { n.rot[what] += more })
}

// Stale gives a node the object ring of two versions ago; Lose takes a ring away.
func (c *Cluster) Stale(node string, on bool) {
	n := c.must(node)
	c.change(func() { n.stale[gold] = on })
}

// Lose takes a ring file away from a node.
func (c *Cluster) Lose(node, ring string, on bool) {
	n := c.must(node)
	c.change(func() { n.missing[ring] = on })
}

// Skew sets a node's clock off.
func (c *Cluster) Skew(node string, d time.Duration) {
	n := c.must(node)
	c.change(func() { n.skew = d })
}

// Late makes a node's object replication older.
func (c *Cluster) Late(node string, d time.Duration) {
	n := c.must(node)
	c.change(func() { n.late = d })
}

// Async sets a node's pending container updates.
func (c *Cluster) Async(node string, pending int) {
	n := c.must(node)
	c.change(func() { n.async = pending })
}

// Fault is something a presenter can break. Toggle breaks it, or mends it when it is
// broken.
type Fault struct {
	ID, Title string
	Toggle    func() error
}

// Faults lists what a presenter can break.
func (c *Cluster) Faults() []Fault {
	var out []Fault
	add := func(id, title string, set func(on bool) error) {
		on := false
		out = append(out, Fault{"swift/" + id, title, func() error {
			c.mu.Lock()
			on = !on
			now := on
			c.mu.Unlock()
			return set(now)
		}})
	}
	at := func(i int) string { return c.nodes[min(i, len(c.nodes)-1)].name }
	first := at(0)
	add("hang", "hang storage node "+first, func(on bool) error { c.Hang(first, on); return nil })
	add("zone", "stop the storage nodes of zone 2", func(on bool) (err error) {
		for _, n := range c.nodes {
			if n.index%c.opts.Zones != 1 {
				continue
			}
			if on {
				c.Stop(n.name)
			} else {
				err = cmp.Or(err, c.Go(n.name))
			}
		}
		return err
	})
	third := at(2)
	add("unmount", "unmount d1 of "+third, func(on bool) error {
		if on {
			c.Unmount(third, "d1")
		} else {
			c.Mount(third, "d1")
		}
		return nil
	})
	fourth := at(3)
	add("suffix", "a wrong swift.conf on "+fourth+", whose auditor quarantines everything", func(on bool) error {
		c.Drift(fourth, on)
		if on {
			c.Quarantine(fourth, "0", 88)
		}
		return nil
	})
	sixth := at(5)
	add("stale", "an old object ring on "+sixth, func(on bool) error { c.Stale(sixth, on); return nil })
	add("clock", "the clock of "+sixth+" is 90 s ahead", func(on bool) error {
		if on {
			c.Skew(sixth, 90*time.Second)
		} else {
			c.Skew(sixth, 0)
		}
		return nil
	})
	add("login", "the proxy forgets every token", func(bool) error { c.Forget(); return nil })
	return out
}
