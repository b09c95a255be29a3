package swift

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"ringside/backends/fleet"
)

// Everything here reads one answer of recon: pure functions from bytes to facts.
// A second result of false means null: the daemon never ran, or its cache file is
// broken; the two look the same.

var errShape = errors.New("the answer has an unknown shape")

// number is any JSON number, null or absent. Python writes some counts as floats.
type number struct {
	v  float64
	ok bool
}

func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.IsInf(v, 0) {
		return fmt.Errorf("%w: %.20s is no number", errShape, b)
	}
	n.v, n.ok = v, true
	return nil
}

// count is a number of things; what no counter can hold is unknown.
func (n number) count() int64 {
	if !n.counts() {
		return 0
	}
	return int64(n.v)
}

// counts says whether the number counts something.
func (n number) counts() bool { return n.ok && n.v >= 0 && n.v <= 1<<53 }

// span is a duration in the given unit; ok is false when there is none.
func (n number) span(unit time.Duration) (time.Duration, bool) {
	if !n.ok || n.v < 0 || n.v*unit.Seconds() > 1e9 {
		return 0, false
	}
	return time.Duration(n.v * float64(unit)), true
}

// moment is a time in seconds since 1970 on the node's clock, put onto ours.
func (n number) moment(skew time.Duration) (time.Time, bool) {
	if !n.ok || n.v <= 0 || n.v > 1e11 {
		return time.Time{}, false
	}
	s, frac := math.Modf(n.v)
	return time.Unix(int64(s), int64(frac*1e9)).Add(-skew), true
}

func parseTime(b []byte) (time.Time, bool, error) {
	var n number
	if err := json.Unmarshal(b, &n); err != nil {
		return time.Time{}, false, err
	}
	t, ok := n.moment(0)
	return t, ok, nil
}

func parseVersion(b []byte) (string, bool, error) {
	var v struct{ Version *string }
	if err := json.Unmarshal(b, &v); err != nil || v.Version == nil {
		return "", false, err
	}
	return fleet.Clean(*v.Version), true, nil
}

func parseDirectories(b []byte) (Directories, bool, error) {
	var v map[string]*[]string
	if err := json.Unmarshal(b, &v); err != nil {
		return Directories{}, false, err
	}
	for root, names := range v { // there is exactly one
		d := Directories{Root: fleet.Clean(root), Readable: names != nil}
		if names != nil {
			d.Names = cleanAll(*names)
			slices.Sort(d.Names)
		}
		return d, true, nil
	}
	return Directories{}, false, nil
}

// mounted is true, false, or the error that asking gave.
type mounted struct {
	yes   bool
	fault string
}

func (m *mounted) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &m.yes) == nil {
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("%w: mounted is neither true nor false nor text", errShape)
	}
	m.fault = cmp.Or(fleet.Clean(text), "error")
	return nil
}

func parseUnmounted(b []byte) ([]Mount, bool, error) {
	var v []struct {
		Device  string
		Mounted mounted
	}
	if err := json.Unmarshal(b, &v); err != nil || v == nil {
		return nil, false, err
	}
	out := []Mount{}
	for _, d := range v {
		if !d.Mounted.yes {
			out = append(out, Mount{fleet.Clean(d.Device), d.Mounted.fault})
		}
	}
	return out, true, nil
}

// size is a number of bytes, or "" for a disk that is not mounted.
type size struct{ number }

func (s *size) UnmarshalJSON(b []byte) error {
	if string(b) == `""` {
		return nil
	}
	return s.number.UnmarshalJSON(b)
}

func parseUsage(b []byte) ([]Usage, bool, error) {
	var v []struct {
		Device            string
		Mounted           mounted
		Size, Used, Avail size
	}
	if err := json.Unmarshal(b, &v); err != nil || v == nil {
		return nil, false, err
	}
	out := make([]Usage, 0, len(v))
	for _, d := range v {
		u := Usage{Device: fleet.Clean(d.Device), Mounted: d.Mounted.yes && d.Size.ok, Fault: d.Mounted.fault}
		if u.Mounted {
			u.Size, u.Used, u.Avail = d.Size.count(), d.Used.count(), d.Avail.count()
		}
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b Usage) int { return cmp.Compare(a.Device, b.Device) })
	return out, true, nil
}

func parseQuarantined(b []byte) (Quarantined, bool, error) {
	var v struct {
		Accounts, Containers, Objects number
		Policies                      map[string]struct{ Objects number }
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return Quarantined{}, false, err
	}
	q := Quarantined{Accounts: v.Accounts.count(), Containers: v.Containers.count(), Objects: v.Objects.count(), Policies: map[int]int64{}}
	for index, p := range v.Policies {
		if i, err := strconv.Atoi(index); err == nil {
			q.Policies[i] = p.Objects.count()
		}
	}
	return q, v.Objects.counts(), nil
}

func parseAsync(b []byte, skew time.Duration) (Async, bool, error) {
	var v struct {
		Pending number `json:"async_pending"`
		Last    number `json:"async_pending_last"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return Async{}, false, err
	}
	a := Async{Pending: v.Pending.count()}
	a.Counted, _ = v.Last.moment(skew)
	return a, v.Pending.counts(), nil
}

// parseRingMD5 names rings by their file: "/etc/swift/object-1.ring.gz" is
// "object-1". A file that the node cannot read has null, which becomes "".
func parseRingMD5(b []byte) (map[string]string, bool, error) {
	var v map[string]*string
	if err := json.Unmarshal(b, &v); err != nil || v == nil {
		return nil, false, err
	}
	out := make(map[string]string, len(v))
	for file, sum := range v {
		name := strings.TrimSuffix(path.Base(fleet.Clean(file)), ".ring.gz")
		out[name] = ""
		if sum != nil {
			out[name] = fleet.Clean(*sum)
		}
	}
	return out, true, nil
}

func parseConfMD5(b []byte) (string, bool, error) {
	var v map[string]*string
	if err := json.Unmarshal(b, &v); err != nil {
		return "", false, err
	}
	for _, sum := range v { // there is exactly one, whatever swift_dir says
		if sum != nil {
			return fleet.Clean(*sum), true, nil
		}
	}
	return "", false, nil
}

func parseLoad(b []byte) (Load, bool, error) {
	var v map[string]json.RawMessage
	if err := json.Unmarshal(b, &v); err != nil {
		return Load{}, false, err
	}
	var one, five, fifteen number
	err := errors.Join(field(v, "1m", &one), field(v, "5m", &five), field(v, "15m", &fifteen))
	return Load{one.v, five.v, fifteen.v}, one.ok, err
}

func parseMemory(b []byte) (Memory, bool, error) {
	var v struct{ MemTotal, MemAvailable string }
	if err := json.Unmarshal(b, &v); err != nil {
		return Memory{}, false, err
	}
	total, ok := kilobytes(v.MemTotal)
	available, known := kilobytes(v.MemAvailable)
	return Memory{total, available}, ok && known, nil
}

// kilobytes reads "24684084 kB" into bytes.
func kilobytes(s string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSuffix(s, " kB"), 10, 44)
	return n << 10, err == nil && n >= 0
}

func parseSockets(b []byte) (Sockets, bool, error) {
	var v struct {
		InUse    number `json:"tcp_in_use"`
		TimeWait number `json:"time_wait"`
		Orphan   number
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return Sockets{}, false, err
	}
	return Sockets{v.InUse.count(), v.TimeWait.count(), v.Orphan.count()}, v.InUse.ok, nil
}

func parseDriveErrors(b []byte) (int64, bool, error) {
	var v struct {
		Errors json.RawMessage `json:"drive_audit_errors"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return 0, false, err
	}
	var n number
	if len(v.Errors) == 0 || bytes.Equal(v.Errors, []byte("null")) {
		return 0, false, nil
	}
	if err := json.Unmarshal(v.Errors, &n); err != nil {
		return 0, false, err
	}
	return n.count(), n.ok, nil
}

func cleanAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fleet.Clean(s)
	}
	return out
}
