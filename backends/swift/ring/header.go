package ring

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"ringside/backends/fleet"
)

// deviceJSON is a device as a ring file has it.
type deviceJSON struct {
	ID              *int    `json:"id"`
	Region          *int    `json:"region"`
	Zone            int     `json:"zone"`
	IP              string  `json:"ip"`
	Port            int     `json:"port"`
	ReplicationIP   string  `json:"replication_ip"`
	ReplicationPort int     `json:"replication_port"`
	Device          string  `json:"device"`
	Weight          float64 `json:"weight"`
	Meta            string  `json:"meta"`
}

// decodeDevices reads the list of devices; null stands for a removed one.
func decodeDevices(text json.RawMessage) ([]*Device, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, fmt.Errorf("the devices are no list")
	}
	var out []*Device
	for id := 0; d.More(); id++ {
		if id == maxDevices {
			return nil, fmt.Errorf("more than %d devices", maxDevices)
		}
		var j *deviceJSON
		if err := d.Decode(&j); err != nil {
			return nil, fmt.Errorf("device %d: %w", id, err)
		}
		if j == nil {
			out = append(out, nil)
			continue
		}
		out = append(out, j.device(id))
	}
	return out, nil
}

// device applies what files of old versions leave out.
func (j *deviceJSON) device(id int) *Device {
	d := &Device{
		ID: id, Region: 1, Zone: j.Zone, IP: fleet.Clean(j.IP), Port: j.Port, ReplicationIP: fleet.Clean(j.ReplicationIP),
		ReplicationPort: j.ReplicationPort, Name: fleet.Clean(j.Device), Weight: j.Weight, Meta: fleet.Clean(j.Meta),
	}
	if j.ID != nil {
		d.ID = *j.ID
	}
	if j.Region != nil {
		d.Region = *j.Region
	}
	if d.ReplicationIP == "" {
		d.ReplicationIP = d.IP
	}
	if d.ReplicationPort == 0 {
		d.ReplicationPort = d.Port
	}
	return d
}

// jsonOffset is where in the text an error of encoding/json is.
func jsonOffset(err error) int64 {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return syntax.Offset
	case errors.As(err, &kind):
		return kind.Offset
	}
	return 0
}
