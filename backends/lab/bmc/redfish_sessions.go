package bmc

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// logins are the Redfish sessions of one BMC (DSP0266 section 13.3.4).
type logins struct {
	mu      sync.Mutex
	byToken map[string]*login
	last    int
}

type login struct {
	id   string
	used time.Time
}

// loginTimeout is how long a session may be idle: SessionService.SessionTimeout.
const loginTimeout = 10 * time.Minute

var (
	noSession   = failure{http.StatusUnauthorized, "NoValidSession", "There is no valid session established with the implementation."}
	badLogin    = failure{http.StatusUnauthorized, "ResourceAtUriUnauthorized", "While accessing the session service, the user name or password was not accepted."}
	sessionFull = failure{http.StatusServiceUnavailable, "SessionLimitExceeded",
		"The session establishment failed due to the number of simultaneous sessions exceeding the limit of the implementation."}
)

// forgetIdle ends the sessions that were idle for too long. The lock is held.
func (l *logins) forgetIdle(count *counters) {
	for token, s := range l.byToken {
		if time.Since(s.used) > loginTimeout {
			delete(l.byToken, token)
			count.add(&count.lost, 1)
		}
	}
}

// lose ends all of them.
func (l *logins) lose(count *counters) {
	l.mu.Lock()
	defer l.mu.Unlock()
	count.add(&count.lost, len(l.byToken))
	clear(l.byToken)
}

// ids names the sessions that are open.
func (l *logins) ids() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]string, 0, len(l.byToken))
	for _, s := range l.byToken {
		ids = append(ids, s.id)
	}
	return ids
}

// free says whether a session slot is free. The lock is held.
func (b *BMC) free() bool {
	b.logins.forgetIdle(&b.count)
	return !b.wrong.has(SessionsFull) && len(b.logins.byToken) < b.spec.Sessions
}

func (b *BMC) knows(user, password string) bool {
	return user == Username && subtle.ConstantTimeCompare([]byte(password), []byte(b.password())) == 1
}

// authenticate takes a session's token, or a name and password, which need a free
// slot for the time of the request. What is wrong is answered.
func (q *request) authenticate() bool {
	f := q.admit()
	if f == nil {
		return true
	}
	if f == &noSession {
		q.w.Header().Set("WWW-Authenticate", `Basic realm="Lab BMC"`)
	}
	q.fail(*f)
	return false
}

func (q *request) admit() *failure {
	l := &q.bmc.logins
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgetIdle(&q.bmc.count)
	if token := q.Request.Header.Get("X-Auth-Token"); token != "" {
		if s := l.byToken[token]; s != nil {
			s.used = time.Now()
			return nil
		}
		return &noSession
	}
	user, password, ok := q.BasicAuth()
	switch {
	case !ok || !q.bmc.knows(user, password):
		return &noSession
	case !q.bmc.free():
		return &sessionFull
	}
	return nil
}

func (q *request) openSession() {
	var who struct{ UserName, Password string }
	if !q.body(&who) {
		return
	}
	id, token, f := q.bmc.logIn(who.UserName, who.Password)
	if f != nil {
		q.fail(*f)
		return
	}
	path := below("SessionService", "Sessions", id)
	h := q.w.Header()
	h.Set("X-Auth-Token", token)
	h.Set("Location", path)
	q.json(http.StatusCreated, sessionObject(path, id))
}

func (b *BMC) logIn(user, password string) (id, token string, f *failure) {
	l := &b.logins
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !b.knows(user, password):
		return "", "", &badLogin
	case !b.free():
		return "", "", &sessionFull
	}
	if l.byToken == nil {
		l.byToken = map[string]*login{}
	}
	l.last++
	id, token = strconv.Itoa(l.last), rand.Text()
	l.byToken[token] = &login{id: id, used: time.Now()}
	b.count.add(&b.count.opened, 1)
	return id, token, nil
}

func sessionObject(path, id string) object {
	return object{"@odata.id": path, "@odata.type": "#Session.v1_3_0.Session", "Id": id, "Name": "User Session", "UserName": Username}
}

func (q *request) sessionService() {
	q.resource("SessionService.v1_1_8.SessionService", "SessionService", "Session Service", object{
		"ServiceEnabled": true, "SessionTimeout": int(loginTimeout.Seconds()),
		"Sessions": link(below("SessionService", "Sessions")),
	})
}

func (q *request) listSessions() {
	q.collection("SessionCollection.SessionCollection", "Sessions", q.bmc.logins.ids()...)
}

func (q *request) showSession() {
	for _, id := range q.bmc.logins.ids() {
		if id == q.PathValue("session") {
			q.json(http.StatusOK, sessionObject(q.URL.Path, id))
			return
		}
	}
	q.notFound()
}

func (q *request) closeSession() {
	if !q.bmc.logOut(q.PathValue("session")) {
		q.notFound()
		return
	}
	q.done()
}

func (b *BMC) logOut(id string) bool {
	l := &b.logins
	l.mu.Lock()
	defer l.mu.Unlock()
	for token, s := range l.byToken {
		if s.id == id {
			delete(l.byToken, token)
			b.count.add(&b.count.closed, 1)
			return true
		}
	}
	return false
}
