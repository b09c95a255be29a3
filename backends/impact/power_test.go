package impact

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/backends/bmc"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/watch"
)

// hosts makes n hosts in a rack, of which the first has the readings.
func rackOf(n int, readings ...fleet.Reading) (*fleet.Fleet, *watch.State) {
	f, s := &fleet.Fleet{}, watch.NewStore()
	for i := range n {
		h := fleet.Host{Name: fmt.Sprintf("sw%03d", i+1), Site: "tokyo", Rack: "r1", BMC: &fleet.BMC{}}
		f.Hosts = append(f.Hosts, h)
		for _, r := range readings {
			r.Source = "bmc/" + h.Name
			s.Put(r)
		}
	}
	return f, s.State()
}

func told(problems []Problem) string {
	var out []string
	for _, p := range problems {
		out = append(out, fmt.Sprintf("%v %s: %s", p.Severity, p.Subject, p.Text))
	}
	return strings.Join(out, "\n")
}

func ask(want bmc.Power, at, until time.Time) Asked {
	return Asked{Host: "sw001", Want: want, Verb: bmc.TurnOn, By: "aoi", Run: "1kx", At: at, Until: until}
}

func failed(a Asked) Asked { a.Failed = true; return a }

func TestPower(t *testing.T) {
	changed := func(now, was bmc.Power, since time.Duration) *bmc.Facts {
		return &bmc.Facts{Power: now, Was: was, Changed: ago(since)}
	}
	for name, tt := range map[string]struct {
		facts *bmc.Facts
		asked []Asked
		want  string
	}{
		"well":                     {&bmc.Facts{Power: bmc.On, Health: bmc.OK}, nil, ""},
		"found off":                {&bmc.Facts{Power: bmc.Off}, nil, ""},
		"off by itself":            {changed(bmc.Off, bmc.On, time.Hour), nil, "critical sw001: power is off and nobody asked for it"},
		"going off by itself":      {changed(bmc.TurningOff, bmc.On, time.Minute), nil, "critical sw001: power is off and nobody asked for it"},
		"just now":                 {changed(bmc.Off, bmc.On, time.Second), nil, ""},
		"off as asked":             {changed(bmc.Off, bmc.On, time.Minute), []Asked{ask(bmc.Off, ago(2*time.Minute), ago(time.Minute))}, ""},
		"off, under way":           {changed(bmc.Off, bmc.On, time.Minute), []Asked{ask(bmc.Off, ago(2*time.Minute), time.Time{})}, ""},
		"off long after":           {changed(bmc.Off, bmc.On, time.Minute), []Asked{ask(bmc.Off, ago(3*time.Hour), ago(2*time.Hour))}, "critical sw001: power is off and nobody asked for it"},
		"off before it was asked":  {changed(bmc.Off, bmc.On, time.Hour), []Asked{ask(bmc.Off, ago(2*time.Minute), ago(time.Minute))}, "critical sw001: power is off and nobody asked for it"},
		"off late after a failure": {changed(bmc.Off, bmc.On, time.Minute), []Asked{failed(ask(bmc.Off, ago(15*time.Minute), ago(12*time.Minute)))}, ""},
		"off in a cycle":           {changed(bmc.Off, bmc.On, 10*time.Second), []Asked{{Host: "sw001", Verb: bmc.Cycle, Want: bmc.On, At: ago(12 * time.Second)}}, ""},
		"off when on was asked":    {changed(bmc.Off, bmc.On, time.Minute), []Asked{ask(bmc.On, ago(2*time.Minute), ago(90*time.Second))}, "critical sw001: power is off and nobody asked for it"},
		"lost since the start":     {&bmc.Facts{Power: bmc.Off}, []Asked{ask(bmc.On, ago(2*time.Hour), ago(time.Hour))}, "critical sw001: power is off; aoi turned it on"},
		"lost long ago":            {&bmc.Facts{Power: bmc.Off}, []Asked{ask(bmc.On, ago(50*time.Hour), ago(49*time.Hour))}, ""},
		"off was asked later":      {&bmc.Facts{Power: bmc.Off}, []Asked{ask(bmc.On, ago(2*time.Hour), ago(2*time.Hour)), ask(bmc.Off, ago(time.Hour), ago(time.Hour))}, ""},
		"on by itself":             {changed(bmc.On, bmc.Off, time.Minute), nil, "warning sw001: power came on and nobody asked for it"},
		"on by itself, old":        {changed(bmc.On, bmc.Off, 2*time.Hour), nil, ""},
		"overdue":                  {&bmc.Facts{Power: bmc.On}, []Asked{ask(bmc.Off, ago(20*time.Minute), time.Time{})}, "warning sw001: still on; aoi asked for off"},
		"not overdue":              {&bmc.Facts{Power: bmc.On}, []Asked{ask(bmc.Off, ago(2*time.Minute), time.Time{})}, ""},
		"not done":                 {&bmc.Facts{Power: bmc.On}, []Asked{failed(ask(bmc.Off, ago(20*time.Minute), ago(17*time.Minute)))}, "warning sw001: still on; aoi asked for off"},
		"unknown":                  {&bmc.Facts{Power: bmc.Unknown}, []Asked{failed(ask(bmc.Off, ago(20*time.Minute), ago(17*time.Minute)))}, ""},
		"ill":                      {&bmc.Facts{Power: bmc.On, Health: bmc.Critical, Faults: []string{"main power fault", "cooling fault"}}, nil, "critical sw001: main power fault, cooling fault"},
		"ailing":                   {&bmc.Facts{Power: bmc.On, Health: bmc.Warning}, nil, "warning sw001: health is warning"},
		"insecure":                 {&bmc.Facts{Power: bmc.On, Insecure: "cipher suite 3"}, nil, "warning sw001: connection to the BMC is not verified"},
	} {
		f, s := rackOf(1, fleet.Reading{At: noon, Facts: tt.facts})
		list := Power(f, s, tt.asked, nil, noon)
		if got := told(list); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		for _, p := range list {
			if p.Why == "" || p.Do == "" || p.ID == "" || p.System != "bmc" {
				t.Errorf("%s: incomplete: %+v", name, p)
			}
		}
		// On hold: what is critical is a warning, what is a warning is not told.
		want := ""
		if rest, ok := strings.CutPrefix(tt.want, "critical"); ok {
			want = "warning" + rest + " (on hold: aoi: disk swap)"
		}
		if got := told(Power(f, s, tt.asked, map[string]string{"sw001": "aoi: disk swap"}, noon)); got != want {
			t.Errorf("%s on hold: %q, want %q", name, got, want)
		}
	}
}

func TestBMCTroubles(t *testing.T) {
	fail := func(t bmc.Trouble) error { return &bmc.Error{Host: "sw001", Op: "read power", Trouble: t, Why: "why"} }
	known := fleet.Reading{At: ago(time.Hour), Facts: &bmc.Facts{Power: bmc.Off, Health: bmc.Critical, Changed: ago(2 * time.Hour), Was: bmc.On}}
	for name, tt := range map[string]struct {
		readings []fleet.Reading
		want     string
	}{
		"silent from the start": {[]fleet.Reading{{At: noon, Err: fail(bmc.Silent)}}, "warning sw001: BMC silent"},
		"silent since":          {[]fleet.Reading{known, {At: ago(time.Minute), Err: fail(bmc.Silent)}}, "warning sw001: BMC silent"},
		"one reading missed":    {[]fleet.Reading{{At: ago(20 * time.Second), Facts: &bmc.Facts{Power: bmc.On}}, {At: ago(5 * time.Second), Err: fail(bmc.Silent)}}, ""},
		"wrong password":        {[]fleet.Reading{known, {At: noon, Err: fail(bmc.WrongPassword)}}, "warning sw001: BMC refuses our password"},
		"full":                  {[]fleet.Reading{{At: noon, Err: fail(bmc.SessionsFull)}}, "warning sw001: BMC full: all its sessions are taken"},
		"tls":                   {[]fleet.Reading{{At: noon, Err: fail(bmc.BadTLS)}}, "warning sw001: BMC's certificate is not trusted"},
		"anything":              {[]fleet.Reading{{At: noon, Err: errors.New("x")}}, "warning sw001: BMC cannot be read"},
		"nothing heard":         {[]fleet.Reading{{At: ago(5 * time.Minute), Facts: &bmc.Facts{Power: bmc.On}}}, "warning sw001: nothing heard from the BMC"},
	} {
		f, s := rackOf(1, tt.readings...)
		if got := told(Power(f, s, nil, nil, noon)); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	f, s := rackOf(1, known, fleet.Reading{At: ago(time.Minute), Err: fail(bmc.Silent)})
	if p := Power(f, s, nil, nil, noon)[0]; !strings.Contains(p.Why, "last seen off") || !p.Since.Equal(ago(time.Minute)) {
		t.Errorf("%+v", p)
	}
}

// What many hosts have in common is one problem, of their rack or of their site.
func TestFoldedProblems(t *testing.T) {
	silent := &bmc.Error{Trouble: bmc.Silent, Why: "no answer"}
	f, store := &fleet.Fleet{}, watch.NewStore()
	add := func(rack string, n, ill int, put func(source string, i int)) {
		for i := range n {
			h := fleet.Host{Name: fmt.Sprintf("%sn%02d", rack, i+1), Site: "tokyo", Rack: rack, BMC: &fleet.BMC{}}
			f.Hosts = append(f.Hosts, h)
			if i < ill {
				put("bmc/"+h.Name, i)
			} else {
				store.Put(fleet.Reading{Source: "bmc/" + h.Name, At: noon, Facts: &bmc.Facts{Power: bmc.On}})
			}
		}
	}
	mute := func(source string, i int) {
		store.Put(fleet.Reading{Source: source, At: noon.Add(-time.Duration(i) * time.Second), Err: silent})
	}
	add("r12", 40, 38, mute)
	add("r13", 3, 3, mute)
	add("r14", 10, 10, mute)
	add("r15", 6, 6, func(source string, _ int) {
		store.Put(fleet.Reading{Source: source, At: noon, Facts: &bmc.Facts{Power: bmc.Off, Was: bmc.On, Changed: ago(time.Minute)}})
	})
	list := Power(f, store.State(), nil, nil, noon)
	want := `critical tokyo/r15: 6 hosts are off and nobody asked for it in rack r15
critical tokyo/r14: all 10 BMCs silent in rack r14
warning r13n01: BMC silent
warning tokyo/r12: 38 BMCs silent in rack r12
warning r13n02: BMC silent
warning r13n03: BMC silent`
	lines := func(s string) map[string]bool {
		m := map[string]bool{}
		for l := range strings.Lines(s + "\n") {
			m[strings.TrimSpace(l)] = true
		}
		return m
	}
	got := told(list)
	for l := range lines(want) {
		if !lines(got)[l] {
			t.Errorf("not told: %s\n%s", l, got)
		}
	}
	if len(list) != 6 {
		t.Errorf("%d problems:\n%s", len(list), got)
	}
	for _, p := range list {
		if p.Subject.Kind == fleet.KindRack && p.Subject.Name == "r12" && (!strings.HasPrefix(p.Why, "r12n[01-38]; the first: no answer") || !p.Since.Equal(noon.Add(-37*time.Second))) {
			t.Errorf("%+v", p)
		}
	}
	// More than two racks: the site.
	add("r16", 5, 5, mute)
	if got := told(Power(f, store.State(), nil, nil, noon)); !strings.Contains(got, "warning tokyo: 56 BMCs silent at tokyo") || strings.Contains(got, "rack r12") {
		t.Error(got)
	}
	// Few in each rack, and many of the site.
	f, store = &fleet.Fleet{}, watch.NewStore()
	for i := range 6 {
		add(fmt.Sprint("r2", i), 2, 1, mute)
	}
	if got := told(Power(f, store.State(), nil, nil, noon)); got != "warning tokyo: 6 BMCs silent at tokyo" {
		t.Error(got)
	}
	// Connections that are not verified are always told per site.
	f, s := rackOf(3, fleet.Reading{At: noon, Facts: &bmc.Facts{Power: bmc.On, Insecure: "TLS is not verified"}})
	if got := told(Power(f, s, nil, nil, noon)); got != "warning tokyo: 3 BMCs are not verified at tokyo" {
		t.Error(got)
	}
}

func TestHostLoss(t *testing.T) {
	running := &docker.Facts{Containers: []*docker.Container{{Name: "a", State: docker.Running}, {Name: "d", State: docker.Paused}, {Name: "c", State: docker.Restarting}, {Name: "b", State: docker.Running}, {Name: "x", State: docker.Exited}}}
	for name, tt := range map[string]struct {
		readings []fleet.Reading
		want     string
	}{
		"runs":            {[]fleet.Reading{{At: noon, Facts: running}}, "4 containers of engine e1 run there: a, b, c and 1 more"},
		"one":             {[]fleet.Reading{{At: noon, Facts: &docker.Facts{Containers: running.Containers[:1]}}}, "1 container of engine e1 runs there: a"},
		"idle":            {[]fleet.Reading{{At: noon, Facts: &docker.Facts{}}}, ""},
		"silent":          {nil, "engine e1 runs there and does not answer: whether containers go down with the host is not known"},
		"silent since":    {[]fleet.Reading{{At: ago(time.Minute), Facts: running}, {At: noon, Err: errors.New("EOF")}}, "4 containers of engine e1 ran there when it was last heard of, and it does not answer now: a, b, c and 1 more"},
		"idle and silent": {[]fleet.Reading{{At: ago(time.Minute), Facts: &docker.Facts{}}, {At: noon, Err: errors.New("EOF")}}, "engine e1 runs there and does not answer; it had no running container when it was last heard of"},
	} {
		store := watch.NewStore()
		for _, r := range tt.readings {
			r.Source = "docker/e1"
			store.Put(r)
		}
		f := &fleet.Fleet{Engines: []fleet.Engine{{Name: "e1", Host: "sw001"}, {Name: "e2", Host: "sw009"}, {Name: "e3"}}}
		got := ""
		for _, l := range HostLoss(f, store.State(), []string{"sw001", "sw002"}, noon) {
			got += l.Text
			if l.Level != "warn" || l.Guard != "containers" || l.Subject != "sw001" {
				t.Errorf("%s: %+v", name, l)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func BenchmarkPower1000(b *testing.B) {
	f, s := rackOf(1000, fleet.Reading{At: noon, Facts: &bmc.Facts{Power: bmc.On, Health: bmc.OK}})
	var asked []Asked
	for i := range 1000 {
		a := ask(bmc.On, ago(time.Hour), ago(time.Hour))
		a.Host = fmt.Sprintf("sw%03d", i+1)
		asked = append(asked, a)
	}
	for b.Loop() {
		if p := Power(f, s, asked, nil, noon); len(p) > 0 {
			b.Fatal(told(p))
		}
	}
}
