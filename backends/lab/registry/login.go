package registry

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
)

// labToken is what the registry's token server hands out.
const labToken = "lab-token"

// admit answers 401 to who has not logged in, and says whether the request goes on.
func (r *Registry) admit(w http.ResponseWriter, q *http.Request) bool {
	l := r.opts.Login
	if l == nil || q.URL.Path == "/token" {
		return true
	}
	switch {
	case !l.Token && l.right(q):
		return true
	case l.Token && strings.TrimPrefix(q.Header.Get("Authorization"), "Bearer ") == labToken:
		return true
	}
	challenge := `Basic realm="lab"`
	if l.Token {
		scheme := "http"
		if r.opts.TLS != nil {
			scheme = "https"
		}
		challenge = fmt.Sprintf(`Bearer realm="%s://%s/token",service="lab"`, scheme, q.Host)
		if name, _, ok := strings.Cut(strings.TrimPrefix(q.URL.Path, "/v2/"), "/manifests/"); ok {
			challenge += fmt.Sprintf(`,scope="repository:%s:pull"`, name)
		}
	}
	w.Header().Set("Www-Authenticate", challenge)
	fail(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	return false
}

func (l *Login) right(q *http.Request) bool {
	user, password, ok := q.BasicAuth()
	return ok && subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(l.Username+"\x00"+l.Password)) == 1
}

// token is the registry's token server (distribution: token authentication).
func (r *Registry) token(w http.ResponseWriter, q *http.Request) {
	l := r.opts.Login
	user, password := q.FormValue("username"), q.FormValue("password")
	if l == nil || !l.right(q) && (user != l.Username || password != l.Password) {
		fail(w, http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")
		return
	}
	answer(w, http.StatusOK, map[string]any{"token": labToken, "access_token": labToken, "expires_in": 300})
}
