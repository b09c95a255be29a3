package screen

import (
	"testing"
	"time"
)

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 59*time.Second + 999*time.Millisecond: "59s", time.Minute: "1m", time.Hour: "1h",
		47 * time.Hour: "47h", 48 * time.Hour: "2d", 99 * 24 * time.Hour: "99d", 100 * 24 * time.Hour: "14w",
	} {
		if got := Age(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
	now := time.Now()
	if Since(time.Time{}, now) != "" || Since(now.Add(-2*time.Hour), now) != "2h" {
		t.Error("since")
	}
}
