package bmc

import (
	"fmt"
	"testing"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/bmc"
)

// bmcs is a lab with our controllers of its hosts.
type bmcs struct {
	*lab.BMCs
	*Set
}

// start starts a lab in which nothing happens by itself; speed is that of what is
// asked of it.
func start(t testing.TB, speed float64, hosts ...lab.Spec) bmcs {
	t.Helper()
	l, err := lab.Start(lab.Options{Hosts: hosts, Seed: 7, Speed: speed})
	must(t, err)
	s := NewSet(&fleet.Fleet{Hosts: l.Hosts(), Credentials: l.Credentials()})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Log(err) // a test may have left the BMC in a state in which it does not answer
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return bmcs{l, s}
}

// one starts a lab of one host and returns both sides of its BMC.
func one(t testing.TB, speed float64, spec lab.Spec) (*Controller, *lab.BMC) {
	t.Helper()
	if spec.Name == "" {
		spec.Name = "sw001"
	}
	l := start(t, speed, spec)
	return l.Set.All()[0], l.BMCs.All()[0]
}

// kinds are the BMCs that every test of what operators do is run against.
var kinds = []lab.Spec{
	{Name: "ipmi17", Protocol: lab.IPMI, Suites: []int{17}},
	{Name: "ipmi3", Protocol: lab.IPMI, Suites: []int{3}},
	{Name: "redfish1", Protocol: lab.Redfish, Model: 1},
	{Name: "redfish2", Protocol: lab.Redfish, Model: 2},
	{Name: "redfish3", Protocol: lab.Redfish, Model: 3},
}

// each runs a test against every kind of BMC.
func each(t *testing.T, speed float64, test func(*testing.T, *Controller, *lab.BMC)) {
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			c, b := one(t, speed, k)
			test(t, c, b)
		})
	}
}

func redfishOnly(c *Controller) bool { return c.host.BMC.Driver == "redfish" }

func status(t testing.TB, c *Controller) *Facts {
	t.Helper()
	f, err := c.Status(soon(t))
	must(t, err)
	return f
}

// becomes waits for a power state.
func becomes(t testing.TB, c *Controller, want Power) {
	t.Helper()
	until(t, fmt.Sprintf("%s is %s", c.Host().Name, want), func() bool { return status(t, c).Power == want })
}

// trouble runs one call and returns what it failed with.
func trouble(t testing.TB, err error) *Error {
	t.Helper()
	e, ok := err.(*Error)
	if !ok {
		t.Fatalf("the error is %T: %v", err, err)
	}
	return e
}
