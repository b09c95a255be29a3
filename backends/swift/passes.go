package swift

import (
	"encoding/json"
	"errors"
	"time"

	"ringside/backends/fleet"
)

// What the background daemons say of their last passes. The units are those of
// whoever wrote the figure.
const (
	inSeconds = time.Second // account and container replication, sharding, sweeps, audits
	inMinutes = time.Minute // object replication and reconstruction
)

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
