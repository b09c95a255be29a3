package compose

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/compose-spec/compose-go/v2/tree"
)

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop", "compose.yaml")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, text string) (*Container, error) {
	t.Helper()
	return Read(t.Context(), Source{File: write(t, text), Service: "web", Vars: map[string]string{"RINGSIDE_COLOUR": "green", "RINGSIDE_PORT": "19002"}})
}

// Every key of a service that the specification has is either honoured or refused
// with a reason of its own.
func TestEveryKey(t *testing.T) {
	n := 0
	for _, p := range schema.AttributePaths() {
		key, ok := strings.CutPrefix(string(p), "services.*.")
		if !ok {
			continue
		}
		n++
		if !leadsTo(key) && strings.Contains(why(key), "does not know") {
			t.Errorf("%s is neither honoured nor refused by name", key)
		}
	}
	for _, key := range honoured {
		if !slices.ContainsFunc(schema.AttributePaths(), func(p tree.Path) bool { return string(p) == "services.*."+key }) {
			t.Errorf("%s is honoured, and the specification does not have it", key)
		}
	}
	if n < 300 {
		t.Errorf("%d keys: the test does not see the specification", n)
	}
}

func TestReads(t *testing.T) {
	t.Setenv("WEB_TOKEN", "s3cret")
	path := write(t, `
name: shop
services:
  db:
    image: postgres:16
    environment: {PASSWORD: "${NOT_SET_AND_NOT_OURS}"}
  web:
    image: team/web:latest
    entrypoint: [/app]
    command: -listen :8080 -colour ${RINGSIDE_COLOUR}
    environment:
      TOKEN: ${WEB_TOKEN}
      MODE: ${MODE:-fast}
      FROM_DOTENV: ${DOTENV}
    env_file: web.env
    labels: {team: web}
    ports: ["8080"]
    expose: ["9090"]
    networks:
      default: {aliases: [front], priority: 10}
      metrics:
    volumes:
      - /srv/web:/data:ro
      - cache:/cache
      - type: tmpfs
        target: /scratch
        tmpfs: {size: 64m}
    healthcheck: {test: [CMD, /app, -probe], interval: 2s, timeout: 1s, retries: 3, start_period: 5s}
    restart: on-failure:3
    stop_grace_period: 1m30s
    deploy: {resources: {limits: {cpus: "1.5", memory: 256M, pids: 99}}}
    depends_on: {db: {condition: service_healthy}}
    cap_drop: [ALL]
    read_only: true
    ulimits: {nofile: {soft: 1024, hard: 2048}, nproc: 64}
    extra_hosts: ["a.example:10.0.0.1"]
    logging: {driver: json-file, options: {max-size: 10m}}
    user: "1000:1000"
    init: true
    x-team: anything
networks:
  metrics: {external: true, name: prometheus}
volumes:
  cache: {driver_opts: {type: tmpfs}}
`)
	os.WriteFile(filepath.Join(filepath.Dir(path), ".env"), []byte("DOTENV=yes\nWEB_TOKEN=never\n"), 0o644)
	os.WriteFile(filepath.Join(filepath.Dir(path), "web.env"), []byte("FILE_VAR=1\n"), 0o644)
	c, err := Read(t.Context(), Source{File: path, Service: "web", Vars: map[string]string{"RINGSIDE_COLOUR": "green"}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Image != "team/web:latest" || c.Port != 8080 {
		t.Errorf("image %q, port %d", c.Image, c.Port)
	}
	b, _ := json.Marshal(c.Spec)
	for _, want := range []string{
		`"Cmd":["-listen",":8080","-colour","green"]`, `"Entrypoint":["/app"]`,
		`"Env":["FILE_VAR=1","FROM_DOTENV=yes","MODE=fast","TOKEN=s3cret"]`, `"Labels":{"team":"web"}`, `"User":"1000:1000"`, `"StopTimeout":90`,
		`"ExposedPorts":{"8080/tcp":{},"9090/tcp":{}}`, `"PortBindings":null`,
		`"Healthcheck":{"Test":["CMD","/app","-probe"],"Interval":2000000000,"Timeout":1000000000,"StartPeriod":5000000000,"Retries":3}`,
		`"NanoCpus":1500000000`, `"Memory":268435456`, `"PidsLimit":99`, `"CapDrop":["ALL"]`, `"ReadonlyRootfs":true`, `"Init":true`,
		`"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3}`, `"ExtraHosts":["a.example:10.0.0.1"]`,
		`{"Name":"nofile","Hard":2048,"Soft":1024},{"Name":"nproc","Hard":64,"Soft":64}`, `"LogConfig":{"Type":"json-file","Config":{"max-size":"10m"}}`,
		`"Source":"/srv/web","Target":"/data","ReadOnly":true`, `"Source":"shop_cache","Target":"/cache"`, `"Options":{"type":"tmpfs"}`, `"SizeBytes":67108864`,
		`"NetworkMode":"shop_default"`, `"Aliases":["front"]`, `"prometheus":{`,
		`"Needs":[{"Project":"shop","Service":"db","Condition":"service_healthy"}]`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in\n%s", want, b)
		}
	}
}

func TestHostNetwork(t *testing.T) {
	c, err := read(t, "services:\n  web:\n    image: a\n    network_mode: host\n    command: [\"-listen\", \"127.0.0.1:${RINGSIDE_PORT}\"]\n")
	if err != nil || !c.HostNetwork() || len(c.Networks) > 0 || c.Config.Cmd[1] != "127.0.0.1:19002" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"build":          {"build: .", "compose.yaml:4:5: build of service web cannot be taken: a deploy takes an image"},
		"name":           {"container_name: web", "compose.yaml:4:5: container_name of service web cannot be taken: two colours need two names"},
		"secrets":        {"secrets: [a]\nsecrets: {a: {file: a}}", "secrets"},
		"published":      {"ports: ['8080:80']", "both colours would publish 8080: write only the port inside (80) here"},
		"address":        {"ports: ['127.0.0.1::80']", "the address 127.0.0.1 belongs to ports: {ip}"},
		"two ports":      {"ports: ['80', '81']", "a service has one port behind its proxy, and here are 80 and 81"},
		"udp":            {"ports: ['53/udp']", "53/udp is not switched by a proxy of HTTP"},
		"relative":       {"volumes: ['./data:/data']", "is relative to the Compose file"},
		"fixed address":  {"networks: {default: {ipv4_address: 10.0.0.9}}", "networks.default.ipv4_address of service web cannot be taken: two colours on one network need two addresses"},
		"of a service":   {"network_mode: 'container:db'", "a colour must be able to run without another container"},
		"replicas":       {"deploy: {replicas: 3}", "a colour has one container on each engine, and here are 3"},
		"scale":          {"scale: 2", "here are 2"},
		"swarm":          {"deploy: {mode: global}", "deploy.mode of service web cannot be taken: it is for Swarm"},
		"pull":           {"pull_policy: never", "a deploy pulls the image by its digest"},
		"variable":       {"environment: {A: '${NOT_SET_ANYWHERE}'}", "compose.yaml:3:3: the variable NOT_SET_ANYWHERE is not set; write ${NOT_SET_ANYWHERE:-} where empty is meant"},
		"no value":       {"environment: [NOT_SET_ANYWHERE]", "environment.NOT_SET_ANYWHERE of service web cannot be taken: the variable is not set"},
		"required":       {"environment: {A: '${NOT_SET_ANYWHERE:?say it}'}", "required variable NOT_SET_ANYWHERE is missing a value: say it"},
		"two limits":     {"mem_limit: 1g\n    deploy: {resources: {limits: {memory: 2g}}}", "can't set distinct values on 'mem_limit' and 'deploy.resources.limits.memory'"},
		"unknown":        {"zebra: 1", "zebra"},
		"devices":        {"gpus: all", "GPUs are not supported"},
		"image mount":    {"volumes: [{type: image, source: a, target: /a}]", "mounts of type image are not supported"},
		"no such volume": {"volumes: ['nowhere:/a']", "nowhere"},
		"no such net":    {"networks: [nowhere]", "nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			line, more, _ := strings.Cut(c.text, "\nsecrets:")
			text := "services:\n  # a comment\n  web:\n    " + line + "\n    image: a\n"
			if more != "" {
				text += "secrets:" + more + "\n"
			}
			_, err := read(t, text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
	for text, want := range map[string]string{
		"services: {db: {image: a}}": "no such service: web",
		"services: [":                "compose.yaml",
		"":                           "compose.yaml",
	} {
		if _, err := read(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Read(t.Context(), Source{File: "/no/such/compose.yaml", Service: "web"}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
}
