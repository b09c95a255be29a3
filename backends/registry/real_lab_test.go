package registry

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	lab "ringside/backends/lab/registry"
)

// The lab's registry answers as real ones do: the same requests, one after the
// other, get the same statuses.
func TestLabIsLikeReal(t *testing.T) {
	for name, o := range map[string]lab.Options{
		"A": {NoReferrers: true, NoTagDelete: true, NoPages: true},
		"C": {NoReferrers: true, AnyType: true},
	} {
		address := real(t, name)
		reg, err := lab.Start(lab.NewLibrary(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(reg.Stop)
		repository := fresh("like")
		theirs, ours := conversation(t, address, repository), conversation(t, reg.Address(), repository)
		for i := range max(len(theirs), len(ours)) {
			if theirs[i] != ours[i] {
				t.Errorf("%s: it says %s\nthe lab says %s", name, theirs[i], ours[i])
			}
		}
	}
}

// conversation sends a list of requests and writes down the answers.
func conversation(t *testing.T, address, repository string) (out []string) {
	t.Helper()
	base := "http://" + address + "/v2/" + repository
	img := newRealImage("v1", 40<<10, false, "like")
	ask := func(what, method, url, contentType string, body []byte, header ...string) *http.Response {
		t.Helper()
		q, err := http.NewRequest(method, url, strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Accept", acceptAll)
		if contentType != "" {
			q.Header.Set("Content-Type", contentType)
		}
		for i := 0; i+1 < len(header); i += 2 {
			q.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		line := fmt.Sprintf("%s: %d", what, resp.StatusCode)
		if d := resp.Header.Get("Docker-Content-Digest"); d != "" {
			line += " " + Short(d)
		}
		if r := resp.Header.Get("Content-Range") + resp.Header.Get("Range"); r != "" {
			line += " " + r
		}
		if resp.StatusCode < 300 && method == "GET" {
			line += fmt.Sprintf(" %d bytes", len(b))
		}
		out = append(out, line)
		return resp
	}
	at := func(resp *http.Response, digest string) string {
		u := resp.Header.Get("Location")
		if strings.HasPrefix(u, "/") {
			u = "http://" + address + u
		}
		if digest == "" {
			return u
		}
		if strings.Contains(u, "?") {
			return u + "&digest=" + digest
		}
		return u + "?digest=" + digest
	}

	ask("ping", "GET", "http://"+address+"/v2/", "", nil)
	ask("tags of nothing", "GET", base+"/tags/list", "", nil)
	ask("manifest of nothing", "HEAD", base+"/manifests/v1", "", nil)
	ask("blob of nothing", "HEAD", base+"/blobs/"+img.top, "", nil)
	for n, digest := range slices.Sorted(maps.Keys(img.blobs)) {
		b := img.blobs[digest]
		other := repository + "-other"
		ask("mount of nothing", "POST", base+"/blobs/uploads/?mount="+digest+"&from="+other, "", nil)
		up := ask("begin", "POST", base+"/blobs/uploads/", "", nil)
		switch n {
		case 0:
			ask("whole", "PUT", at(up, digest), "application/octet-stream", b)
		case 1:
			half := len(b) / 2
			up = ask("piece", "PATCH", at(up, ""), "application/octet-stream", b[:half], "Content-Range", fmt.Sprintf("0-%d", half-1))
			ask("how far", "GET", at(up, ""), "", nil)
			up = ask("rest", "PATCH", at(up, ""), "application/octet-stream", b[half:], "Content-Range", fmt.Sprintf("%d-%d", half, len(b)-1))
			ask("commit", "PUT", at(up, digest), "", nil)
		default:
			ask("other bytes", "PUT", at(up, digest), "application/octet-stream", []byte("x"))
			up = ask("begin", "POST", base+"/blobs/uploads/", "", nil)
			ask("cancel", "DELETE", at(up, ""), "", nil)
			up = ask("begin", "POST", base+"/blobs/uploads/", "", nil)
			ask("whole", "PUT", at(up, digest), "application/octet-stream", b)
		}
		ask("there", "HEAD", base+"/blobs/"+digest, "", nil)
		ask("a part", "GET", base+"/blobs/"+digest, "", nil, "Range", "bytes=5-9")
		ask("mount", "POST", "http://"+address+"/v2/"+other+"/blobs/uploads/?mount="+digest+"&from="+repository, "", nil)
		ask("mount of itself", "POST", base+"/blobs/uploads/?mount="+digest+"&from="+repository, "", nil)
	}
	top := img.manifests[len(img.manifests)-1]
	ask("index before its manifests", "PUT", base+"/manifests/v1", top.mediaType, top.body)
	for _, m := range img.manifests[:2] {
		ask("wrong digest", "PUT", base+"/manifests/"+img.top, m.mediaType, m.body)
		ask("manifest", "PUT", base+"/manifests/"+m.digest, m.mediaType, m.body)
	}
	ask("index", "PUT", base+"/manifests/v1", top.mediaType, top.body)
	ask("second tag", "PUT", base+"/manifests/v2", top.mediaType, top.body)
	ask("head", "HEAD", base+"/manifests/v1", "", nil)
	ask("short list of types", "HEAD", base+"/manifests/v1", "", nil, "Accept", "application/vnd.docker.distribution.manifest.v2+json")
	ask("nothing new", "HEAD", base+"/manifests/v1", "", nil, "If-None-Match", `"`+img.top+`"`)
	ask("get", "GET", base+"/manifests/v1", "", nil)
	ask("by digest", "GET", base+"/manifests/"+img.top, "", nil)
	ask("tags", "GET", base+"/tags/list", "", nil)
	ask("first page", "GET", base+"/tags/list?n=1", "", nil)
	ask("referrers", "GET", base+"/referrers/"+img.top, "", nil)
	ask("delete of nothing", "DELETE", base+"/manifests/"+digestBytes([]byte("x")), "", nil)
	ask("delete by tag", "DELETE", base+"/manifests/v2", "", nil)
	ask("delete by digest", "DELETE", base+"/manifests/"+img.top, "", nil)
	ask("deleted", "HEAD", base+"/manifests/v1", "", nil)
	return out
}
