package bmc

import (
	"testing"

	lab "ringside/backends/lab/bmc"
)

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
