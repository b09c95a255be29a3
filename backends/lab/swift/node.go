package swift

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"
)

// storageNode is one storage node: account, container and object server on one port.
type storageNode struct {
	server
	cluster *Cluster
	name    string
	index   int
	disks   []*disk

	// What faults and the story change, guarded by the cluster's mutex.
	conf    string          // MD5 of a swift.conf that differs, "" for the right one
	stale   map[string]bool // rings of which it has the version before
	missing map[string]bool // rings that it does not have
	skew    time.Duration   // of its clock
	late    time.Duration   // added to the age of its object replication
	fails   map[string]int  // checks that answer with this status
	stuck   map[string]bool // checks that never answer although the node is well
	async   int             // pending updates
	rot     map[string]int  // quarantined, by policy index, "containers", "accounts"
	strays  []string        // further directories below /srv/node
	version string
}

const swiftVersion = "2.33.0"

// handler answers recon as Swift's middleware does.
func (n *storageNode) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := n.cluster
		c.mu.Lock()
		c.ask++
		c.mu.Unlock()
		if c.opts.Powered != nil && !c.opts.Powered(n.name) {
			<-r.Context().Done() // there is nobody
			return
		}
		w.Header().Set("Server", "object-server/"+n.cluster.versionOf(n))
		switch {
		case r.Method == http.MethodOptions:
			w.Header().Set("Allow", "DELETE, GET, HEAD, OPTIONS, POST, PUT, REPLICATE, SSYNC")
			return
		case r.URL.Path == "/healthcheck":
			fmt.Fprint(w, "OK")
			return
		}
		check, isRecon := strings.CutPrefix(r.URL.Path, "/recon/")
		answer := answers[check]
		c.mu.Lock()
		status, stuck := n.fails[check], n.stuck[check]
		var body any
		if isRecon && answer != nil && status == 0 && !stuck {
			body = answer(n, c.now())
		}
		c.mu.Unlock()
		switch {
		case stuck:
			<-r.Context().Done()
		case status != 0:
			http.Error(w, "Internal server error", status)
		case body == nil:
			http.Error(w, "Invalid path: "+r.URL.Path, http.StatusNotFound)
		default:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(body) // fails only when the client has gone
		}
	})
}

func (c *Cluster) versionOf(n *storageNode) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return n.version
}

type object = map[string]any

// answers are the checks, each computed from the clock. The cluster's mutex is held.
var answers = map[string]func(*storageNode, time.Time) any{
	"time":    func(n *storageNode, now time.Time) any { return stamp(now.Add(n.skew)) },
	"version": func(n *storageNode, _ time.Time) any { return object{"version": n.version} },
	"devices": func(n *storageNode, now time.Time) any {
		names := append([]string{}, n.strays...)
		for _, d := range n.disks {
			if d.at(now).state != gone {
				names = append(names, d.name)
			}
		}
		return object{"/srv/node": names}
	},
	"unmounted": func(n *storageNode, now time.Time) any {
		list := []object{}
		for _, d := range n.disks {
			switch s := d.at(now); s.state {
			case unmounted:
				list = append(list, object{"device": d.name, "mounted": false})
			case broken:
				list = append(list, object{"device": d.name, "mounted": ioError(d)})
			}
		}
		for _, s := range n.strays {
			list = append(list, object{"device": s, "mounted": false})
		}
		return list
	},
	"diskusage": func(n *storageNode, now time.Time) any {
		list := []object{}
		for _, d := range n.disks {
			s := d.at(now)
			switch s.state {
			case gone:
			case mounted:
				list = append(list, object{"device": d.name, "mounted": true, "size": d.size, "used": s.used, "avail": d.size - s.used})
			case broken:
				list = append(list, object{"device": d.name, "mounted": ioError(d), "size": "", "used": "", "avail": ""})
			default:
				list = append(list, object{"device": d.name, "mounted": false, "size": "", "used": "", "avail": ""})
			}
		}
		for _, s := range n.strays {
			list = append(list, object{"device": s, "mounted": false, "size": "", "used": "", "avail": ""})
		}
		return list
	},
	"quarantined": func(n *storageNode, _ time.Time) any {
		policies, total := object{}, 0
		for k, v := range n.rot {
			if k == "0" || k == "1" {
				policies[k] = object{"objects": v}
				total += v
			}
		}
		return object{"objects": total, "containers": n.rot["containers"], "accounts": n.rot["accounts"], "policies": policies}
	},
	"async": func(n *storageNode, now time.Time) any { // a cron job counts every five minutes
		return object{"async_pending": n.async, "async_pending_last": n.stamp(now.Truncate(5 * time.Minute).Add(time.Duration(n.index) * 100 * time.Millisecond))}
	},
	"replication/account": func(n *storageNode, now time.Time) any {
		return n.replication(now, "account", 25*time.Second, time.Second)
	},
	"replication/container": func(n *storageNode, now time.Time) any {
		return n.replication(now, "container", 40*time.Second, time.Second)
	},
	"replication/object": func(n *storageNode, now time.Time) any {
		return n.replication(now, "object", time.Duration(35+n.index%20)*time.Minute, time.Minute)
	},
	"reconstruction/object": func(n *storageNode, now time.Time) any {
		last, took := n.pass(now, time.Duration(48+n.index%25)*time.Minute)
		return object{"object_reconstruction_last": n.stamp(last), "object_reconstruction_time": took.Minutes()}
	},
	"ringmd5": func(n *storageNode, _ time.Time) any {
		sums := object{}
		for _, f := range n.cluster.rings {
			switch {
			case n.missing[f.name]:
			case n.stale[f.name] && f.oldMD5 != "":
				sums["/etc/swift/"+f.name+".ring.gz"] = f.oldMD5
			default:
				sums["/etc/swift/"+f.name+".ring.gz"] = f.md5
			}
		}
		return sums
	},
	"swiftconfmd5": func(n *storageNode, _ time.Time) any {
		sum := n.conf
		if sum == "" {
			sum = n.cluster.confMD5
		}
		return object{"/etc/swift/swift.conf": sum}
	},
	"updater/container": func(n *storageNode, _ time.Time) any { return object{"container_updater_sweep": 2.1 + wave(n, 3)} },
	"updater/object":    func(n *storageNode, _ time.Time) any { return object{"object_updater_sweep": 1.4 + wave(n, 4)} },
	"auditor/account": func(n *storageNode, now time.Time) any {
		return object{"account_audits_passed": 210, "account_auditor_pass_completed": 31.5, "account_audits_since": n.stamp(now.Add(-20 * time.Minute)), "account_audits_failed": 0}
	},
	"auditor/container": func(n *storageNode, now time.Time) any {
		return object{"container_audits_passed": 1840, "container_auditor_pass_completed": 244.2, "container_audits_since": n.stamp(now.Add(-31 * time.Minute)), "container_audits_failed": 0}
	},
	"auditor/object": func(n *storageNode, now time.Time) any {
		figures := object{"audit_time": 3180.2, "bytes_processed": int64(48e9), "errors": 0, "passes": 51200, "quarantined": 0, "start_time": n.stamp(now.Add(-53 * time.Minute))}
		return object{"object_auditor_stats_ALL": figures, "object_auditor_stats_ZBF": figures}
	},
	"sharding": func(n *storageNode, now time.Time) any {
		return object{"sharding_stats": object{"sharding": object{"visited": object{"failure": 0}, "sharding_candidates": object{"found": 0, "top": []int{}}}},
			"sharding_time": 1.3, "sharding_last": n.stamp(now.Add(-time.Duration(n.index%30) * time.Second))}
	},
	"relinker": func(*storageNode, time.Time) any { return object{"devices": nil, "workers": nil} },
	"driveaudit": func(n *storageNode, now time.Time) any {
		errors := 0
		for _, d := range n.disks {
			errors += d.at(now).errors
		}
		return object{"drive_audit_errors": errors}
	},
	"expirer/object": func(*storageNode, time.Time) any {
		return object{"object_expiration_pass": 12.4, "expired_last_pass": 31}
	},
	"load": func(n *storageNode, now time.Time) any {
		slow := 4 + 3*math.Sin(float64(now.Unix())/97+float64(n.index)) + 2*wave(n, 5)
		return object{"1m": round2(slow + 1), "5m": round2(slow), "15m": round2(slow - 0.3), "tasks": fmt.Sprintf("%d/%d", 2+n.index%7, 812+n.index), "processes": 40000 + n.index}
	},
	"mem": func(*storageNode, time.Time) any {
		return object{"MemTotal": "131841236 kB", "MemFree": "4120336 kB", "MemAvailable": "96204100 kB"}
	},
	"sockstat": func(n *storageNode, _ time.Time) any {
		return object{"tcp_in_use": 420 + n.index, "orphan": 0, "time_wait": 180, "tcp_mem_allocated_bytes": 1 << 20, "tcp6_in_use": 0}
	},
	"mounted": func(n *storageNode, now time.Time) any {
		list := []object{{"device": "/dev/nvme0n1p2", "path": "/"}}
		for i, d := range n.disks {
			if d.at(now).state == mounted {
				list = append(list, object{"device": fmt.Sprintf("/dev/sd%c1", 'b'+i), "path": "/srv/node/" + d.name})
			}
		}
		return list
	},
}

// ioError is what Python says of a disk that cannot be read.
func ioError(d *disk) string { return "[Errno 5] Input/output error: '/srv/node/" + d.name + "'" }

func stamp(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// stamp is a moment on the node's own clock.
func (n *storageNode) stamp(t time.Time) float64 { return stamp(t.Add(n.skew)) }

func round2(f float64) float64 { return math.Round(f*100) / 100 }

// wave is a number from 0 to 1 that is the same for the same node and purpose.
func wave(n *storageNode, purpose uint64) float64 {
	x := (n.cluster.opts.Seed + uint64(n.index)*0x9e3779b97f4a7c15 + purpose*0xbf58476d1ce4e5b9) * 0x94d049bb133111eb
	x ^= x >> 31
	return float64(x>>11) / (1 << 53)
}

// pass is when the last pass of that length ended: each node is at another point.
func (n *storageNode) pass(now time.Time, length time.Duration) (last time.Time, took time.Duration) {
	phase := time.Duration(wave(n, uint64(length)) * float64(length))
	return now.Add(-phase), length - length/9
}

func (n *storageNode) replication(now time.Time, kind string, length, unit time.Duration) any {
	last, took := n.pass(now, length)
	parts := 0
	for _, f := range n.cluster.rings {
		if strings.HasPrefix(f.name, kind) && f.name != archive {
			for _, d := range n.disks {
				parts += f.parts[n.address+"/"+d.name]
			}
		}
	}
	stats := object{"attempted": parts, "success": 2 * parts, "failure": 0, "rsync": parts / 200, "hashmatch": 2 * parts, "remove": 0}
	failing := object{}
	if kind == "object" {
		last = last.Add(-n.late)
		failures := 0
		for _, victim := range n.cluster.failing(now) {
			if shared := (n.index*7+victim.node.index*3)%11 + 1; victim.node != n && shared > 3 {
				on, _ := failing[victim.node.host()].(object)
				if on == nil {
					on = object{}
					failing[victim.node.host()] = on
				}
				on[victim.name] = shared
				failures += shared
			}
		}
		stats["failure"], stats["suffix_sync"], stats["suffix_count"], stats["suffix_hash"] = failures, parts/300, 3*parts, parts/4
	} else {
		stats["diff"], stats["no_change"], stats["start"] = parts/100, 2*parts, n.stamp(last.Add(-took))
		for _, key := range []string{"deferred", "diff_capped", "empty", "remote_merge", "ts_repl"} {
			stats[key] = 0
		}
	}
	if len(failing) > 0 {
		stats["failure_nodes"] = failing
	}
	out := object{"replication_time": took.Seconds() / unit.Seconds(), "replication_stats": stats, "replication_last": n.stamp(last)}
	if kind == "object" {
		out["object_replication_time"], out["object_replication_last"] = out["replication_time"], out["replication_last"]
	}
	return out
}

// host is the node's IP.
func (n *storageNode) host() string { return n.address[:strings.LastIndexByte(n.address, ':')] }

// failing are the disks that other nodes cannot replicate to.
func (c *Cluster) failing(now time.Time) (out []*disk) {
	for _, n := range c.nodes {
		for _, d := range n.disks {
			if d.at(now).state != mounted {
				out = append(out, d)
			}
		}
	}
	return out
}
