package bmc

import (
	"fmt"
	"time"
)

// Protocol is what a BMC speaks.
type Protocol string

// Protocols.
const (
	IPMI    Protocol = "ipmi"
	Redfish Protocol = "redfish"
	Both    Protocol = "both" // on the same port number, UDP and TCP
)

// Spec is one host and its BMC.
type Spec struct {
	Name        string
	Site        string
	Environment string
	Rack        string
	Tags        []string

	Protocol  Protocol      // IPMI when empty
	Driver    string        // what the fleet says; "" for the protocol's name, auto with both
	Model     int           // 1 to 3: which make of server, with the habits of its BMC; by the seed when 0
	Off       bool          // the host is off at the start
	Sessions  int           // slots; 4 when 0
	Suites    []int         // IPMI cipher suites; 3 and 17 when nil
	Operator  bool          // the account is an operator's, not an administrator's
	Faults    []Fault       // what is wrong from the start
	CutAfter  time.Duration // somebody cuts the power then, behind everybody's back; never when 0
	Events    int           // in the log at the start; a few when 0
	Clockless bool          // the BMC's clock was never set: events have no date
}

// Many is n hosts named sw001 and so on with IPMI. All are on and well.
func Many(n int) []Spec {
	out := make([]Spec, n)
	for i := range out {
		out[i] = Spec{Name: fmt.Sprintf("sw%03d", i+1), Site: "tokyo", Environment: "development"}
	}
	return out
}
