package command

import (
	"slices"
	"testing"
)

func TestFit(t *testing.T) {
	heads := []head{{title: "ENGINE"}, {title: "IMAGE", flex: true}, {title: "PORTS", flex: true, drop: 2}, {title: "RST", drop: 1}}
	rows := [][]cell{
		{{text: "tokyo-1"}, {text: "registry.tyo.example:5000/team/web:1.9.1"}, {text: "8080->80/tcp, 443/tcp"}, {text: "12"}},
		{{text: "東京"}, {text: "redis"}, {}, {}},
	}
	for room, want := range map[int][]int{
		0:   {7, 40, 21, 3}, // no terminal: nothing is cut
		200: {7, 40, 21, 3},
		70:  {7, 38, 16, 3},
		60:  {7, 28, 16, 3},
		40:  {7, 26, -1, 3},
		20:  {7, 16, -1, -1},
	} {
		if got := fit(heads, rows, room); !slices.Equal(got, want) {
			t.Errorf("%d columns: %v, want %v", room, got, want)
		}
	}
}
