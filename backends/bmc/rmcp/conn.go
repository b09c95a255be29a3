// Package rmcp is the network side of one RMCP+ session (IPMI v2.0 section 13),
// put under the IPMI client library. The library takes any datagram from the
// BMC's address for an answer, checked or not, and a malformed one makes it panic
// in a goroutine of its own. Here nothing passes to it but answers that fit what
// was asked and, once the session stands, carry its authentication code.
package rmcp

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// Conn is the UDP socket of one session, from the first datagram to the last. It
// is a net.Conn for the library, and a Dialer that gives itself away once.
type Conn struct {
	net.Conn

	mu        sync.Mutex
	handshake handshake
	once      map[string]bool // what was written since Once, nil without it
	deaf      bool            // reads fail at once
	stopped   int             // which caller's context has ended, 0 for none
	caller    int
	given     bool
}

// Dial opens the socket. The name is resolved within ctx; nothing is sent yet.
func Dial(ctx context.Context, address, user, password string) (*Conn, error) {
	var d net.Dialer
	udp, err := d.DialContext(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	return &Conn{Conn: udp, handshake: handshake{user: user, password: password}}, nil
}

// Dial gives the connection to the library, which would open a new socket for
// every datagram after it was closed.
func (c *Conn) Dial(string, string) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.given {
		return nil, net.ErrClosed
	}
	c.given = true
	return c, nil
}

// Told returns what is known of the BMC so far.
func (c *Conn) Told() Told {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.handshake.told
}

// Follow makes reads end as soon as ctx is done, until the returned function is
// called. Without it the library would hold the socket until its own limit.
func (c *Conn) Follow(ctx context.Context) (release func()) {
	c.mu.Lock()
	c.caller++
	me := c.caller
	c.mu.Unlock()
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.caller == me {
			c.stopped = me
			_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
		}
	})
	return func() {
		stop()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.caller++
		c.stopped = 0
	}
}

// patience is how long an answer is waited for, for each try of the library, when
// the question is not repeated.
const patience = 3 * time.Second

// Once keeps what is written from being written again until the returned
// function is called, and waits longer for the answer: the library repeats what
// was not answered, and a BMC that does not notice the repetition would act twice.
func (c *Conn) Once() (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.once = map[string]bool{}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.once = nil
	}
}

// Deafen makes every read fail at once: what is written from now on is sent, but
// nobody waits for an answer.
func (c *Conn) Deafen() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deaf = true
	_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
}

var errDeaf = errors.New("rmcp: nobody waits for an answer")

func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	if c.once[string(p)] {
		c.mu.Unlock()
		return len(p), nil
	}
	if c.once != nil {
		c.once[string(p)] = true
	}
	c.handshake.sent(p)
	c.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *Conn) Read(p []byte) (int, error) {
	for {
		c.mu.Lock()
		deaf := c.deaf
		c.mu.Unlock()
		if deaf {
			return 0, errDeaf
		}
		n, err := c.Conn.Read(p)
		if err != nil {
			if c.isDeaf() && errors.Is(err, os.ErrDeadlineExceeded) {
				err = errDeaf
			}
			return 0, err
		}
		c.mu.Lock()
		ok := c.handshake.received(p[:n])
		c.mu.Unlock()
		if ok {
			return n, nil
		}
	}
}

func (c *Conn) isDeaf() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.deaf
}

// SetReadDeadline sets the deadline unless reads are to end at once anyway.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.deaf || c.stopped != 0:
		t = time.Unix(1, 0)
	case c.once != nil:
		t = time.Now().Add(patience)
	}
	return c.Conn.SetReadDeadline(t)
}
