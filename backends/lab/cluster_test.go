package lab

import (
	"net"
	"net/http"
	"testing"
	"time"
)

// The demo's Swift nodes are its hosts: without power a node is silent, and the
// fleet joins both by address.
func TestSwiftNodesAreHosts(t *testing.T) {
	l, err := Start(Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := l.Fleet()
	if len(f.Clusters) != 1 || len(f.Hosts) != 240 {
		t.Fatalf("%d clusters, %d hosts", len(f.Clusters), len(f.Hosts))
	}
	client := &http.Client{Timeout: 500 * time.Millisecond}
	answers := func(host string) bool {
		address := l.Swift().Address(host)
		if _, _, err := net.SplitHostPort(address); err != nil { // else all nodes share one address
			address = net.JoinHostPort(address, "6200")
		}
		res, err := client.Get("http://" + address + "/recon/time")
		if err != nil {
			return false
		}
		res.Body.Close()
		return true
	}
	if host := f.Addresses()[l.Swift().Address("sw003")]; host != "sw003" {
		t.Errorf("the address of sw003 is that of %q", host)
	}
	if !answers("sw003") || answers("sw017") { // sw017 is off in the demo
		t.Error("power and nodes do not agree")
	}
	l.BMC("sw003").Cut()
	if answers("sw003") {
		t.Error("it answers without power")
	}
	found := false
	for _, fault := range l.Faults() {
		found = found || fault.ID == "swift/zone"
	}
	if !found {
		t.Error("a presenter cannot break the cluster")
	}
}
