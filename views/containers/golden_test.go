package containers

import (
	"fmt"
	"testing"
	"time"

	"ringside/backends/docker"
)

var sizes = []struct{ w, h int }{{80, 21}, {140, 37}}

// pages are the places to look at, each from a fresh screen.
var pages = map[string]func(*robot){
	"list":      func(r *robot) { r.Press("down", "space", "down") },
	"groups":    func(r *robot) { r.Press("b", "down", "-", "down", "down") },
	"filter":    func(r *robot) { r.Press("/").Text("web !green engine:tokyo colour:blue") },
	"attention": func(r *robot) { r.Run(r.screen.Update(orderPicked{"attention"})) },
	"overview":  open,
	"stats":     func(r *robot) { open(r); r.Press("left", "left") },
	"inspect":   func(r *robot) { open(r); r.Press("left", "/").Text("tok").Press("enter") },
	"log": func(r *robot) {
		r.screen.Show("container/" + idOf("web-blue"))
		r.Press("l")
		r.Until("the log", func() bool { return r.screen.top().(*logs).pane.Len() >= 40 })
		r.Press("m", "m", "m", "t", "t", "t", "/").Text("/39").Press("enter", "up")
	},
	"logs": func(r *robot) {
		r.Press("/").Text("web").Press("enter", "*", "l")
		r.Until("the logs", func() bool { return r.screen.top().(*logs).pane.Len() >= 3*40 })
		r.Press("w")
	},
}

func open(r *robot) {
	r.screen.Show("container/" + idOf("web-blue"))
	r.Press("enter")
}

func TestFrames(t *testing.T) {
	defer func(l *time.Location) { time.Local = l }(time.Local)
	time.Local = time.UTC
	for name, go_ := range pages {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s-%d", name, size.w), func(t *testing.T) {
				r := newRobot(t, newWorld(), &fake{detail: testDetail(), log: testLog(40)}, size.w, size.h)
				go_(r)
				r.Looks(name)
			})
		}
	}
}

// Any size must do: the console decides what is too small.
func TestFramesKeepTheirSize(t *testing.T) {
	for name, go_ := range pages {
		r := newRobot(t, newWorld(), &fake{detail: testDetail(), log: testLog(40)}, 80, 21)
		go_(r)
		for _, size := range []struct{ w, h int }{{1, 1}, {3, 2}, {20, 4}, {60, 11}, {61, 15}, {300, 80}} {
			r.Resize(size.w, size.h)
			r.Frame()
			if t.Failed() {
				t.Fatalf("%s at %dx%d", name, size.w, size.h)
			}
		}
	}
}

func testLog(n int) (log []docker.LogLine) {
	for i := range n {
		l := docker.LogLine{At: noon.Add(time.Duration(i-n) * time.Second), Stream: docker.Stdout, Text: fmt.Sprintf("GET /%d 200 東京", i)}
		if i%7 == 0 {
			l.Stream, l.Text = docker.Stderr, fmt.Sprintf("upstream %d timed out after 30 s while reading the response header from 10.0.0.%d", i, i)
		}
		log = append(log, l)
	}
	return log
}

func testDetail() *docker.Detail {
	c := container("web-blue", "registry.tyo.example:5000/team/web", "1.9.1", nil)
	return &docker.Detail{Container: *c, Hostname: "c0ffee", User: "www", WorkDir: "/srv", Entrypoint: []string{"/web"},
		Cmd: []string{"--token=tok-12345", "serve all"}, At: noon, LogDriver: "json-file",
		Env: []docker.EnvVar{{Name: "PATH", Value: "/bin"}, {Name: "API_TOKEN", Value: "tok-12345", Secret: true}, {Name: "PIN", Value: "1", Secret: true}},
		MountList: []docker.Mount{{Type: "bind", Source: "/etc/web", Target: "/etc/web", ReadOnly: true},
			{Type: "volume", Name: "data", Source: "/var/lib/docker/volumes/data/_data", Target: "/data"}},
		NetworkList: []docker.Network{{Name: "shop_default", IP: "172.18.0.4", Gateway: "172.18.0.1", MAC: "02:42:ac:12:00:04", Aliases: []string{"web", "web-blue"}}},
		Limits:      docker.Limits{Memory: 512 << 20, NanoCPUs: 1500000000, MemorySwap: -1},
		HealthTest:  []string{"CMD", "/web", "-probe"},
		HealthLog: []docker.HealthProbe{{Start: noon.Add(-time.Minute), End: noon.Add(-59 * time.Second), Output: "ok"},
			{Start: noon, End: noon.Add(1200 * time.Millisecond), ExitCode: 1, Output: "503\nupstream down"}},
		Raw: []byte(`{
  "Config": {
    "Env": [
      "PATH=/bin",
      "API_TOKEN=tok-12345",
      "PIN=1"
    ],
    "Cmd": [
      "--token=tok-12345"
    ]
  }
}`),
	}
}
