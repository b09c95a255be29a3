package docker

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	dockerctx "github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"

	"ringside/backends/fleet"
)

// dockerHome makes a docker directory with contexts and returns its environment.
func dockerHome(t *testing.T, contexts map[string]string, env map[string]string) func(string) string {
	t.Helper()
	all := map[string]string{"DOCKER_CONFIG": t.TempDir()}
	for k, v := range env {
		all[k] = v
	}
	getenv := func(k string) string { return all[k] }
	s := contextStore(getenv)
	for name, host := range contexts {
		must(t, s.CreateOrUpdate(store.Metadata{Name: name, Metadata: contextMeta{}, Endpoints: map[string]any{"docker": dockerctx.EndpointMeta{Host: host}}}))
	}
	return getenv
}

func TestDiscover(t *testing.T) {
	run := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(run, "docker.sock"))
	must(t, err)
	defer l.Close()
	getenv := dockerHome(t, map[string]string{
		"tokyo": "ssh://ops@tokyo-1", "shanghai": "tcp://10.0.0.2:2375", "rootless": "unix://" + run + "/docker.sock", "also-tokyo": "ssh://ops@tokyo-1/",
	}, map[string]string{"DOCKER_HOST": "tcp://10.0.0.2:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certs", "XDG_RUNTIME_DIR": run, "DOCKER_CONTEXT": "tokyo"})
	bad := filepath.Join(getenv("DOCKER_CONFIG"), "contexts", "meta", "broken")
	must(t, os.MkdirAll(bad, 0o700))
	must(t, os.WriteFile(filepath.Join(bad, "meta.json"), []byte("{\x1b"), 0o600))
	must(t, os.WriteFile(filepath.Join(getenv("DOCKER_CONFIG"), "config.json"), []byte("{"), 0o600))

	engines, notices := Discover(getenv)
	var names []string
	for _, e := range engines {
		if e.Origin != "local socket" { // this machine may have an engine of its own
			names = append(names, e.Name+" "+e.Origin)
		}
		if (e.Context == "") == (e.Address == "") {
			t.Errorf("%s has neither or both of context and address", e.Name)
		}
		if e.Origin == "local socket" && strings.HasPrefix(e.Address, "unix://"+run) {
			t.Error("the rootless socket twice")
		}
		if e.Origin == "DOCKER_HOST" && (e.TLS == nil || e.TLS.CA != "/certs/ca.pem" || e.TLS.SkipVerify || e.Plain) {
			t.Errorf("TLS of DOCKER_HOST: %+v", e.TLS)
		}
	}
	want := "tokyo context, also-tokyo, rootless context, shanghai context, 10.0.0.2 DOCKER_HOST"
	if got := strings.Join(names, ", "); got != strings.Replace(want, "also-tokyo, ", "", 1) {
		t.Errorf("found %s", got)
	}
	if len(notices) != 1 || !strings.Contains(notices[0], "broken") || strings.ContainsRune(notices[0], 0x1b) {
		t.Errorf("notices %q", notices)
	}
}

func TestDiscoverNothing(t *testing.T) {
	for _, host := range []string{"", "nonsense", "tcp://10.0.0.9:2375"} {
		engines, notices := Discover(dockerHome(t, nil, map[string]string{"DOCKER_HOST": host}))
		plain := 0
		for _, e := range engines {
			if e.Plain {
				plain++
			}
		}
		if (host == "") != (len(notices) == 0) || (plain == 1) != strings.HasPrefix(host, "tcp") {
			t.Errorf("%q: %v %q", host, engines, notices)
		}
	}
}

// Whatever is found can be written down and read again.
func TestDiscoverStarter(t *testing.T) {
	for host, want := range map[string]string{
		"tcp://[::1]:2375":             "1 tcp://[::1]:2375",
		"tcp://10.0.0.2":               "10.0.0.2 tcp://10.0.0.2:2375",
		"https://eng.example":          "eng.example tcp://eng.example:2376",
		"ssh://ops@tokyo-1/run/d.sock": "tokyo-1 ssh://ops@tokyo-1",
		"tcp://u:secret@10.0.0.2:2375": "",
		"http://u:secret%@10.0.0.2":    "",
		"tcp://10.0.0.2:2375/behind":   "",
		"unix:///no/such/socket":       localName() + " unix:///no/such/socket",
	} {
		getenv := dockerHome(t, map[string]string{"höst 1/ツ": "ssh://h1", "-": "ssh://h2", "höst 1 ツ": "ssh://h3"}, map[string]string{"DOCKER_HOST": host})
		engines, notices := Discover(getenv)
		f, err := fleet.Parse("ringside.yaml", fleet.Starter(&fleet.Fleet{Engines: engines}))
		must(t, err)
		var names []string
		found := ""
		for i, e := range engines {
			if g := f.Engines[i]; g.Name != e.Name || g.Context != e.Context || g.Address != e.Address || g.Socket != e.Socket {
				t.Errorf("%+v was read as %+v", e, g)
			}
			if e.Context != "" {
				names = append(names, e.Name)
			}
			if e.Origin == "DOCKER_HOST" {
				found = e.Name + " " + e.Address
			}
		}
		if got := strings.Join(names, " "); got != "engine höst-1-ツ höst-1-ツ-2" {
			t.Errorf("names %s", got)
		}
		said := strings.Join(notices, "\n")
		if found != want || (want == "") != (strings.Contains(said, "cannot be used") || strings.Contains(said, "not an address")) || strings.Contains(said, "u:secret") {
			t.Errorf("%s: found %q, want %q; %s", host, found, want, said)
		}
	}
}

func TestTunnelArguments(t *testing.T) {
	for address, want := range map[string]string{
		"ssh://ops@tokyo-1:2222":       "-l ops -p 2222 -- tokyo-1 /var/run/docker.sock",
		"ssh://tokyo-1/run/other.sock": "-- tokyo-1 /run/other.sock",
		"ssh://[fe80::1]:22":           "-p 22 -- fe80::1 /var/run/docker.sock",
		"ssh://-oProxyCommand=evil":    "",
		"ssh://-lroot@host":            "",
		"ssh://a%20b@host":             "",
		"ssh://u:secret@host":          "",
		"ssh://$(evil)@host":           "",
		"ssh://host/a:b":               "",
		"ssh://":                       "",
	} {
		u, err := url.Parse(address)
		if err != nil {
			if want != "" {
				t.Error(err)
			}
			continue
		}
		tn, err := newTunnel(u, "")
		switch {
		case want == "" && err == nil:
			t.Errorf("%s is taken: %q", address, tn.args)
		case want == "":
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the password is in the message: %v", err)
			}
		case err != nil || strings.Join(tn.args, " ") != want:
			t.Errorf("%s: %v, %v", address, tn, err)
		}
	}
}

func TestConnectErrors(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "dead.sock"))
	must(t, err)
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	closed := tcp.Addr().String()
	tcp.Close()
	t.Setenv("DOCKER_CONFIG", dir)
	for want, spec := range map[string]fleet.Engine{
		"does not exist":                  {Address: "unix://" + dir + "/none.sock"},
		"nobody listens":                  {Address: "unix://" + dir + "/dead.sock"},
		"turns connections down":          {Address: "tcp://" + closed, Plain: true},
		"neither tls nor plain":           {Address: "tcp://" + closed},
		"are not known":                   {Address: "gopher://x"},
		"is not an address":               {Address: "x"},
		"there is no Docker context nope": {Context: "nope"},
	} {
		spec.Name = "e1"
		_, err := opened(t, spec).List(soon(t))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "engine e1: ") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
