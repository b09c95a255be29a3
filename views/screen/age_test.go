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
