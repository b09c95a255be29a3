package bmc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"
)

// object is a JSON object.
type object = map[string]any

// link is a reference to a resource.
func link(path string) object { return object{"@odata.id": path} }

// request is one Redfish request and its answer.
type request struct {
	*http.Request
	w     http.ResponseWriter
	bmc   *BMC
	model *model
}

// failure is an error answer (DSP0266 section 8.6) with a message of the Base
// registry.
type failure struct {
	status      int
	id, message string
}

var (
	notReady  = failure{http.StatusServiceUnavailable, "ServiceTemporarilyUnavailable", "The service is temporarily unavailable. Retry in 5 seconds."}
	malformed = failure{http.StatusBadRequest, "MalformedJSON", "The request body submitted was malformed JSON and could not be parsed by the receiving service."}
)

// redfishRoute is one resource and method. {system}, {chassis} and {manager} must
// be the model's own IDs.
type redfishRoute struct {
	pattern string // of http.ServeMux
	open    bool   // needs no authentication (DSP0266 section 13.3.1)
	serve   func(*request)
}

var redfishRoutes = []redfishRoute{
	{"GET /redfish", true, (*request).versions},
	{"GET /redfish/v1", true, (*request).root},
	{"GET /redfish/v1/{$}", true, (*request).root},

	{"GET /redfish/v1/SessionService", false, (*request).sessionService},
	{"GET /redfish/v1/SessionService/Sessions", false, (*request).listSessions},
	{"POST /redfish/v1/SessionService/Sessions", true, (*request).openSession},
	{"GET /redfish/v1/SessionService/Sessions/{session}", false, (*request).showSession},
	{"DELETE /redfish/v1/SessionService/Sessions/{session}", false, (*request).closeSession},

	{"GET /redfish/v1/Systems", false, (*request).systems},
	{"GET /redfish/v1/Systems/{system}", false, (*request).system},
	{"PATCH /redfish/v1/Systems/{system}", false, (*request).changeSystem},
	{"GET /redfish/v1/Systems/{system}/ResetActionInfo", false, (*request).resetInfo},
	{"POST /redfish/v1/Systems/{system}/Actions/ComputerSystem.Reset", false, (*request).resetSystem},

	{"GET /redfish/v1/Chassis", false, (*request).chassisList},
	{"GET /redfish/v1/Chassis/{chassis}", false, (*request).chassis},
	{"GET /redfish/v1/Chassis/{chassis}/Thermal", false, (*request).thermal},
	{"GET /redfish/v1/Chassis/{chassis}/Power", false, (*request).power},
	{"GET /redfish/v1/Chassis/{chassis}/Sensors", false, (*request).sensors},
	{"GET /redfish/v1/Chassis/{chassis}/Sensors/{sensor}", false, (*request).sensor},

	{"GET /redfish/v1/Managers", false, (*request).managers},
	{"GET /redfish/v1/Managers/{manager}", false, (*request).manager},
	{"POST /redfish/v1/Managers/{manager}/Actions/Manager.Reset", false, (*request).resetManager},

	{"GET /redfish/v1/Managers/{manager}/LogServices", false, (*request).logServices},
	{"GET /redfish/v1/Systems/{system}/LogServices", false, (*request).logServices},
	{"GET /redfish/v1/Managers/{manager}/LogServices/{log}", false, (*request).logService},
	{"GET /redfish/v1/Systems/{system}/LogServices/{log}", false, (*request).logService},
	{"GET /redfish/v1/Managers/{manager}/LogServices/{log}/Entries", false, (*request).logEntries},
	{"GET /redfish/v1/Systems/{system}/LogServices/{log}/Entries", false, (*request).logEntries},
	{"GET /redfish/v1/Managers/{manager}/LogServices/{log}/Entries/{entry}", false, (*request).logEntry},
	{"GET /redfish/v1/Systems/{system}/LogServices/{log}/Entries/{entry}", false, (*request).logEntry},
	{"POST /redfish/v1/Managers/{manager}/LogServices/{log}/Actions/LogService.ClearLog", false, (*request).clearLog},
	{"POST /redfish/v1/Systems/{system}/LogServices/{log}/Actions/LogService.ClearLog", false, (*request).clearLog},

	{"/", false, (*request).notFound},
}

type bmcKey struct{}

// routes serves all BMCs; the request's context says which.
var routes = sync.OnceValue(func() *http.ServeMux {
	mux := http.NewServeMux()
	for _, rt := range redfishRoutes {
		mux.HandleFunc(rt.pattern, func(w http.ResponseWriter, r *http.Request) {
			b := r.Context().Value(bmcKey{}).(*BMC)
			b.count.command(rt.pattern)
			q := &request{Request: r, w: w, bmc: b, model: b.model()}
			switch {
			case !rt.open && !q.authenticate():
			case !q.known():
				q.notFound()
			default:
				rt.serve(q)
			}
		})
	}
	return mux
})

// serveRedfish is the border of the service: faults, then the routes.
func (b *BMC) serveRedfish(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("OData-Version", "4.0")
	h.Set("Cache-Control", "no-cache")
	r = r.WithContext(context.WithValue(r.Context(), bmcKey{}, b))
	if d := b.wrong.delay(); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			return
		}
	}
	if b.wrong.away() || b.wrong.has(Starting) {
		q := &request{Request: r, w: w, bmc: b}
		h.Set("Retry-After", "5")
		q.fail(notReady)
		return
	}
	routes().ServeHTTP(w, r)
}

// known says whether the IDs in the path are this BMC's.
func (q *request) known() bool {
	m := q.model
	for name, id := range map[string]string{"system": m.system, "chassis": m.chassis, "manager": m.manager, "log": logID} {
		if v := q.PathValue(name); v != "" && v != id {
			return false
		}
	}
	return q.PathValue("log") == "" || m.logUnderSystem == (q.PathValue("system") != "")
}

func (q *request) notFound() {
	q.fail(failure{http.StatusNotFound, "ResourceMissingAtURI", "The resource at the URI " + q.URL.Path + " was not found."})
}

// json answers with a resource.
func (q *request) json(status int, v any) {
	q.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	q.w.WriteHeader(status)
	_ = json.NewEncoder(q.w).Encode(v) // fails only when the client has gone
}

// resource answers with a resource that has the path of the request.
func (q *request) resource(kind, id, name string, more object) {
	more["@odata.id"], more["@odata.type"] = q.URL.Path, "#"+kind
	more["Id"], more["Name"] = id, name
	q.json(http.StatusOK, more)
}

// collection answers with links to members below the path of the request.
func (q *request) collection(kind, name string, ids ...string) {
	members := make([]object, len(ids))
	for i, id := range ids {
		members[i] = link(q.URL.Path + "/" + id)
	}
	q.members(kind, name, members, len(ids), nil)
}

// members answers with a collection, or a page of one with so many members in
// all.
func (q *request) members(kind, name string, members []object, total int, more object) {
	v := object{
		"@odata.id": q.URL.Path, "@odata.type": "#" + kind, "Name": name,
		"Members": members, "Members@odata.count": total,
	}
	maps.Copy(v, more)
	q.json(http.StatusOK, v)
}

// fail answers with an error.
func (q *request) fail(f failure) {
	id := "Base.1.8." + f.id
	q.json(f.status, object{"error": object{
		"code": id, "message": f.message,
		"@Message.ExtendedInfo": []object{{
			"@odata.type": "#Message.v1_1_1.Message", "MessageId": id,
			"Message": f.message, "Severity": "Critical", "Resolution": "None",
		}},
	}})
}

func (q *request) done() { q.w.WriteHeader(http.StatusNoContent) }

// body reads what was sent; a bad one is answered.
func (q *request) body(v any) bool {
	d := json.NewDecoder(http.MaxBytesReader(q.w, q.Body, 64<<10))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return true
	case errors.As(err, &syntax):
		q.fail(malformed)
	default:
		q.fail(failure{http.StatusBadRequest, "PropertyUnknown", fmt.Sprintf("The request body is not accepted: %v.", err)})
	}
	return false
}

// below is a path of this service.
func below(parts ...string) string {
	path := "/redfish/v1"
	for _, p := range parts {
		path += "/" + p
	}
	return path
}
