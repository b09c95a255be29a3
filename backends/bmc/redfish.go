package bmc

import "context"

type redfish struct{}

func newRedfish(c *Controller) *redfish                         { return &redfish{} }
func (d *redfish) name() string                                 { return "redfish" }
func (d *redfish) present(context.Context) error                { return errNotYet }
func (d *redfish) status(context.Context) (*Facts, error)       { return nil, errNotYet }
func (d *redfish) power(context.Context, Verb) error            { return errNotYet }
func (d *redfish) boot(context.Context) (Boot, error)           { return Boot{}, errNotYet }
func (d *redfish) setBoot(context.Context, Boot) error          { return errNotYet }
func (d *redfish) sensors(context.Context) ([]Sensor, error)    { return nil, errNotYet }
func (d *redfish) events(context.Context, int) ([]Event, error) { return nil, errNotYet }
func (d *redfish) identify(context.Context, bool) error         { return errNotYet }
func (d *redfish) info(context.Context) (Info, error)           { return Info{}, errNotYet }
func (d *redfish) close(context.Context) error                  { return nil }
