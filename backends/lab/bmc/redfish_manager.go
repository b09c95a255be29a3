package bmc

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

func (q *request) managers() {
	q.collection("ManagerCollection.ManagerCollection", "Manager Collection", q.model.manager)
}

var managerResets = []string{"GracefulRestart", "ForceRestart"}

func (q *request) manager() {
	m := q.model
	v := object{
		"ManagerType": "BMC", "Model": m.vendor + " BMC", "FirmwareVersion": m.firmware, "UUID": q.bmc.uuid(),
		"DateTime": q.clock(), "DateTimeLocalOffset": "+00:00", "PowerState": "On",
		"Status": object{"State": "Enabled", "Health": "OK"},
		"Links":  object{"ManagerForServers": []object{link(below("Systems", m.system))}, "ManagerForChassis": []object{link(below("Chassis", m.chassis))}},
		"Actions": object{"#Manager.Reset": object{
			"target": below("Managers", m.manager, "Actions", "Manager.Reset"), "ResetType@Redfish.AllowableValues": managerResets,
		}},
	}
	if !m.logUnderSystem {
		v["LogServices"] = link(below("Managers", m.manager, "LogServices"))
	}
	q.resource("Manager.v1_10_0.Manager", m.manager, "Manager", v)
}

func (q *request) resetManager() {
	var what struct{ ResetType string }
	if !q.body(&what) {
		return
	}
	if !slices.Contains(managerResets, what.ResetType) {
		q.fail(failure{http.StatusBadRequest, "ActionParameterNotSupported", "The parameter ResetType must be GracefulRestart or ForceRestart."})
		return
	}
	q.done()
	_ = http.NewResponseController(q.w).Flush() // the answer goes out before the connection does
	q.bmc.Restart(0)
}

// clock is the BMC's own time.
func (q *request) clock() string {
	c := q.bmc.chassis
	now := c.look()
	defer c.mu.Unlock()
	return c.date(now)
}

// date writes a time as Redfish does. A clock that was never set began in 1970.
func (c *chassis) date(at time.Time) string {
	if c.spec.Clockless {
		at = time.Unix(int64(c.seconds(at)), 0)
	}
	return at.UTC().Format(time.RFC3339)
}

// logID is what the event log is called in paths.
const logID = "SEL"

// logPage is how many entries one answer holds.
const logPage = 50

func (q *request) logServices() {
	q.collection("LogServiceCollection.LogServiceCollection", "Log Services", logID)
}

func (q *request) logService() {
	q.resource("LogService.v1_2_0.LogService", logID, "System Event Log", object{
		"LogEntryType": "SEL", "MaxNumberOfRecords": logCapacity, "OverWritePolicy": "NeverOverWrites", "ServiceEnabled": true,
		"DateTime": q.clock(), "DateTimeLocalOffset": "+00:00", "Entries": link(q.URL.Path + "/Entries"),
		"Actions": object{"#LogService.ClearLog": object{"target": q.URL.Path + "/Actions/LogService.ClearLog"}},
	})
}

// logEntries answers with a page of the log; $skip says how many came before.
func (q *request) logEntries() {
	c := q.bmc.chassis
	c.look()
	entries := slices.Clone(c.log.entries)
	c.mu.Unlock()
	if q.model.newestFirst {
		slices.Reverse(entries)
	}
	skip, _ := strconv.Atoi(q.URL.Query().Get("$skip"))
	from := max(0, min(skip, len(entries)))
	to := min(from+logPage, len(entries))
	members := make([]object, 0, to-from)
	for _, e := range entries[from:to] {
		members = append(members, c.logObject(q.URL.Path+"/"+strconv.Itoa(int(e.id)), e))
	}
	more := object{}
	if to < len(entries) {
		more["Members@odata.nextLink"] = q.URL.Path + "?$skip=" + strconv.Itoa(to)
	}
	q.members("LogEntryCollection.LogEntryCollection", "Log Entries", members, len(entries), more)
}

func (q *request) logEntry() {
	c := q.bmc.chassis
	c.look()
	entries := slices.Clone(c.log.entries)
	c.mu.Unlock()
	for _, e := range entries {
		if strconv.Itoa(int(e.id)) == q.PathValue("entry") {
			q.json(http.StatusOK, c.logObject(q.URL.Path, e))
			return
		}
	}
	q.notFound()
}

// logObject reads only what never changes in the chassis.
func (c *chassis) logObject(path string, e entry) object {
	code := "Assert"
	if e.kind&0x80 != 0 {
		code = "Deassert"
	}
	return object{
		"@odata.id": path, "@odata.type": "#LogEntry.v1_6_0.LogEntry", "Id": strconv.Itoa(int(e.id)), "Name": "Log Entry " + strconv.Itoa(int(e.id)),
		"EntryType": "SEL", "EntryCode": code, "Severity": e.severity, "Created": c.date(e.at), "Message": e.text, "SensorNumber": int(e.sensor),
	}
}

func (q *request) clearLog() {
	c := q.bmc.chassis
	now := c.look()
	c.log.clear(now)
	c.mu.Unlock()
	q.done()
}
