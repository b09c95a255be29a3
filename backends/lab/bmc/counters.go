package bmc

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Counters says what a BMC was asked for since the lab started.
type Counters struct {
	Datagrams   int            // that arrived by UDP, lost ones too
	Connections int            // by TCP
	Commands    map[string]int // IPMI by the specification's name, Redfish by method and path
	Opened      int            // sessions, of both protocols
	Closed      int            // by the client
	Lost        int            // sessions that ended otherwise: idle, restart
	Open        int            // now
}

// Total is the number of all commands.
func (c Counters) Total() (n int) {
	for _, k := range c.Commands {
		n += k
	}
	return n
}

type counters struct {
	datagrams   atomic.Int64
	connections atomic.Int64

	mu                   sync.Mutex
	commands             map[string]int
	opened, closed, lost int
}

func (c *counters) command(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.commands == nil {
		c.commands = map[string]int{}
	}
	c.commands[name]++
}

func (c *counters) add(what *int, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*what += n
}

// Counters returns what the BMC was asked for so far.
func (b *BMC) Counters() Counters {
	b.mu.Lock()
	if b.line != nil {
		b.line.forgetIdle()
	}
	b.mu.Unlock()
	c := &b.count
	c.mu.Lock()
	defer c.mu.Unlock()
	return Counters{
		Datagrams: int(c.datagrams.Load()), Connections: int(c.connections.Load()), Commands: maps.Clone(c.commands),
		Opened: c.opened, Closed: c.closed, Lost: c.lost, Open: c.opened - c.closed - c.lost,
	}
}

// Counters returns the sums over all BMCs.
func (s *BMCs) Counters() Counters {
	sum := Counters{Commands: map[string]int{}}
	for _, b := range s.list {
		c := b.Counters()
		sum.Datagrams += c.Datagrams
		sum.Connections += c.Connections
		sum.Opened += c.Opened
		sum.Closed += c.Closed
		sum.Lost += c.Lost
		sum.Open += c.Open
		for k, n := range c.Commands {
			sum.Commands[k] += n
		}
	}
	return sum
}
