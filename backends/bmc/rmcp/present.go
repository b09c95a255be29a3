package rmcp

import (
	"context"
	"net"
	"time"
)

// question is Get Channel Authentication Capabilities in the format of IPMI 1.5,
// outside of any session (sections 13.6 and 22.13): for this channel, with the
// IPMI 2.0 data, at administrator level. It holds nothing about who asks.
var question = []byte{
	0x06, 0x00, 0xff, classIPMI, // RMCP
	0x00, 0, 0, 0, 0, 0, 0, 0, 0, // no authentication, sequence, session
	9, 0x20, 0x18, 0xc8, 0x81, 0x00, 0x38, 0x8e, 0x04, 0xb5,
}

// Present asks what speaks at an address, tries times and waiting each time. The
// error is why there was no answer.
func Present(ctx context.Context, address string, wait time.Duration, tries int) (Told, error) {
	c, err := Dial(ctx, address, "", "")
	if err != nil {
		return Told{}, err
	}
	defer c.Close()
	defer c.Follow(ctx)()
	buf := make([]byte, 1500)
	for range tries {
		if _, err = c.Write(question); err != nil {
			break
		}
		if err = c.SetReadDeadline(time.Now().Add(wait)); err != nil {
			break
		}
		if _, err = c.Read(buf); err == nil {
			break
		}
		if n, ok := err.(net.Error); !ok || !n.Timeout() || ctx.Err() != nil {
			break
		}
	}
	return c.Told(), err
}
