package bmc

import (
	"os"
	"testing"

	lab "ringside/backends/lab/bmc"
)

// bmclib knows our driver and no other one, and no secret.
func TestSeam(t *testing.T) {
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		status(t, c)
		s := newSeam(c.host, c.driver)
		if d := s.client.Registry.Drivers; len(d) != 1 || d[0].Name != c.host.BMC.Driver || s.client.Auth.Pass != "" || s.client.Auth.User != "" {
			t.Errorf("%+v, %+v", d, s.client.Auth)
		}
		if _, set := os.LookupEnv("DEBUG_BMCLIB"); set {
			t.Error("bmclib would print what it sends")
		}
		n := b.Counters()
		must(t, s.power(soon(t), TurnOn))
		if m := b.Counters(); m.Total() < n.Total()+2 || m.Total() > n.Total()+3 || m.Opened != 1 { // a look, what may be asked for, and the command
			t.Errorf("from %+v to %+v", n, m)
		}
	})
}

func BenchmarkSeam(b *testing.B) {
	c, _ := one(b, fast, lab.Spec{})
	status(b, c)
	ctx := b.Context()
	b.Run("through bmclib", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			must(b, newSeam(c.host, c.driver).power(ctx, TurnOn))
		}
	})
	b.Run("direct", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			must(b, c.driver.power(ctx, TurnOn))
		}
	})
}
