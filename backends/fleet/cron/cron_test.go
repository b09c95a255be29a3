package cron

import (
	"strings"
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	const layout = "2006-01-02 15:04"
	tokyo := time.FixedZone("JST", 9*3600)
	for _, c := range []struct{ schedule, after, want string }{
		{"15 1 * * *", "2026-11-25 22:30", "2026-11-26 01:15"},
		{"15 1 * * *", "2026-11-25 01:14", "2026-11-25 01:15"},
		{"15 1 * * *", "2026-11-25 01:15", "2026-11-26 01:15"},
		{"*/20 * * * *", "2026-11-25 23:41", "2026-11-26 00:00"},
		{"*/20 * * * *", "2026-11-25 23:20", "2026-11-25 23:40"},
		{"5/20 * * * *", "2026-11-25 23:26", "2026-11-25 23:45"},
		{"0 9-17 * * mon-fri", "2026-11-27 17:00", "2026-11-30 09:00"}, // a Friday
		{"0 0 1,15 * *", "2026-12-15 00:00", "2027-01-01 00:00"},
		{"0 0 13 * fri", "2026-11-25 00:00", "2026-11-27 00:00"}, // either
		{"0 0 29 feb *", "2026-11-25 00:00", "2028-02-29 00:00"},
		{"0 0 * * 7", "2026-11-25 00:00", "2026-11-29 00:00"},
		{"0 0 31 * *", "2026-11-25 00:00", "2026-12-31 00:00"},
	} {
		s, err := Parse(c.schedule)
		if err != nil {
			t.Fatalf("%s: %v", c.schedule, err)
		}
		after, _ := time.ParseInLocation(layout, c.after, tokyo)
		if got := s.Next(after).Format(layout); got != c.want {
			t.Errorf("%s after %s: %s, want %s", c.schedule, c.after, got, c.want)
		}
	}
}

// In the night of the change to summer time 02:30 does not exist; in that of the
// change back it comes twice.
func TestClockChanges(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zone database: ", err)
	}
	s, _ := Parse("30 2 * * *")
	next := s.Next(time.Date(2026, 3, 28, 12, 0, 0, 0, berlin))
	if next.Day() != 29 {
		t.Errorf("the missing 02:30 is at %v", next)
	}
	first := s.Next(time.Date(2026, 10, 25, 0, 0, 0, 0, berlin))
	if second := s.Next(first); second.Sub(first) < 20*time.Hour {
		t.Errorf("02:30 twice: %v and %v", first, second)
	}
}

func TestBadSchedules(t *testing.T) {
	for text, want := range map[string]string{
		"* * * *": "4 fields", "60 * * * *": `minute: "60"`, "* 24 * * *": "hour", "* * 0 * *": "day of the month", "* * * foo *": "month",
		"*/0 * * * *": "the step", "5-1 * * * *": "backwards", "0 0 30 feb *": "no such day", "1-x * * * *": `"x"`,
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
