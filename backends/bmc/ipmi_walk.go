package bmc

import "context"

func (d *ipmi) sensors(ctx context.Context) ([]Sensor, error) { return nil, errNotYet }
func (d *ipmi) events(ctx context.Context, max int) ([]Event, error) {
	return nil, errNotYet
}
func (d *ipmi) info(ctx context.Context) (Info, error) { return Info{}, errNotYet }

var errNotYet = &reason{trouble: Unsupported, why: "not there yet"}
