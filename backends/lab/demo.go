package lab

import (
	"slices"
	"time"
)

var siteNotes = map[string]string{"tokyo": "東京", "shanghai": "上海"}

const (
	day   = 24 * time.Hour
	tokyo = "registry.tyo.example:5000/"
	china = "registry.sha.example:5000/"
)

// kinds are what the demo's services are made of. A row of the catalogue names a
// kind and changes what is special about it.
var kinds = map[string]ContainerSpec{
	"web": {
		Image: "team/web", Command: []string{"nginx", "-g", "daemon off;"}, Logs: "nginx", LogRate: 3, Policy: "unless-stopped", Takes: 300 * time.Millisecond,
		Env: []string{"BACKEND=http://api:8080", "TZ=Asia/Tokyo"}, Ports: []PortSpec{{Public: 8080, Private: 80}, {Private: 443}},
		Mounts: []MountSpec{{Type: "bind", Source: "/srv/web/nginx.conf", Target: "/etc/nginx/nginx.conf", ReadOnly: true}},
		Health: &HealthSpec{Test: []string{"CMD-SHELL", "curl -fsS http://127.0.0.1/healthz"}}, CPUs: 1, Memory: 512 << 20,
		Load: Load{CPU: 0.12, Memory: 60 << 20, Net: 180e3, PIDs: 5},
	},
	"api": {
		Image: "team/api", Command: []string{"/app/server", "-listen", ":8080"}, Logs: "go", LogRate: 2, Policy: "unless-stopped", Takes: 700 * time.Millisecond,
		Env:    []string{"DB_HOST=db", "DB_USER=orders", "DB_PASSWORD=correct-horse-battery", "API_TOKEN=tok_live_51Hx8", "LOG_LEVEL=info"},
		Ports:  []PortSpec{{Public: 9000, Private: 8080}},
		Health: &HealthSpec{Test: []string{"CMD", "/app/server", "-probe"}, Interval: 15 * time.Second}, CPUs: 2, Memory: 1 << 30,
		Load: Load{CPU: 0.45, Memory: 210 << 20, Net: 90e3, PIDs: 14},
	},
	"worker": {
		Image: "team/worker", Command: []string{"/app/worker", "-queues", "orders,mail"}, Logs: "go", LogRate: 1, Policy: "always", Takes: 2 * time.Second, Shells: []string{},
		Env:  []string{"QUEUE_URL=amqp://worker:s3cret@queue:5672/", "DB_PASSWORD=correct-horse-battery"},
		Load: Load{CPU: 0.3, Memory: 140 << 20, Net: 30e3, PIDs: 9}, Memory: 768 << 20,
	},
	"java": {
		Image: "team/billing", Command: []string{"java", "-XX:MaxRAMPercentage=75", "-jar", "/app/billing.jar"}, Logs: "java", LogRate: 0.8, Policy: "unless-stopped", Takes: 4 * time.Second, OnTerm: 143,
		Env:   []string{"SPRING_DATASOURCE_URL=jdbc:postgresql://billing:p4ss@db:5432/billing", "SPRING_DATASOURCE_PASSWORD=p4ss", "JAVA_TOOL_OPTIONS=-Xss512k"},
		Ports: []PortSpec{{Public: 8443, Private: 8443}}, Health: &HealthSpec{Test: []string{"CMD-SHELL", "wget -qO- http://127.0.0.1:8443/actuator/health"}, Interval: 30 * time.Second},
		CPUs: 4, Memory: 2 << 30, Load: Load{CPU: 0.7, Memory: 1100 << 20, Net: 40e3, PIDs: 61}, Shells: []string{"bash", "sh"},
	},
	"db": {
		Image: "postgres:16.4", Command: []string{"postgres", "-c", "max_connections=300"}, Logs: "postgres", LogRate: 0.7, Policy: "unless-stopped", Takes: time.Second,
		Env:    []string{"POSTGRES_USER=orders", "POSTGRES_PASSWORD=correct-horse-battery", "PGDATA=/var/lib/postgresql/data"},
		Ports:  []PortSpec{{Public: 5432, Private: 5432, IP: "127.0.0.1"}},
		Mounts: []MountSpec{{Name: "db-data", Target: "/var/lib/postgresql/data"}, {Type: "bind", Source: "/srv/backup", Target: "/backup"}},
		Health: &HealthSpec{Test: []string{"CMD-SHELL", "pg_isready -U orders"}}, Memory: 4 << 30, Load: Load{CPU: 0.35, Memory: 1600 << 20, Disk: 600e3, PIDs: 23}, Shells: []string{"bash", "sh"},
	},
	"cache": {
		Image: "redis:7.4-alpine", Command: []string{"redis-server", "--save", "300", "100"}, Logs: "redis", LogRate: 0.05, Policy: "unless-stopped",
		Ports: []PortSpec{{Private: 6379}}, Mounts: []MountSpec{{Name: "cache-data", Target: "/data"}}, Memory: 256 << 20, Load: Load{CPU: 0.04, Memory: 96 << 20, PIDs: 5},
	},
	"queue": {
		Image: "rabbitmq:3.13-management", Command: []string{"rabbitmq-server"}, Logs: "rabbit", LogRate: 0.2, Policy: "unless-stopped", Takes: 3 * time.Second,
		Env:   []string{"RABBITMQ_DEFAULT_USER=worker", "RABBITMQ_DEFAULT_PASS=s3cret", "RABBITMQ_ERLANG_COOKIE=QWERTYUIOP"},
		Ports: []PortSpec{{Private: 5672}, {Public: 15672, Private: 15672}}, Mounts: []MountSpec{{Name: "queue-data", Target: "/var/lib/rabbitmq"}},
		Health: &HealthSpec{Test: []string{"CMD", "rabbitmq-diagnostics", "-q", "ping"}, Interval: 30 * time.Second}, Load: Load{CPU: 0.18, Memory: 340 << 20, PIDs: 32}, Shells: []string{"bash", "sh"},
	},
	"cron": {
		Image: "team/jobs", Command: []string{"/app/jobs", "run", "nightly"}, Logs: "cron", LogRate: 0.5, Policy: "no",
		Env: []string{"S3_SECRET_ACCESS_KEY=wJalrXUtnFEMI", "S3_BUCKET=reports"}, Load: Load{CPU: 0.6, Memory: 90 << 20, PIDs: 3},
	},
	"job": {Image: "team/api", Command: []string{"/app/server", "migrate", "up"}, Logs: "go", LogRate: 4, State: exited, Env: []string{"DB_PASSWORD=correct-horse-battery"}},
	"dev": {Image: "team/web", Command: []string{"npm", "run", "dev"}, Logs: "colour", LogRate: 0.6, TTY: true, Ports: []PortSpec{{Public: 5173, Private: 5173}}, Load: Load{CPU: 0.2, Memory: 380 << 20, PIDs: 24}, Shells: []string{"bash", "sh"}},
	"tool": {
		Image: "prom/node-exporter:v1.9.1", Command: []string{"/bin/node_exporter", "--path.rootfs=/host"}, Policy: "always", Networks: []string{"host"},
		Mounts: []MountSpec{{Type: "bind", Source: "/", Target: "/host", ReadOnly: true}}, Load: Load{CPU: 0.01, Memory: 18 << 20, PIDs: 6},
	},
}

// row is one container of the demo. The image of a kind whose image has no tag
// is the team's own and comes from the site's registry with the row's tag.
type row struct {
	project, service, kind, tag string
	age, up                     time.Duration
	change                      func(*ContainerSpec)
}

func (r row) spec(registry string) ContainerSpec {
	s := kinds[r.kind]
	s.Name, s.Project, s.Service = r.service, r.project, r.service
	if r.project != "" {
		s.Name = r.project + "-" + r.service + "-1"
	}
	if r.tag != "" {
		s.Image = registry + s.Image + ":" + r.tag
	}
	s.Age, s.Up = r.age, r.up
	if r.change != nil {
		r.change(&s)
	}
	return s
}

var demoEngines = []struct {
	EngineOptions
	registry string
	rows     []row
}{
	{EngineOptions{Name: "tokyo-1", Host: "sw151", Site: "tokyo", Environment: "production", Version: "28.5.1", API: "1.51", CPUs: 16, Memory: 64 << 30}, tokyo, []row{
		{"shop", "web-blue", "web", "1.9.1", 9 * day, 9 * day, colour("web", "blue", "01k9q2m4xt7a3")},
		{"shop", "web-green", "web", "1.9.2", 22 * time.Minute, 22 * time.Minute, colour("web", "green", "01kb01hv3nq8d", published(8081))},
		{"shop", "api", "api", "3.2.0", 6 * day, 6 * day, ailing},
		{"shop", "worker", "worker", "3.2.0", 6 * day, 31 * time.Hour, nil},
		{"shop", "db", "db", "", 41 * day, 41 * day, nil},
		{"shop", "cache", "cache", "", 41 * day, 41 * day, nil},
		{"shop", "queue", "queue", "", 41 * day, 12 * day, nil},
		{"shop", "migrate", "job", "3.2.0", 6 * day, 6*day - 40*time.Second, nil},
		{"shop", "nightly", "cron", "2.0.4", 14 * day, 50 * time.Second, everyMinutes},
		{"", "node-exporter", "tool", "", 41 * day, 41 * day, nil},
	}},
	{EngineOptions{Name: "tokyo-2", Host: "sw152", Site: "tokyo", Environment: "production", Version: "20.10.24", API: "1.41", CPUs: 8, Memory: 32 << 30}, tokyo, []row{
		{"billing", "app", "java", "5.0.2", 17 * day, 17 * day, nil},
		{"billing", "invoices", "worker", "3.1.7", 17 * day, 3 * time.Hour, crashing},
		{"billing", "db", "db", "", 80 * day, 17 * day, nil},
		{"billing", "cache", "cache", "", 80 * day, 17 * day, nil},
		{"billing", "report", "cron", "2.0.4", 3 * day, 5 * time.Hour, killed},
		{"billing", "migrate", "job", "5.0.2", 17 * day, 17*day - time.Minute, nil},
		{"search", "api", "api", "1.4.0", 8 * day, 8 * day, colour("search", "blue", "01k9rzt8m2c5f", published(9001))},
		{"search", "indexer", "worker", "1.4.0", 8 * day, 40 * time.Minute, leaking},
		{"", "node-exporter", "tool", "", 80 * day, 80 * day, nil},
	}},
	{EngineOptions{Name: "tokyo-test", Host: "sw153", Site: "tokyo", Environment: "verification", Version: "29.1.3", API: "1.52", CPUs: 8, Memory: 32 << 30}, tokyo, []row{
		{"shop", "web", "web", "1.9.2", 2 * day, 26 * time.Hour, nil},
		{"shop", "api", "api", "3.3.0-rc1", 26 * time.Hour, 26 * time.Hour, nil},
		{"shop", "worker", "worker", "3.3.0-rc1", 26 * time.Hour, 26 * time.Hour, nil},
		{"shop", "db", "db", "", 9 * day, 9 * day, nil},
		{"shop", "cache", "cache", "", 9 * day, 9 * day, nil},
		{"shop", "migrate", "job", "3.3.0-rc1", 26 * time.Hour, 26 * time.Hour, failed},
		{"load", "generator", "worker", "0.9.0", 4 * time.Hour, 4 * time.Hour, frozen},
	}},
	{EngineOptions{Name: "shanghai-1", Host: "sw231", Site: "shanghai", Environment: "production", Version: "27.5.1", API: "1.47", CPUs: 16, Memory: 64 << 30}, china, []row{
		{"shop", "web-blue", "web", "1.9.1", 8 * day, 8 * day, nil},
		{"shop", "api", "api", "3.2.0", 5 * day, 5 * day, nil},
		{"shop", "worker", "worker", "3.2.0", 5 * day, 5 * day, nil},
		{"shop", "db", "db", "", 60 * day, 20 * day, nil},
		{"shop", "cache", "cache", "", 60 * day, 20 * day, nil},
		{"shop", "queue", "queue", "", 60 * day, 20 * day, nil},
		{"shop", "nightly", "cron", "2.0.4", 11 * day, 4 * time.Hour, func(s *ContainerSpec) { s.State = exited }},
		{"", "node-exporter", "tool", "", 60 * day, 60 * day, nil},
	}},
	{EngineOptions{Name: "shanghai-dev", Host: "sw232", Site: "shanghai", Environment: "development", Version: "29.1.3", API: "1.52", CPUs: 4, Memory: 16 << 30}, china, []row{
		{"eval-tanaka", "web", "dev", "2.0.0-alpha", 5 * time.Hour, 5 * time.Hour, japanese},
		{"eval-tanaka", "api", "api", "4.0.0-alpha", 5 * time.Hour, 5 * time.Hour, nil},
		{"eval-tanaka", "db", "db", "", 5 * time.Hour, 5 * time.Hour, nil},
		{"eval-wang", "api", "api", "3.3.0-rc1", 3 * day, 3 * day, published(9002)},
		{"eval-wang", "cache", "cache", "", 3 * day, 3 * day, nil},
		{"eval-wang", "worker", "worker", "3.3.0-rc1", 3 * day, 2 * day, func(s *ContainerSpec) { s.State, s.OnTerm = exited, 0 }},
		{"", "scratch", "job", "3.3.0-rc1", 10 * time.Minute, 10 * time.Minute, func(s *ContainerSpec) { s.State = created }},
	}},
}

// What is special about some rows.

func published(public uint16) func(*ContainerSpec) {
	return func(s *ContainerSpec) {
		s.Ports = slices.Clone(s.Ports)
		s.Ports[0].Public = public
	}
}

func ailing(s *ContainerSpec) {
	h := *s.Health
	h.Status = unhealthy
	s.Health = &h
	s.Life = Life{UnhealthyEvery: 7 * time.Minute, UnhealthyFor: 2 * time.Minute}
}

func crashing(s *ContainerSpec) {
	s.State, s.ExitCode, s.Restarts = restarting, 2, 214
	s.Life = Life{CrashEvery: 6 * time.Second, CrashCode: 2}
}

func everyMinutes(s *ContainerSpec) {
	s.Life = Life{RunEvery: 3 * time.Minute, RunFor: 90 * time.Second}
}

func killed(s *ContainerSpec) { s.State, s.ExitCode, s.OOM = exited, 137, true }
func failed(s *ContainerSpec) { s.State, s.ExitCode = exited, 1 }
func frozen(s *ContainerSpec) { s.State = paused }

func leaking(s *ContainerSpec) {
	s.Memory, s.Restarts = 512<<20, 3
	s.Load = Load{CPU: 0.5, Memory: 120 << 20, Leak: 480 << 20, Disk: 900e3, PIDs: 11}
}

func japanese(s *ContainerSpec) {
	s.Labels = map[string]string{"owner": "田中", "purpose": "新しい画面の評価 🎌", "ringside.until": "2030-01-31"}
}

// Demo is the fleet of ringside demo: two sites, five engines, forty-one
// containers.
func Demo() []EngineOptions {
	out := make([]EngineOptions, len(demoEngines))
	for i, d := range demoEngines {
		out[i] = d.EngineOptions
		for _, r := range d.rows {
			out[i].Containers = append(out[i].Containers, r.spec(d.registry))
		}
	}
	return out
}

// demoServices are the services of the demo. The first has both colours up, so that
// it can be swapped at once; every act can be tried with the tags below.
var demoServices = []ServiceOptions{
	{Name: "web", Engines: []string{"tokyo-1"}, Image: tokyo + "team/web", Rate: 8},
	{Name: "search", Engines: []string{"tokyo-2"}, Image: tokyo + "team/api", Rate: 5},
}

// demoReleases are tags that a presenter can deploy.
var demoReleases = map[string]Release{
	tokyo + "team/web:1.9.3":     {},
	tokyo + "team/web:2.0.0-rc1": {Labels: map[string]string{"ringside.environment": "verification"}},
	tokyo + "team/web:1.9.4":     {Ill: true},
	tokyo + "team/web:1.9.5":     {SickAfter: 40},
	tokyo + "team/web:1.9.6":     {Errors: 40},
	tokyo + "team/api:1.4.1":     {},
}

// colour makes a container one of a service's.
func colour(service, colour, run string, more ...func(*ContainerSpec)) func(*ContainerSpec) {
	return func(s *ContainerSpec) {
		for _, f := range more {
			f(s)
		}
		_, tag, _ := split(s.Image)
		s.Labels = map[string]string{"ringside.service": service, "ringside.colour": colour, "ringside.run": run, "ringside.image": s.Image, "ringside.by": "tanaka", "ringside.version": tag}
	}
}
