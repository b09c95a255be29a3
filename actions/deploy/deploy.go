// Package deploy holds the action that brings a release into the colour of a service
// that is not live: on every engine of it, up to the gate, and on demand through the
// swap as well.
package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/actions/swap"
	syncs "ringside/actions/sync"
	"ringside/backends/fleet"
	"ringside/backends/impact"
)

// params are what a deploy needs to be rebuilt.
type params struct {
	Run       string         `json:"run"`
	Service   string         `json:"service"`
	Colour    fleet.Colour   `json:"colour"`
	Release   impact.Release `json:"release"`
	Migration bool           `json:"migration,omitempty"` // the release contains a contract migration
	Stamp     string         `json:"stamp,omitempty"`     // environment of the image, as it was seen; "" when it has none or was not seen
	Sync      []syncs.Bring  `json:"sync,omitempty"`      // brought to registries first
	Places    []place        `json:"places"`
	Swap      *swap.Params   `json:"swap,omitempty"` // nil: the deploy alone
	Takeover  []string       `json:"takeover,omitempty"`
}

// place is the deploy on one engine.
type place struct {
	Engine     string         `json:"engine"`
	Repository string         `json:"repository"`
	Sum        string         `json:"sum"`                 // of the container as the Compose file described it
	Stop       []fleet.Target `json:"stop,omitempty"`      // containers that run in the colour now
	Leftovers  []fleet.Target `json:"leftovers,omitempty"` // that do not run, of earlier deploys
}

// Actions returns the action. Where a registry lacks the release, r brings it there.
func Actions(w service.World, r syncs.Registries) []actions.Action {
	d := &deployment{w, r}
	return []actions.Action{{
		ID: "service.deploy", Verb: "deploy", Title: "Deploy a release", Takes: fleet.KindService,
		Help: "Bring a release into the colour of a service that is not live, up to the gate; with swap, move the users as well.",
		Args: []actions.Arg{
			{Name: "image", Required: true, Check: checkImage, Choices: choices, Help: "what to deploy: TAG, REPOSITORY:TAG or REPOSITORY@DIGEST"},
			{Name: "sync", Flag: true, Default: "false", Check: checkBool, Help: "bring it to registries that lack it first, by the syncs of the configuration"},
			{Name: "swap", Flag: true, Default: "false", Check: checkBool, Help: "swap to it when it has passed the gate"},
			{Name: "contract-migration", Flag: true, Default: "false", Check: checkBool, Help: "the release contains a contract migration: what runs before it will not work after it"},
		},
		Why:   func(*actions.Env, []fleet.Target) string { return "" },
		Build: d.build, Rebuild: d.rebuild,
	}}
}

func checkBool(text string) error { _, err := strconv.ParseBool(text); return err }

type deployment struct {
	service.World
	registries syncs.Registries
}

func (d *deployment) rebuild(_ context.Context, env *actions.Env, raw json.RawMessage) (*actions.Plan, error) {
	var p params
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("its parameters cannot be read: %w", err)
	}
	s, err := service.Find(env, fleet.Target{Name: p.Service})
	if err != nil {
		return nil, err
	}
	return d.plan(env, s, p)
}

// plan makes the plan from its parameters alone: first what registries lack, then the
// image and a container on every engine, so that nothing that runs is touched before all
// have both; then the old holder makes room; then the gate; then the users.
func (d *deployment) plan(env *actions.Env, s fleet.Service, p params) (*actions.Plan, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	verb := "deploy"
	if p.Swap != nil {
		verb = "deploy and swap to"
	}
	plan := &actions.Plan{ID: p.Run, Kind: "service.deploy", Params: raw, Targets: []fleet.Target{s.Target()}, Parallel: max(len(p.Places), len(p.Sync)),
		Title: fmt.Sprintf("%s %s %s in %s", verb, s.Name, named(p.Release), p.Colour),
		Mutex: service.Lock{World: d.World, Service: s, Takeover: p.Takeover}}
	for _, b := range p.Sync {
		st, err := b.Step(d.registries)
		if err != nil {
			return nil, err
		}
		st.Stage = stageSync
		plan.Steps = append(plan.Steps, st)
	}
	for _, pl := range p.Places {
		e, ok := d.Engine(pl.Engine)
		if !ok {
			return nil, fmt.Errorf("engine %s is not in the fleet any more", pl.Engine)
		}
		o := on{Engine: e, deployment: d, env: env, s: s, p: p, place: pl}
		plan.Steps = append(plan.Steps, o.steps()...)
	}
	gate := service.Gate{World: d.World, Service: s, Colour: p.Colour, Digest: p.Release.Digest, Times: s.Gate.Times}
	plan.Steps = append(plan.Steps, gate.Step(stageGate))
	if p.Swap != nil {
		more, err := swap.Steps(env, d.World, s, *p.Swap, stageGate+1)
		if err != nil {
			return nil, err
		}
		plan.Steps, plan.Sides = append(plan.Steps, more...), swap.Sides(*p.Swap)
	}
	return plan, nil
}

// Stages of a deploy.
const (
	stageSync    = iota // registries that lack the image
	stagePrepare        // image and container
	stageStart          // room, start, health
	stageGate
)

func named(r impact.Release) string {
	if r.Version != "" {
		return r.Version
	}
	return service.Short(r.Digest)
}
