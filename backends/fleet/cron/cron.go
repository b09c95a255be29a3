// Package cron reads the five fields of a crontab line (minute, hour, day of the
// month, month, day of the week) and tells when it is next.
package cron

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schedule is a crontab line. Each field is a set of numbers, as bits.
type Schedule struct {
	minute, hour, day, month, weekday uint64
	anyDay, anyWeekday                bool // the field was *
}

type field struct {
	name     string
	min, max int
	words    []string // for min, min+1, …
}

var fields = []field{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of the month", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of the week", 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// Parse reads "15 1 * * *", with lists (1,2), ranges (9-17), steps (*/5) and the
// English names of months and days. Day 7 is Sunday, like day 0.
func Parse(text string) (Schedule, error) {
	parts := strings.Fields(text)
	if len(parts) != len(fields) {
		return Schedule{}, fmt.Errorf("it has %d fields instead of 5: minute, hour, day, month, day of the week", len(parts))
	}
	var sets [5]uint64
	for i, f := range fields {
		set, err := f.parse(parts[i])
		if err != nil {
			return Schedule{}, err
		}
		sets[i] = set
	}
	s := Schedule{sets[0], sets[1], sets[2], sets[3], sets[4], strings.HasPrefix(parts[2], "*"), strings.HasPrefix(parts[4], "*")}
	if s.weekday&(1<<7) != 0 {
		s.weekday |= 1
	}
	if s.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("there is no such day")
	}
	return s, nil
}

func (f field) parse(text string) (set uint64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		part, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > f.max {
				return 0, fmt.Errorf("%s: the step %q is not between 1 and %d", f.name, stepText, f.max)
			}
		}
		low, high := f.min, f.max
		if part != "*" {
			from, to, ranged := strings.Cut(part, "-")
			if low, err = f.number(from); err != nil {
				return 0, err
			}
			switch {
			case ranged:
				if high, err = f.number(to); err != nil {
					return 0, err
				}
			case !stepped:
				high = low
			}
			if high < low {
				return 0, fmt.Errorf("%s: %s runs backwards", f.name, part)
			}
		}
		for n := low; n <= high; n += step {
			set |= 1 << n
		}
	}
	return set, nil
}

func (f field) number(s string) (int, error) {
	for i, w := range f.words {
		if strings.EqualFold(s, w) {
			return f.min + i, nil
		}
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < f.min || n > f.max {
		return 0, fmt.Errorf("%s: %q is not between %d and %d", f.name, s, f.min, f.max)
	}
	return n, nil
}

// horizon is as far as Next looks: a 29 February may be eight years away.
const horizon = 9

// Next is the first moment after t, in the time zone of t; zero when there is
// none. A time that the change to summer time leaves out falls to the hour beside
// it; one that comes twice counts once.
func (s Schedule) Next(t time.Time) time.Time {
	year, month, day := t.Date()
	for d := range horizon * 366 {
		date := time.Date(year, month, day+d, 12, 0, 0, 0, t.Location()) // noon exists everywhere
		if !s.on(date) {
			continue
		}
		y, m, dd := date.Date()
		for h := range 24 {
			if s.hour&(1<<h) == 0 {
				continue
			}
			for min := range 60 {
				if s.minute&(1<<min) == 0 {
					continue
				}
				if next := time.Date(y, m, dd, h, min, 0, 0, t.Location()); next.After(t) {
					return next
				}
			}
		}
	}
	return time.Time{}
}

// on says whether a date is one of the schedule's. As in every cron, a day of the
// month and a day of the week that are both given are alternatives.
func (s Schedule) on(date time.Time) bool {
	_, month, day := date.Date()
	if s.month&(1<<int(month)) == 0 {
		return false
	}
	byDay, byWeekday := s.day&(1<<day) != 0, s.weekday&(1<<int(date.Weekday())) != 0
	if s.anyDay || s.anyWeekday {
		return byDay && byWeekday
	}
	return byDay || byWeekday
}
