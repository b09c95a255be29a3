package fleet

import (
	"maps"
	"strconv"
	"strings"
)

// bmc reads what all hosts of an entry have in common about their management
// controllers; nil when they have none.
func (d *decoder) bmc(v *value) *BMC {
	if v == nil {
		return nil
	}
	b := &BMC{Port: v.number("port"), Credential: v.str("credential"), Driver: v.str("driver"),
		CipherSuite: v.number("cipher_suite"), Privilege: v.str("privilege"),
		TLS: d.tls(v), Plain: v.true("plain"), System: v.str("system")}
	if c := v.get("credential"); c != nil {
		if _, ok := d.fleet.Credentials[c.text]; !ok {
			d.add(c.at, `credentials are named under "credentials:"`, "there is no credential %q%s", c.text,
				didYouMean(c.text, maps.Keys(d.fleet.Credentials)))
		}
	}
	for i, k := range v.keys {
		at := k.at
		if v.items[i] != nil {
			at = v.items[i].at
		}
		if want := ownProtocol[k.name]; want != "" && (b.Driver == "ipmi" || b.Driver == "redfish") && b.Driver != want {
			d.add(at, "", "%q is only for %s, and the driver is %s", k.name, want, b.Driver)
		}
	}
	switch {
	case b.Plain && b.TLS != nil:
		d.add(v.get("plain").at, "", "a BMC has tls or is plain, not both")
	case b.Plain && b.Driver != "redfish":
		d.add(v.get("plain").at, "add driver: redfish", "plain needs the driver to be redfish")
	}
	return b
}

// ownProtocol are the keys that make sense with one protocol only.
var ownProtocol = map[string]string{"cipher_suite": "ipmi", "privilege": "ipmi", "tls": "redfish", "plain": "redfish", "system": "redfish"}

// bmcs gives every host its management controller, made from what they have in
// common; nil when they have none.
func (d *decoder) bmcs(b *BMC, v *value, hosts []numbered) []*BMC {
	addresses := d.pattern(v.get("address"), hosts)
	if b == nil || addresses == nil {
		return nil
	}
	var names []string // in the certificates
	if n := v.get("tls").get("server_name"); n != nil {
		if names = d.pattern(n, hosts); names == nil {
			return nil
		}
	}
	out := make([]*BMC, len(hosts))
	for i := range hosts {
		one := *b
		one.Address = addresses[i]
		if names != nil {
			t := *b.TLS
			t.ServerName = names[i]
			one.TLS = &t
		}
		out[i] = &one
	}
	return out
}

// sameBMC refuses two hosts with one management controller: switching one of
// them off would hit the other. Hosts that each name their system may share one.
func (d *decoder) sameBMC(address *value, first int) {
	for i, h := range d.fleet.Hosts[first:] {
		k := strings.ToLower(h.BMC.Address) + " " + strconv.Itoa(h.BMC.Port)
		systems := d.seenBMCs[k]
		if systems == nil {
			systems = map[string]int{}
			d.seenBMCs[k] = systems
		}
		for system, old := range systems {
			if system == h.BMC.System || system == "" || h.BMC.System == "" {
				o := d.fleet.Hosts[old]
				d.add(address.at, "", "%s and %s (line %d) have the same BMC address %s", h.Name, o.Name, o.Where.Line, h.BMC.Address)
				return
			}
		}
		systems[h.BMC.System] = first + i
	}
}
