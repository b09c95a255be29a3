package registry

import (
	"strings"
	"testing"

	"ringside/backends/fleet"
)

const regsyncFile = `
version: 1
creds:
  - registry: registry.tyo.example:5000
    user: ci
    pass: '{{env "TYO_PASS"}}'
    reqPerSec: 50
    reqConcurrent: 20
  - {registry: "10.0.0.9:5000", tls: disabled, user: x, pass: hunter2, blobMax: 33554432, blobChunk: 16777216}
  - {registry: docker.io, credHelper: docker-credential-pass}
defaults:
  interval: 60m
  parallel: 2
  ratelimit: {min: 100, retry: 15m}
  backup: "bak-{{.Ref.Tag}}"
x-sets: &old {allow: [".*"]}
sync:
  - source: registry.tyo.example:5000/team/web
    target: 10.0.0.9:5000/mirror/web
    type: repository
    tags:
      allow: ["latest", "v[0-9]+"]
      deny: [".*-rc.*"]
      semverRange: [">=1.2 <2"]
    platforms: [linux/amd64]
    schedule: "15 1 * * *"
    referrers: false
  - {source: "redis:7.4", target: "10.0.0.9:5000/hub/redis:7.4", type: image, interval: 10s}
  - {source: "redis:7", target: "10.0.0.9:5000/hub/redis:seven", type: image}
  - source: registry.tyo.example:5000
    target: 10.0.0.9:5000/all
    type: registry
    repos: {allow: ["team/.*"], deny: ["team/secret"]}
    platform: local
  - {source: "ocidir:///x", target: "10.0.0.9:5000/x", type: repository}
`

func TestImportRegsync(t *testing.T) {
	f, notices, err := ImportRegsync(strings.NewReader(regsyncFile))
	if err != nil {
		t.Fatal(err)
	}
	out := string(fleet.Registries(f))
	const want = `# Who to log in as. Secrets stay where they are: env, file or command.
credentials:
  registry.tyo.example-5000: {username: ci, password: {env: TYO_PASS}}

# Registries. Without a credential, what docker login left is used.
registries:
  registry.tyo.example-5000:
    address: registry.tyo.example:5000
    credential: registry.tyo.example-5000
    concurrency: 20
    rate: 50
  10.0.0.9-5000:
    address: 10.0.0.9:5000
    plain_http: true
    chunk: 16MiB
  docker.io:
    address: docker.io

# What is kept the same between registries, and when.
syncs:
  - name: sync-1
    from: registry.tyo.example-5000
    to: 10.0.0.9-5000
    repositories: [team/web]
    tags: [latest, "/v[0-9]+/", ">=1.2 <2", "!/.*-rc.*/"]
    rename: {team/web: mirror/web}
    platforms: [linux/amd64]
    schedule: "15 1 * * *"
    referrers: false
  - name: sync-2
    from: docker.io
    to: 10.0.0.9-5000
    repositories: [library/redis]
    tags: ["7.4"]
    rename: {library/redis: hub/redis}
  - name: sync-4
    from: registry.tyo.example-5000
    to: 10.0.0.9-5000
    repositories: ["/team/.*/", "!team/secret"]
    rename: {"*": "all/*"}
    every: 1h0m0s
`
	if strings.ReplaceAll(out, `"`, "") != strings.ReplaceAll(want, `"`, "") {
		t.Errorf("got\n%s", out)
	}
	if _, err := fleet.Parse("imported.yaml", []byte(out)); err != nil {
		t.Errorf("our own reader: %v", err)
	}
	all := strings.Join(notices, "\n")
	if strings.Contains(out+all, "hunter2") {
		t.Error("the password was taken over")
	}
	for _, n := range []string{
		"registry 10.0.0.9-5000: its password is written in the file and was not taken over", "name the helper docker-credential-pass in Docker's config.json",
		"sync 1 (registry.tyo.example:5000/team/web): backups of tags", "sync 2 (redis:7.4): an interval of 10s is not between", "sync 3 (redis:7): a tag cannot get another name",
		"sync 4 (registry.tyo.example:5000): platform would replace", "sync 5 (ocidir:///x): only registries",
	} {
		if !strings.Contains(all, n) {
			t.Errorf("not told: %s\n%s", n, all)
		}
	}
}

func TestImportBadRegsync(t *testing.T) {
	for src, want := range map[string]string{"version: 2": "version 2", "": "cannot be read", "version: 1\ncreds: {pass: hunter2}": "line 2 cannot be read", "version: [": "line 1 cannot be read"} {
		_, _, err := ImportRegsync(strings.NewReader(src))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", src, err)
		}
	}
}
