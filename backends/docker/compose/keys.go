package compose

import (
	"slices"
	"strings"
)

// honoured are the keys of a service that become part of the container, each with
// the keys inside it that do. `*` stands for any name, `[]` for an entry of a list.
// Every key that is not here is refused, so that a key which the specification
// gains is never ignored in silence.
var honoured = []string{
	"annotations.*",
	"cap_add", "cap_drop", "cgroup", "cgroup_parent",
	"command", "entrypoint",
	"cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares", "cpus", "cpuset",
	"depends_on.*.condition", "depends_on.*.required",
	"deploy.replicas", "deploy.resources.limits.cpus", "deploy.resources.limits.memory", "deploy.resources.limits.pids",
	"deploy.resources.reservations.memory",
	"device_cgroup_rules", "devices.[].permissions", "devices.[].source", "devices.[].target",
	"dns", "dns_opt", "dns_search", "domainname", "hostname",
	"env_file.[].format", "env_file.[].path", "env_file.[].required", "environment.*",
	"expose", "extends.file", "extends.service", "extra_hosts.*", "group_add",
	"healthcheck.disable", "healthcheck.interval", "healthcheck.retries", "healthcheck.start_interval",
	"healthcheck.start_period", "healthcheck.test", "healthcheck.timeout",
	"image", "init", "ipc", "label_file", "labels.*",
	"logging.driver", "logging.options.*",
	"mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit",
	"network_mode", "networks.*.aliases", "networks.*.driver_opts.*", "networks.*.gw_priority", "networks.*.priority",
	"oom_kill_disable", "oom_score_adj", "pid", "pids_limit",
	"ports.[].app_protocol", "ports.[].host_ip", "ports.[].mode", "ports.[].name", "ports.[].protocol", "ports.[].published", "ports.[].target",
	"privileged", "profiles", "pull_policy", "read_only", "restart", "runtime", "scale", "security_opt", "shm_size",
	"stdin_open", "stop_grace_period", "stop_signal", "storage_opt", "sysctls.*", "tmpfs", "tty",
	"ulimits.*.hard", "ulimits.*.soft", "user", "userns_mode", "uts",
	"volumes.[].bind.create_host_path", "volumes.[].bind.propagation", "volumes.[].bind.recursive",
	"volumes.[].consistency", "volumes.[].read_only", "volumes.[].source", "volumes.[].target", "volumes.[].type",
	"volumes.[].tmpfs.mode", "volumes.[].tmpfs.size", "volumes.[].volume.labels.*", "volumes.[].volume.nocopy", "volumes.[].volume.subpath",
	"working_dir",
}

// refused says why a key is not taken, and what to do instead. A key inside another
// one is looked for from the longest path to the shortest.
var refused = map[string]string{
	"attach":                  "a deploy runs in the background",
	"blkio_config":            "limits of block devices are not supported",
	"build":                   "a deploy takes an image that was pushed: build and push it first, and leave build to another Compose file",
	"configs":                 "they are files of the machine that runs Compose: bake them into the image, or mount them from the host",
	"container_name":          "two colours need two names",
	"cpu_count":               "it is for Windows containers",
	"cpu_percent":             "it is for Windows containers",
	"credential_spec":         "it is for Windows containers",
	"deploy":                  "it is for Swarm; of deploy only replicas: 1 and the limits of resources are taken",
	"develop":                 "it is for development",
	"external_links":          "links are deprecated: use networks",
	"gpus":                    "GPUs are not supported",
	"isolation":               "it is for Windows containers",
	"links":                   "links are deprecated: use networks",
	"mac_address":             "two colours on one network need two addresses",
	"models":                  "models are not supported",
	"networks":                "two colours on one network need two addresses and names",
	"platform":                "push an image of the engine's own platform",
	"post_start":              "hooks are not run: put it into the image's entrypoint",
	"pre_start":               "hooks are not run: put it into the image's entrypoint, or run it as a step of its own before the deploy",
	"pre_stop":                "hooks are not run: handle the stop signal",
	"provider":                "it is no container",
	"pull_refresh_after":      "a deploy pulls exactly the digest that it was given",
	"secrets":                 "they are files of the machine that runs Compose: mount them from the host",
	"umask":                   "it is not supported",
	"use_api_socket":          "it would give the service the engine",
	"volume_driver":           "give the volume a driver under the top-level volumes",
	"volumes":                 "image mounts are not supported",
	"volumes.[].bind.selinux": "label the directory on the host",
	"volumes_from":            "mount the volumes themselves",
	"depends_on":              "a restart with its dependency is not supported",
}

// why says why a path below a service is refused.
func why(path string) string {
	for p := path; p != ""; {
		if reason, ok := refused[p]; ok {
			return reason
		}
		i := strings.LastIndexByte(p, '.')
		p = p[:max(i, 0)]
	}
	return "this version of Ringside does not know it"
}

// leadsTo says whether a path is an honoured key or on the way to one.
func leadsTo(path string) bool {
	return slices.ContainsFunc(honoured, func(k string) bool { return k == path || strings.HasPrefix(k, path+".") })
}
