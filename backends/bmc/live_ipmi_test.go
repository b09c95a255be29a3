package bmc

import (
	"testing"
)

func TestLivePower(t *testing.T) {
	c := sim(t, 1).controller(nil)
	power := func() Power {
		f, err := c.Status(soon(t))
		must(t, err)
		if f.Driver != "ipmi" || f.Suite != 3 || f.Host != "sim001" {
			t.Fatalf("%+v", f)
		}
		return f.Power
	}
	must(t, c.Switch(soon(t), TurnOn))
	for _, row := range []struct {
		verb Verb
		want []Power // one after the other
	}{
		{ForceOff, []Power{Off}},
		{TurnOn, []Power{On}},
		{SoftOff, []Power{On, Off}},
		{TurnOn, []Power{On}},
		{Cycle, []Power{Off, On}},
		{Reset, []Power{On}},
	} {
		must(t, c.Switch(soon(t), row.verb))
		for _, want := range row.want {
			until(t, string(row.verb)+": "+string(want), func() bool { return power() == want })
		}
	}
}
