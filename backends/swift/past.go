package swift

import (
	"time"
)

// past is what one node said before, as far as changes are told from it. It is
// lost when the program ends: baselines and paces begin anew.
type past struct {
	quarantine  Quarantine
	asyncBefore Async
	disks       map[string]*disk
}

// quarantined compares with what was there at the first look. Whoever empties a
// quarantine begins a new count.
func (p *past) quarantined(now Quarantined, at time.Time) Quarantine {
	q := p.quarantine
	switch {
	case q.Since.IsZero(), now.Total() < q.Total():
		q = Quarantine{Before: now, Since: at}
	case now.Total() > q.Total():
		q.Rose = at
	}
	q.Quarantined = now
	p.quarantine = q
	return q
}

// async remembers the figure before this one. The same figure read twice is one:
// the cron job has not run in between.
func (p *past) async(a Async) Async {
	last := p.asyncBefore
	if apart(last.Counted, a.Counted) && !last.Counted.IsZero() {
		a.Before, a.Earlier = last.Pending, last.Counted
	} else {
		a.Before, a.Earlier = last.Before, last.Earlier
	}
	p.asyncBefore = a
	return a
}

// apart says whether two moments differ by more than clocks can drift between two
// looks: both were put onto our clock, by a skew that is known to some milliseconds.
func apart(a, b time.Time) bool { return a.Sub(b).Abs() > time.Second }

// How the pace of a disk is measured: over at least paceLeast, of points that are
// paceEvery apart, over the last pacePoints of them (a day).
const (
	paceLeast  = 10 * time.Minute
	paceEvery  = 5 * time.Minute
	pacePoints = 288
)

// disk is the use of one disk over time.
type disk struct {
	size   int64
	points []point // oldest first
	last   point
}

type point struct {
	at   time.Time
	used int64
}

// usage adds a reading and says how fast the disk fills. A disk that shrinks by a
// twentieth or has another size was emptied, or is another one.
func (p *past) usage(u Usage, at time.Time) Pace {
	if !u.Mounted {
		delete(p.disks, u.Device)
		return Pace{}
	}
	if p.disks == nil {
		p.disks = map[string]*disk{}
	}
	d := p.disks[u.Device]
	if d == nil || d.size != u.Size || u.Used < d.last.used-d.size/20 {
		d = &disk{size: u.Size}
		p.disks[u.Device] = d
	}
	d.last = point{at, u.Used}
	if n := len(d.points); n == 0 || at.Sub(d.points[n-1].at) >= paceEvery {
		d.points = append(d.points, d.last)
		if len(d.points) > pacePoints {
			d.points = append(d.points[:0], d.points[1:]...)
		}
	}
	return d.pace()
}

// pace is the slope of the line that fits the points best.
func (d *disk) pace() Pace {
	first := d.points[0]
	over := d.last.at.Sub(first.at)
	if over < paceLeast {
		return Pace{}
	}
	points := d.points
	if points[len(points)-1] != d.last {
		points = append(points[:len(points):len(points)], d.last)
	}
	var n, sx, sy, sxx, sxy float64
	for _, p := range points {
		x, y := p.at.Sub(first.at).Seconds(), float64(p.used-first.used)
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return Pace{BytesPerSecond: (n*sxy - sx*sy) / (n*sxx - sx*sx), Over: over}
}
