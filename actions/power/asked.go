package power

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/bmc"
	"ringside/backends/impact"
)

// wants says what each kind of run asks of a host, and what its rollback does.
var wants = map[string]struct {
	verb bmc.Verb
	want bmc.Power
	back bmc.Verb
}{
	"power.on":    {bmc.TurnOn, bmc.On, bmc.SoftOff},
	"power.off":   {bmc.SoftOff, bmc.Off, bmc.TurnOn},
	"power.force": {bmc.ForceOff, bmc.Off, bmc.TurnOn},
	"power.cycle": {bmc.Cycle, bmc.On, ""},
	"power.reset": {bmc.Reset, bmc.On, ""},
}

// Asks lists the changes of power that runs asked for, in the order of the runs:
// what is under way, and what was done. A step whose process is gone has no known
// end; it counts as failed at the moment when it began.
func Asks(runs []actions.RunRecord) []impact.Asked {
	var out []impact.Asked
	for i := range runs {
		out = append(out, asksOf(&runs[i])...)
	}
	return out
}

func asksOf(r *actions.RunRecord) []impact.Asked {
	w, ok := wants[r.Kind]
	if !ok {
		return nil
	}
	out := make([]impact.Asked, 0, len(r.Steps))
	for i := range r.Steps {
		s := &r.Steps[i]
		if !s.Acted {
			continue
		}
		a := impact.Asked{Host: s.Target.Name, Want: w.want, Verb: w.verb, By: r.Actor.User, Run: r.ID, At: s.Started, Until: s.Ended,
			Failed: s.Status == actions.Failed}
		if s.Undoing {
			a.Verb = w.back
			a.Want = map[bmc.Power]bmc.Power{bmc.On: bmc.Off, bmc.Off: bmc.On}[w.want]
		}
		if s.Status == actions.Running && !r.Alive {
			a.Until, a.Failed = s.Started, true
		}
		out = append(out, a)
	}
	return out
}

// Book is Asks for who looks again and again. It remembers what runs asked for that
// are not at hand any more: a host that was turned off last week must not look as
// if nobody had. The zero value is empty; one goroutine uses it.
type Book struct {
	runs map[string]page
	list []impact.Asked
}

// page is one run, and what of it tells whether it has changed.
type page struct {
	status actions.Status
	alive  bool
	ended  time.Time
	asks   []impact.Asked
}

// keptPerHost is how many requests are remembered of each host: the last ones
// explain how it is now.
const keptPerHost = 4

// Read takes the runs at hand and returns what was asked for, the newest first.
// The slice is shared and is the same while nothing changed.
func (b *Book) Read(runs []actions.RunRecord) []impact.Asked {
	if b.runs == nil {
		b.runs = map[string]page{}
	}
	news := false
	for i := range runs {
		r := &runs[i]
		if _, ok := wants[r.Kind]; !ok {
			continue
		}
		was, known := b.runs[r.ID]
		if known && !r.Alive && was.status == r.Status && was.alive == r.Alive && was.ended.Equal(r.Ended) {
			continue
		}
		now := page{r.Status, r.Alive, r.Ended, asksOf(r)}
		b.runs[r.ID] = now
		news = news || !known || !slices.Equal(was.asks, now.asks)
	}
	if news {
		b.settle()
	}
	return b.list
}

// settle makes the list anew and forgets what it has no room for.
func (b *Book) settle() {
	var all []impact.Asked
	for _, p := range b.runs {
		all = append(all, p.asks...)
	}
	slices.SortFunc(all, func(x, y impact.Asked) int {
		return cmp.Or(y.At.Compare(x.At), strings.Compare(y.Run, x.Run), strings.Compare(x.Host, y.Host))
	})
	kept, used := map[string]int{}, map[string]bool{}
	b.list = make([]impact.Asked, 0, len(all))
	for _, a := range all {
		if kept[a.Host]++; kept[a.Host] <= keptPerHost {
			b.list = append(b.list, a)
			used[a.Run] = true
		}
	}
	for id, p := range b.runs {
		if !used[id] {
			p.asks = nil // it stays known, and costs next to nothing
			b.runs[id] = p
		}
	}
}
