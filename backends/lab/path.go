package lab

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path"
	"slices"

	"github.com/moby/moby/api/types/container"
)

// statPath says whether a file is in a container. The lab's containers have
// their shells and commands in /bin, and little else.
func (e *Engine) statPath(a *answer, r *http.Request, c *instance) {
	p := r.URL.Query().Get("path")
	s := &shell{spec: c.spec, dir: "/", engine: e, exec: &execution{container: c}}
	_, command := commands[path.Base(p)]
	there := path.Dir(p) == "/bin" && (slices.Contains(s.shells(), path.Base(p)) || command && len(s.shells()) > 0)
	if _, dir := directories[path.Clean(p)]; !there && !dir && s.file(p) == "" {
		a.fail(http.StatusNotFound, "Could not find the file "+p+" in container "+c.id)
		return
	}
	b, _ := json.Marshal(container.PathStat{Name: path.Base(p), Size: 808712, Mode: 0o755, Mtime: c.created})
	a.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(b))
	a.WriteHeader(http.StatusOK)
}
