package bmc

import "math/rand/v2"

// ports hands out port numbers on 127.0.0.1, the only loopback address there is
// everywhere. They are below those that systems give to clients: one that a fault
// closes for a while is still free afterwards.
type ports struct{ next int }

const (
	firstPort = 10000
	lastPort  = 29999
	tries     = 500
)

func newPorts() ports { return ports{firstPort + rand.IntN(lastPort-firstPort)} }

// find calls open with one port after the other until one is free. Where one is
// taken, a thousand behind it may be: another lab's.
func (p *ports) find(open func(port int) error) (err error) {
	for range tries {
		if p.next++; p.next > lastPort {
			p.next = firstPort
		}
		if err = open(p.next); err == nil {
			break
		}
		p.next = firstPort + rand.IntN(lastPort-firstPort)
	}
	return err
}
