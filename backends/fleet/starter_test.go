package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("ringside.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("ringside.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate puts YAML through JSON, as an editor does.
func validate(s *jsonschema.Schema, src []byte) error {
	var v any
	if err := yaml.Unmarshal(src, &v); err != nil {
		return err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

func TestSchema(t *testing.T) {
	s := compileSchema(t)
	full, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(s, full); err != nil {
		t.Errorf("full.yaml: %v", err)
	}
	for _, bad := range []string{
		"theme: dark",
		with("zebra: 1"),
		reg("plain_http: true"),
		reg("address: a, streams: 0"),
		reg("address: a, bandwidth: 20MB"),
		reg("address: a, chunk: 20MB/s"),
		syn("repositories: x, delete_extra: {}"),
		syn("repositories: x, delete_extra: {max: 0}"),
		syn("repositories: x, every: often"),
		syn("repositories: x, schedule: daily"),
		syn("repositories: x, platforms: [arm]"),
		syn("tags: x"),
		clu("rings: {ssh: h}"),
		clu("rings: /r, auth: {}"),
		clu("rings: /r, nodes_by: name"),
		clu("rings: /r, recon: {timeout: soon}"),
		clu("rings: [/r]"),
		clu("proxy: 'http://h'"),
		with("theme: drak"),
		with("sites: [tokyo]"),
		with("credentials: {a: {password: hunter2}}"),
		with("credentials: {a: {password: {env: A, file: b}}}"),
		with("credentials: {a: {password: {env: 'a b'}}}"),
		with("credentials: {a: {username: b}}"),
		with("keys: {Help!: x}"),
		eng("context: a, address: b"),
		eng("plain: true"),
		"hosts: [{name: a, ssh: {address: b, port: 0}}]",
		"hosts: [{rack: a}]",
		"hosts: [{name: 12}]",
		with("services: [{name: Web}]"),
		with("services: [{name: web, engines: [], image: a, compose: {file: c}, ports: {blue: 1, green: 2}, traffic: {haproxy: {socket: /s, map: m, key: k, blue: b, green: g}}}]"),
		with("services: [{name: web, engines: ok, image: 'a:1', compose: {file: c}, ports: {blue: 1, green: 2}, traffic: {haproxy: {socket: /s, map: m, key: k, blue: b, green: g}}}]"),
		with("services: [{name: web, engines: ok, image: a, compose: {file: c}, ports: {blue: 1, green: 2}, traffic: []}]"),
	} {
		if validate(s, []byte(bad)) == nil {
			t.Errorf("the schema takes %s", bad)
		}
		if _, err := Parse("f", []byte(bad)); err == nil {
			t.Errorf("Parse takes %s", bad)
		}
	}
}

// Every shape says what it is for: the schema's descriptions are the reference.
func TestSchemaIsDocumented(t *testing.T) {
	var walk func(path string, s *shape)
	walk = func(path string, s *shape) {
		if !strings.HasSuffix(s.doc, ".") {
			t.Errorf("%s has no sentence: %q", path, s.doc)
		}
		for _, f := range s.fields {
			walk(path+"."+f.name, f.shape)
		}
		if s.of != nil {
			walk(path+"[]", s.of)
		}
	}
	walk("root", root)
}

// normal is a fleet without the places where it was found.
func normal(f *Fleet) *Fleet {
	n := *f
	n.File, n.Notices = "", nil
	n.Hosts = append([]Host(nil), f.Hosts...)
	for i := range n.Hosts {
		n.Hosts[i].Where = Position{}
	}
	n.Engines = append([]Engine(nil), f.Engines...)
	for i := range n.Engines {
		n.Engines[i].Where, n.Engines[i].Origin = Position{}, ""
	}
	n.Services = append([]Service(nil), f.Services...)
	for i := range n.Services {
		n.Services[i].Where = Position{}
		n.Services[i].Traffic = append([]Traffic(nil), n.Services[i].Traffic...)
		for j := range n.Services[i].Traffic {
			n.Services[i].Traffic[j].Where = Position{}
		}
	}
	n.Clusters = append([]Cluster(nil), f.Clusters...)
	for i := range n.Clusters {
		n.Clusters[i].Where, n.Clusters[i].Origin = Position{}, ""
	}
	n.Registries = append([]Registry(nil), f.Registries...)
	for i := range n.Registries {
		n.Registries[i].Where, n.Registries[i].Origin = Position{}, ""
	}
	n.Syncs = append([]Sync(nil), f.Syncs...)
	for i := range n.Syncs {
		n.Syncs[i].Where, n.Syncs[i].Origin = Position{}, ""
	}
	n.Credentials = map[string]Credential{}
	for k, c := range f.Credentials {
		c.Where = Position{}
		n.Credentials[k] = c
	}
	return &n
}

func TestStarterRoundTrip(t *testing.T) {
	f, err := Load("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := &Fleet{Engines: []Engine{{Name: "default", Address: "unix:///var/run/docker.sock", Origin: "local socket"},
		{Name: "on", Context: "on", Origin: "context"}, {Name: "1e3", Context: "a b: #c"}}}
	for _, want := range []*Fleet{f, found} {
		src := Starter(want)
		got, err := Parse("starter.yaml", src)
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		equal(t, "fleet", normal(got), normal(want))
	}
}

// The examples in the comments are what people uncomment, so they must work too.
func TestStarterExamples(t *testing.T) {
	var b strings.Builder
	for line := range strings.Lines(string(Starter(&Fleet{}))) {
		if prose := strings.HasPrefix(line, "# ") && line[2] != ' '; !prose {
			line = strings.TrimPrefix(line, "#")
		}
		b.WriteString(line)
	}
	f, err := Parse("starter.yaml", []byte(b.String()))
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	if len(f.Hosts) != 240 || len(f.Engines) != 4 || len(f.Credentials) != 3 || len(f.Sites) != 2 || len(f.Keys) != 2 || len(f.Registries) != 2 || len(f.Syncs) != 1 {
		t.Errorf("%d hosts, %d engines, %d credentials, %d sites, %d keys",
			len(f.Hosts), len(f.Engines), len(f.Credentials), len(f.Sites), len(f.Keys))
	}
}

func TestWriteNew(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "b", FileName)
	for name, write := range map[string]func(string, []byte) error{"link": WriteNew, "exclusive": writeExclusive} {
		if err := os.RemoveAll(filepath.Dir(path)); err != nil {
			t.Fatal(err)
		}
		if name == "exclusive" {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := write(path, []byte("one")); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := write(path, []byte("two")); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: second write: %v", name, err)
		}
		if b, _ := os.ReadFile(path); string(b) != "one" {
			t.Errorf("%s: file holds %q", name, b)
		}
		if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
			t.Errorf("%s: left behind: %v", name, entries)
		}
	}
	dangling := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), dangling); err != nil {
		t.Skip(err)
	}
	if err := WriteNew(dangling, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("dangling link: %v", err)
	}
}
