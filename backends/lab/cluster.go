package lab

import (
	"path/filepath"

	"ringside/backends/lab/swift"
)

// demoCluster is the demo's Swift cluster: 120 nodes, which are the first 120 hosts.
// Its six zones are as many as the widest policy has fragments, so that nodes of one
// zone share no partition: while sw017 and sw089 are off, which are of one zone, the
// others of that zone may go as well, and any other may not.
func demoCluster() *swift.Options {
	return &swift.Options{Name: "objects", Site: "tokyo", Environment: "production", Zones: 6}
}

// startCluster starts the Swift cluster. Its nodes are as alive as their hosts: who
// takes a host's power away takes its disks out of the cluster.
func (l *Lab) startCluster() (err error) {
	o := l.opts.Swift
	if o == nil {
		return nil
	}
	own := *o
	own.Seed, own.Speed, own.Now = l.opts.Seed, l.opts.Speed, l.opts.Now
	if own.Dir == "" {
		own.Dir = filepath.Join(l.opts.Dir, "swift")
	}
	own.Powered = func(host string) bool {
		b := l.BMC(host)
		return b == nil || b.Running()
	}
	l.cluster, err = swift.Start(own)
	return err
}

// Swift is the Swift cluster; nil when there is none.
func (l *Lab) Swift() *swift.Cluster { return l.cluster }

func (l *Lab) swiftFaults() (out []Fault) {
	if l.cluster == nil {
		return nil
	}
	for _, f := range l.cluster.Faults() {
		out = append(out, Fault(f))
	}
	return out
}
