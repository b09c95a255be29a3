package traffic_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/lab"
	"ringside/backends/traffic"
	"ringside/backends/traffic/traffictest"
	"ringside/backends/watch"
)

func colour(c, tag string) lab.ContainerSpec {
	return lab.ContainerSpec{Name: "web-" + c, Image: "team/web:" + tag, Labels: map[string]string{"ringside.service": "web", "ringside.colour": c},
		Health: &lab.HealthSpec{Test: []string{"CMD", "true"}, Interval: 50 * time.Millisecond}}
}

// newLab is a service on two engines with both colours up.
func newLab(t testing.TB) (*lab.Lab, fleet.Service) {
	t.Helper()
	l, err := lab.Start(lab.Options{
		Engines: []lab.EngineOptions{
			{Name: "tokyo-1", Environment: "development", Containers: []lab.ContainerSpec{colour("blue", "1"), colour("green", "2")}},
			{Name: "tokyo-2", Environment: "development", Containers: []lab.ContainerSpec{colour("blue", "1"), colour("green", "2")}}},
		Services: []lab.ServiceOptions{{Name: "web", Engines: []string{"tokyo-1", "tokyo-2"}, Image: "team/web"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f := l.Fleet()
	return l, f.Services[0]
}

func labProxy(t testing.TB) (*lab.Lab, *traffic.Proxy) {
	l, s := newLab(t)
	p := traffic.New(s, s.Traffic[0])
	until(t, "both colours are up", func() bool {
		v, err := p.Look(soon(t))
		if err != nil {
			t.Fatal(err)
		}
		blue, _ := v.Blue.Ready()
		green, _ := v.Green.Ready()
		return blue && green
	})
	return l, p
}

// The lab's proxy speaks as HAProxy does, and drops as little.
func TestLabSwapsUnderLoad(t *testing.T) {
	_, p := labProxy(t)
	load := traffictest.Load{URL: p.Spec().URL, Host: p.Spec().Host, Fast: 4, Slow: 2, Streams: 2}.Start(t)
	load.Warm(t)
	from := fleet.Blue
	for range 6 {
		if err := p.Switch(soon(t), from, from.Other()); err != nil {
			t.Fatal(err)
		}
		from = from.Other()
		before := load.Result().Requests
		until(t, "some more load", func() bool { return load.Result().Requests > before+50 })
	}
	res := load.Stop()
	if res.Failed+res.Cut+res.IdleClosed > 0 || len(res.By) != 2 {
		t.Errorf("%v, the first: %s", res, res.First)
	}
}

// The watch tells sessions and rates, and since when a proxy does not answer.
func TestLabWatch(t *testing.T) {
	l, p := labProxy(t)
	store := watch.NewStore()
	set := watch.Run(t.Context(), store, p)
	defer set.Close(patience)
	traffictest.Load{URL: p.Spec().URL, Host: p.Spec().Host, Fast: 2, Streams: 1}.Start(t)
	facts := func() *traffic.Facts {
		p.Refresh()
		for _, f := range watch.Latest[*traffic.Facts](store.State()) {
			return f
		}
		return nil
	}
	until(t, "rates and sessions", func() bool {
		f := facts()
		return f != nil && f.Live == fleet.Blue && f.BlueRate.Known && f.BlueRate.Requests > 20 && f.Blue.Sessions >= 1 && f.GreenRate.Known && f.GreenRate.Requests == 0
	})
	l.Proxies("web")[0].Stop()
	until(t, "the silence is seen", func() bool {
		p.Refresh()
		e, _ := store.State().Entry("traffic/web/haproxy")
		return e.Err != nil && e.Facts != nil && strings.Contains(e.Err.Error(), "service web: proxy haproxy: read: ")
	})
	l.Proxies("web")[0].Start()
	until(t, "it is back", func() bool { p.Refresh(); e, _ := store.State().Entry("traffic/web/haproxy"); return e.Err == nil })
}

// Every way in which a proxy may not do what it is told ends with the old colour live,
// and with a file that says the same.
func TestLabTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		wrong func(*lab.Proxy, fleet.Service)
		want  string
		moved bool
	}{
		"refuses": {func(p *lab.Proxy, _ fleet.Service) { p.Refuse("Permission denied") }, "HAProxy refused: Permission denied", false},
		"deaf":    {func(p *lab.Proxy, _ fleet.Service) { p.Deafen(true) }, "accepted the switch and did not act", false},
		"by hand": {func(p *lab.Proxy, s fleet.Service) {
			text, _ := os.ReadFile(p.MapFile())
			os.WriteFile(p.MapFile(), []byte(strings.Replace(string(text), "be_web_blue", "be_web_other", 1)), 0o644)
			p.Reload()
		}, "haproxy has something else live (be_web_other), and blue was expected: somebody switched it; nothing was changed", true},
	} {
		t.Run(name, func(t *testing.T) {
			l, s := newLab(t)
			p, proxy := traffic.New(s, s.Traffic[0]), l.Proxies("web")[0]
			c.wrong(proxy, s)
			err := p.Switch(soon(t), fleet.Blue, fleet.Green)
			var moved *traffic.MovedError
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &moved) != c.moved {
				t.Errorf("%v, want %s", err, c.want)
			}
			if v, err := p.Look(soon(t)); err != nil || v.Live == fleet.Green || !v.Agrees() {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

// A container of the lab answers only while it runs, and a port is taken once.
func TestLabContainers(t *testing.T) {
	l, p := labProxy(t)
	e := docker.New(l.Fleet().Engines[0])
	defer e.Close()
	found, err := e.Labelled(soon(t), "ringside.service=web", "ringside.colour=green")
	if err != nil || len(found) != 1 || found[0].Health != docker.Healthy {
		t.Fatalf("%+v, %v", found, err)
	}
	down := func() bool {
		v, err := p.Look(soon(t))
		return err == nil && v.Green.Servers[0].State == traffic.Down
	}
	if err := e.Stop(soon(t), found[0].ID, nil); err != nil {
		t.Fatal(err)
	}
	until(t, "it is down", down)
	if err := e.Start(soon(t), found[0].ID); err != nil {
		t.Fatal(err)
	}
	until(t, "it is back", func() bool { return !down() })

	var s docker.Spec
	s.Config.Image = "team/web:3"
	pub := l.Fleet().Services[0].Ports.On("tokyo-1")
	if err := s.Publish(pub.IP, pub.Green, 8080); err != nil {
		t.Fatal(err)
	}
	l.Push("team/web:3")
	if _, err := e.Pull(soon(t), "team/web:3", nil); err != nil {
		t.Fatal(err)
	}
	id, _, err := e.Create(soon(t), "web-green-2", s)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(soon(t), id); err == nil || !strings.Contains(err.Error(), "port is already allocated") {
		t.Errorf("two containers on one port: %v", err)
	}
	if _, _, err := e.Create(soon(t), "web-green-2", s); !docker.IsConflict(err) {
		t.Errorf("two containers of one name: %v", err)
	}
}
