package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
)

// pullLimit bounds one pull: gigabytes over a slow line.
const pullLimit = 30 * time.Minute

// images are the targets of a pull: an image on an engine. The containers that
// use it are not touched, so they are not locked.
type images struct {
	Images []fleet.Target `json:"images"`
}

// pullOfContainers fetches the images of containers anew, each once per engine.
func pullOfContainers(engines Engines) actions.Action {
	return actions.Action{
		ID: "container.pull", Verb: "pull", Title: "Pull images", Takes: fleet.KindContainer, Many: true,
		Help: "Fetch the images of containers anew from their registry; running containers keep the one they have.",
		Args: []actions.Arg{{Name: "ref", Help: "another image, such as registry.example/team/web:1.9.2; empty: the container's own"}},
		Why:  func(*actions.Env, []fleet.Target) string { return "" },
		Build: func(ctx context.Context, env *actions.Env, targets []fleet.Target, args actions.Args) (*actions.Plan, error) {
			var out images
			var findings []actions.Finding
			for i, r := range readAll(ctx, engines, targets) {
				t, ref := targets[i], args["ref"]
				guard, level, text := "", actions.Level(0), ""
				switch {
				case r.err != nil:
					guard, level, text = r.trouble()
				case ref == "" && r.c.Tag == "":
					guard, level, text = "image", actions.Warn, "was made from an image without a tag: name one with ref; it is left out"
				case ref == "":
					ref = r.c.Image + ":" + r.c.Tag
				}
				if level > 0 {
					findings = append(findings, actions.Finding{Guard: guard, Level: level, Subject: t.String(), Text: text})
					continue
				}
				out.add(t, ref)
			}
			if len(out.Images) == 0 {
				return nil, nothing("pull", findings)
			}
			plan, err := out.plan("container.pull", engines)
			if err == nil {
				plan.Findings = findings
			}
			return plan, err
		},
		Rebuild: rebuildPull("container.pull", engines),
	}
}

// pullOnEngines fetches one image on engines, before containers of it are made.
func pullOnEngines(engines Engines) actions.Action {
	return actions.Action{
		ID: "image.pull", Verb: "pull", Title: "Pull an image", Takes: fleet.KindEngine, Many: true,
		Help: "Fetch an image on engines.",
		Args: []actions.Arg{{Name: "ref", Required: true, Help: "the image, such as registry.example/team/web:1.9.2"}},
		Why:  func(*actions.Env, []fleet.Target) string { return "" },
		Build: func(ctx context.Context, env *actions.Env, targets []fleet.Target, args actions.Args) (*actions.Plan, error) {
			var out images
			for _, t := range targets {
				t.Scope = t.Name
				out.add(t, args["ref"])
			}
			return out.plan("image.pull", engines)
		},
		Rebuild: rebuildPull("image.pull", engines),
	}
}

func rebuildPull(kind string, engines Engines) func(context.Context, *actions.Env, json.RawMessage) (*actions.Plan, error) {
	return func(ctx context.Context, env *actions.Env, raw json.RawMessage) (*actions.Plan, error) {
		var p images
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, fmt.Errorf("its parameters cannot be read: %w", err)
		}
		return p.plan(kind, engines)
	}
}

// add adds an image on the engine of t, once.
func (p *images) add(t fleet.Target, ref string) {
	img := fleet.Target{Kind: fleet.KindImage, Scope: t.Scope, Name: ref, Site: t.Site, Environment: t.Environment}
	if !slices.Contains(p.Images, img) {
		p.Images = append(p.Images, img)
	}
}

func (p *images) plan(kind string, engines Engines) (*actions.Plan, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	plan := &actions.Plan{Kind: kind, Params: raw, Targets: p.Images, Parallel: parallel, Title: "pull " + subject(p.Images, "image")}
	for _, img := range p.Images {
		e, ok := engines.Engine(img.Scope)
		if !ok {
			return nil, fmt.Errorf("there is no engine %q in the fleet", img.Scope)
		}
		plan.Steps = append(plan.Steps, pullStep(e, img))
	}
	return plan, nil
}

// pullStep pulls one image. What the registry has is known only by asking it, so
// the step is never there before it ran; asking again costs one request.
func pullStep(e *docker.Engine, img fleet.Target) actions.Step {
	digest, pulled := "", false
	return actions.Step{
		Target: img, Name: "pull " + img.String(), Timeout: pullLimit,
		Final: "the image that the tag named before stays under its ID only",
		Done: func(ctx context.Context) (bool, error) {
			if !pulled {
				return false, nil
			}
			_, digests, err := e.Image(ctx, img.Name)
			if docker.IsNotFound(err) {
				return false, actions.Observed("the engine does not have the image")
			}
			return err == nil && (digest == "" || slices.ContainsFunc(digests, func(d string) bool { return strings.HasSuffix(d, digest) })), err
		},
		Do: func(ctx context.Context, pr actions.Progress) error {
			var err error
			digest, err = e.Pull(ctx, img.Name, layers(pr))
			if err != nil {
				return err
			}
			if pulled = true; digest != "" {
				pr.Log("digest %s", digest)
			}
			if id, _, err := e.Image(ctx, img.Name); err == nil {
				pr.Log("image %s", id)
			} else if !docker.IsNotFound(err) {
				return errors.Join(errors.New("pulled, but the engine does not show it"), err)
			}
			return nil
		},
	}
}

// layers adds the bytes of all layers up.
func layers(pr actions.Progress) func(docker.PullProgress) {
	type amount struct{ done, total int64 }
	by := map[string]amount{}
	return func(u docker.PullProgress) {
		if u.Layer == "" || u.Total == 0 {
			return
		}
		by[u.Layer] = amount{u.Current, u.Total}
		var sum amount
		for _, a := range by {
			sum.done, sum.total = sum.done+a.done, sum.total+a.total
		}
		pr.Amount(sum.done, sum.total, "bytes")
	}
}
