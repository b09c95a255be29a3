package screen

import (
	"testing"
	"time"
)

func TestSince(t *testing.T) {
	now := time.Now()
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 59*time.Second + 999*time.Millisecond: "59s", time.Minute: "1m", time.Hour: "1h",
		47 * time.Hour: "47h", 48 * time.Hour: "2d", 99 * 24 * time.Hour: "99d", 100 * 24 * time.Hour: "14w",
	} {
		if got := Since(now.Add(-d), now); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
	if Since(time.Time{}, now) != "" {
		t.Error("a moment that is not known has an age")
	}
}

func TestWithin(t *testing.T) {
	for age, want := range map[time.Duration]time.Duration{0: 5 * time.Second, 5 * time.Second: 5 * time.Second, 6 * time.Second: 15 * time.Second,
		30 * time.Second: 30 * time.Second, 31 * time.Second: time.Minute, 59 * time.Second: time.Minute, 61 * time.Second: 2 * time.Minute} {
		if got := Within(age); got != want {
			t.Errorf("within(%v) is %v, want %v", age, got, want)
		}
	}
}
