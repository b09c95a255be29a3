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

// The units of recon are those of whoever wrote the figure.
const (
	inSeconds = time.Second // account and container replication, sharding, sweeps, passes
	inMinutes = time.Minute // object replication and reconstruction
)

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

// parseReplication reads the pass of one kind of server. Object replication came
// first and has its figures twice, under an old and a new name.
func parseReplication(b []byte, kind Kind, skew time.Duration) (Replication, bool, error) {
	var v struct {
		Time       number `json:"replication_time"`
		Last       number `json:"replication_last"`
		ObjectTime number `json:"object_replication_time"`
		ObjectLast number `json:"object_replication_last"`
		Stats      struct {
			Attempted, Success, Failure, Rsync, Diff number
			SuffixSync                               number                       `json:"suffix_sync"`
			RemoteMerge                              number                       `json:"remote_merge"`
			FailureNodes                             map[string]map[string]number `json:"failure_nodes"`
		} `json:"replication_stats"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return Replication{}, false, err
	}
	unit := inSeconds
	if kind == Object {
		unit = inMinutes
		if v.ObjectLast.ok {
			v.Time, v.Last = v.ObjectTime, v.ObjectLast
		}
	}
	r := Replication{Attempted: v.Stats.Attempted.count(), Success: v.Stats.Success.count(), Failure: v.Stats.Failure.count(),
		Synced: v.Stats.Rsync.count() + v.Stats.Diff.count() + v.Stats.RemoteMerge.count()}
	if kind == Object {
		r.Synced = v.Stats.Rsync.count() + v.Stats.SuffixSync.count()
	}
	for ip, devices := range v.Stats.FailureNodes {
		if r.Failing == nil {
			r.Failing = map[string]map[string]int64{}
		}
		ip = fleet.Clean(ip)
		r.Failing[ip] = map[string]int64{}
		for d, n := range devices {
			r.Failing[ip][fleet.Clean(d)] = n.count()
		}
	}
	r.Took, _ = v.Time.span(unit)
	var ok bool
	r.Last, ok = v.Last.moment(skew)
	return r, ok, nil
}

func parseReconstruction(b []byte, skew time.Duration) (Reconstruction, bool, error) {
	var v struct {
		Time number `json:"object_reconstruction_time"`
		Last number `json:"object_reconstruction_last"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return Reconstruction{}, false, err
	}
	took, _ := v.Time.span(inMinutes)
	last, ok := v.Last.moment(skew)
	return Reconstruction{took, last}, ok, nil
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

func parseUpdater(b []byte, kind Kind, skew time.Duration) (Updater, bool, error) {
	var v map[string]json.RawMessage
	if err := json.Unmarshal(b, &v); err != nil {
		return Updater{}, false, err
	}
	var sweep, last number
	var stats struct {
		Count number `json:"failures_account_container_count"`
		Age   number `json:"failures_oldest_timestamp_age"`
	}
	prefix := string(kind) + "_updater_"
	err := errors.Join(field(v, prefix+"sweep", &sweep), field(v, prefix+"last", &last), field(v, prefix+"stats", &stats))
	u := Updater{Failures: stats.Count.count()}
	u.Oldest, _ = stats.Age.span(inSeconds)
	u.Last, u.Told = last.moment(skew)
	took, ok := sweep.span(inSeconds)
	u.Took = took
	return u, ok, err
}

// field reads one key of an object; absence is no error.
func field(v map[string]json.RawMessage, name string, to any) error {
	if raw, ok := v[name]; ok {
		return json.Unmarshal(raw, to)
	}
	return nil
}

func parseAuditor(b []byte, kind Kind, skew time.Duration) (Auditor, bool, error) {
	var v map[string]json.RawMessage
	if err := json.Unmarshal(b, &v); err != nil {
		return Auditor{}, false, err
	}
	if kind == Object {
		return parseObjectAuditor(v["object_auditor_stats_ALL"], skew)
	}
	var took, since, failed number
	prefix := string(kind)
	err := errors.Join(field(v, prefix+"_auditor_pass_completed", &took), field(v, prefix+"_audits_since", &since), field(v, prefix+"_audits_failed", &failed))
	a := Auditor{Errors: failed.count()}
	a.Took, _ = took.span(inSeconds)
	a.Started, _ = since.moment(skew)
	return a, took.ok || since.ok, err
}

// parseObjectAuditor reads the auditor's figures. One that runs a process for each
// disk has them one level deeper, by the names of the disks: they are added up.
func parseObjectAuditor(b json.RawMessage, skew time.Duration) (Auditor, bool, error) {
	if len(b) == 0 || string(b) == "null" {
		return Auditor{}, false, nil
	}
	var v map[string]json.RawMessage
	if err := json.Unmarshal(b, &v); err != nil {
		return Auditor{}, false, err
	}
	if _, flat := v["start_time"]; flat {
		v = map[string]json.RawMessage{"": b}
	}
	var a Auditor
	found := false
	for _, raw := range v {
		var one struct {
			Errors, Quarantined number
			Bytes               number `json:"bytes_processed"`
			Start               number `json:"start_time"`
		}
		if string(raw) == "null" {
			continue
		}
		if err := json.Unmarshal(raw, &one); err != nil {
			return Auditor{}, false, err
		}
		a.Errors += one.Errors.count()
		a.Quarantined += one.Quarantined.count()
		a.Bytes += one.Bytes.count()
		if t, ok := one.Start.moment(skew); ok && (a.Started.IsZero() || t.Before(a.Started)) {
			a.Started = t
		}
		found = true
	}
	return a, found, nil
}

func parseSharding(b []byte, skew time.Duration) (Sharding, bool, error) {
	var v struct {
		Time  number `json:"sharding_time"`
		Last  number `json:"sharding_last"`
		Stats struct {
			Sharding struct {
				Visited    struct{ Failure number }
				Candidates struct{ Found number } `json:"sharding_candidates"`
			}
		} `json:"sharding_stats"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return Sharding{}, false, err
	}
	s := Sharding{Failure: v.Stats.Sharding.Visited.Failure.count(), Candidates: v.Stats.Sharding.Candidates.Found.count()}
	s.Took, _ = v.Time.span(inSeconds)
	last, ok := v.Last.moment(skew)
	s.Last = last
	return s, ok, nil
}

func parseRelinker(b []byte) (Relinker, bool, error) {
	var v struct {
		Devices map[string]struct {
			Done     number `json:"parts_done"`
			Total    number `json:"total_parts"`
			Stats    struct{ Errors number }
			Policies map[string]struct{ Step string }
		}
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return Relinker{}, false, err
	}
	var r Relinker
	for _, d := range v.Devices {
		r.Done += d.Done.count()
		r.Total += d.Total.count()
		r.Errors += d.Stats.Errors.count()
		for _, p := range d.Policies {
			r.Step = max(r.Step, fleet.Clean(p.Step)) // "relink" when some disks are still there
		}
	}
	return r, v.Devices != nil, nil
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

func parseExpirer(b []byte) (Expirer, bool, error) {
	var v struct {
		Pass number `json:"object_expiration_pass"`
		Last number `json:"expired_last_pass"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return Expirer{}, false, err
	}
	took, ok := v.Pass.span(inSeconds)
	return Expirer{took, v.Last.count()}, ok, nil
}

func cleanAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fleet.Clean(s)
	}
	return out
}
