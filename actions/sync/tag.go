package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/registry"
)

// copyParams are the parameters of a copy under another name.
type copyParams struct {
	From   fleet.Target `json:"from"`
	To     fleet.Target `json:"to"`
	Digest string       `json:"digest"`
	Was    string       `json:"was,omitempty"` // what the name was before, "" for nothing
}

func copyAction(r Registries) actions.Action {
	return actions.Action{
		ID: "tag.copy", Verb: "copy", Title: "Copy a tag", Takes: fleet.KindTag,
		Help: "Copy the image of a tag under another name, in its registry or to another one, with its signatures.",
		Args: []actions.Arg{{Name: "to", Required: true, Check: func(s string) error { return checkName(r, s) },
			Help:    "the new name: TAG, REPOSITORY:TAG, or REGISTRY/REPOSITORY:TAG",
			Suggest: func(_ *actions.Env, t []fleet.Target) string { return t[0].String() }}},
		Why: func(*actions.Env, []fleet.Target) string { return "" },
		Build: func(ctx context.Context, env *actions.Env, targets []fleet.Target, args actions.Args) (*actions.Plan, error) {
			p, err := lookAtCopy(ctx, r, targets[0], args["to"])
			if err != nil {
				return nil, err
			}
			plan, err := p.plan(r)
			if err == nil && p.Was != "" {
				plan.Findings = []actions.Finding{{Guard: "tag", Level: actions.Warn, Subject: p.To.String(),
					Text: "is another image now (" + registry.Short(p.Was) + "), which loses this name"}}
			}
			return plan, err
		},
		Rebuild: func(_ context.Context, _ *actions.Env, raw json.RawMessage) (*actions.Plan, error) {
			var p copyParams
			if err := json.Unmarshal(raw, &p); err != nil {
				return nil, fmt.Errorf("its parameters cannot be read: %w", err)
			}
			return p.plan(r)
		},
	}
}

// newName reads the new name of a copy, as seen from the old one.
func newName(r Registries, from fleet.Target, text string) (registryName, repository, tag string, err error) {
	registryName, repository = from.Scope, ""
	if first, rest, ok := strings.Cut(text, "/"); ok {
		if _, known := r.Registry(first); known {
			registryName, text = first, rest
		}
	}
	if !strings.ContainsAny(text, ":/") {
		repository, _, err = SplitTag(from.Name)
		return registryName, repository, text, err
	}
	repository, tag, err = SplitTag(text)
	if err == nil && registry.IsDigest(tag) {
		err = fmt.Errorf("%q is a digest: a copy needs the name of a tag", text)
	}
	return registryName, repository, tag, err
}

func checkName(r Registries, text string) error {
	_, _, _, err := newName(r, fleet.Target{Name: "x:y"}, text)
	return err
}

func lookAtCopy(ctx context.Context, r Registries, t fleet.Target, to string) (p copyParams, err error) {
	from, repository, tag, err := place(r, t)
	if err != nil {
		return p, err
	}
	name, newRepository, newTag, err := newName(r, t, to)
	if err != nil {
		return p, &actions.ArgumentError{Err: fmt.Errorf("copy: to: %w", err)}
	}
	target, ok := r.Registry(name)
	if !ok {
		return p, fmt.Errorf("there is no registry %q in the fleet", name)
	}
	p.From, p.To = t, tagTarget(target, newRepository, newTag)
	if p.Digest, err = from.Digest(ctx, repository, tag); err != nil {
		return p, err
	}
	p.Was, err = target.Digest(ctx, newRepository, newTag)
	switch {
	case err != nil && !registry.IsMissing(err):
		return p, err
	case p.Was == p.Digest:
		return p, nothing("copy", []string{p.To.String() + " is that image already"})
	}
	return p, nil
}

// place finds the registry of a tag.
func place(r Registries, t fleet.Target) (reg *registry.Registry, repository, tag string, err error) {
	reg, ok := r.Registry(t.Scope)
	if !ok {
		return nil, "", "", fmt.Errorf("there is no registry %q in the fleet", t.Scope)
	}
	repository, tag, err = SplitTag(t.Name)
	return reg, repository, tag, err
}

func (p copyParams) plan(r Registries) (*actions.Plan, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	from, repository, tag, err := place(r, p.From)
	if err != nil {
		return nil, err
	}
	to, newRepository, newTag, err := place(r, p.To)
	if err != nil {
		return nil, err
	}
	step := actions.Step{
		Target: p.To, Name: fmt.Sprintf("copy %s to %s", p.From, p.To), Timeout: copyLimit,
		Done: digestIs(to, newRepository, newTag, p.Digest),
		Do: func(ctx context.Context, pr actions.Progress) error {
			c := registry.NewCopier(from, to, registry.Options{Referrers: true})
			res, err := c.Copy(ctx, registry.Job{Repository: repository, Tag: tag, TargetRepository: newRepository, TargetTag: newTag, Digest: p.Digest}, bytesOf(pr))
			if err != nil {
				return errors.New(why(err))
			}
			tell(pr, res)
			return nil
		},
		Undo: func(ctx context.Context, pr actions.Progress) error {
			if p.Was != "" {
				return retag(ctx, pr, to, newRepository, newTag, p.Was)
			}
			return deleted(ctx, pr, to, newRepository, newTag, p.Digest)
		},
	}
	return &actions.Plan{Kind: "tag.copy", Title: step.Name, Params: raw, Targets: []fleet.Target{p.To}, Steps: []actions.Step{step}, Parallel: 1}, nil
}

// deleteParams are the parameters of a delete.
type deleteParams struct {
	Tags []doomed `json:"tags"`
}

// doomed is a tag that goes, with the digest that was seen.
type doomed struct {
	fleet.Target
	Digest string `json:"digest"`
}

func deleteAction(r Registries) actions.Action {
	return actions.Action{
		ID: "tag.delete", Verb: "delete", Title: "Delete tags", Takes: fleet.KindTag, Many: true,
		Help: "Delete tags from their registry; other tags of the same image stay.",
		Why:  func(*actions.Env, []fleet.Target) string { return "" },
		Build: func(ctx context.Context, env *actions.Env, targets []fleet.Target, _ actions.Args) (*actions.Plan, error) {
			var p deleteParams
			var findings []actions.Finding
			var notes []string
			for _, t := range targets {
				reg, repository, tag, err := place(r, t)
				if err != nil {
					return nil, err
				}
				if registry.IsDigest(tag) {
					return nil, &actions.ArgumentError{Err: fmt.Errorf("delete: %s is a digest, and all tags of it would go: name the tags", t)}
				}
				digest, err := reg.Digest(ctx, repository, tag)
				if registry.IsMissing(err) {
					notes = append(notes, t.String()+" is not there")
					findings = append(findings, actions.Finding{Guard: "state", Level: actions.Note, Subject: t.String(), Text: "is not there"})
					continue
				}
				if err != nil {
					return nil, err
				}
				p.Tags = append(p.Tags, doomed{t, digest})
			}
			if len(p.Tags) == 0 {
				return nil, nothing("delete", notes)
			}
			plan, err := p.plan(r)
			if err == nil {
				plan.Findings = findings
			}
			return plan, err
		},
		Rebuild: func(_ context.Context, _ *actions.Env, raw json.RawMessage) (*actions.Plan, error) {
			var p deleteParams
			if err := json.Unmarshal(raw, &p); err != nil {
				return nil, fmt.Errorf("its parameters cannot be read: %w", err)
			}
			return p.plan(r)
		},
	}
}

func (p deleteParams) plan(r Registries) (*actions.Plan, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	plan := &actions.Plan{Kind: "tag.delete", Params: raw, Parallel: tagsAtOnce, Title: "delete " + count(len(p.Tags), "tag")}
	for _, d := range p.Tags {
		reg, repository, tag, err := place(r, d.Target)
		if err != nil {
			return nil, err
		}
		plan.Targets = append(plan.Targets, d.Target)
		plan.Steps = append(plan.Steps, deleteStep(reg, d.Target, repository, tag, d.Digest))
	}
	if len(p.Tags) == 1 {
		plan.Title = "delete " + p.Tags[0].String()
	}
	return plan, nil
}

// deleteStep deletes one tag. The registry keeps the image until it cleans up, so
// the tag can be given back.
func deleteStep(r *registry.Registry, t fleet.Target, repository, tag, digest string) actions.Step {
	return actions.Step{
		Target: t, Name: fmt.Sprintf("delete %s (%s)", t, registry.Short(digest)), Timeout: deleteLimit,
		Done: func(ctx context.Context) (bool, error) {
			now, err := r.Digest(ctx, repository, tag)
			switch {
			case registry.IsMissing(err):
				return true, nil
			case err != nil:
				return false, err
			}
			return false, actions.Observed("the tag is " + registry.Short(now))
		},
		Do: func(ctx context.Context, pr actions.Progress) error {
			return deleted(ctx, pr, r, repository, tag, digest)
		},
		Undo: func(ctx context.Context, pr actions.Progress) error {
			return retag(ctx, pr, r, repository, tag, digest)
		},
	}
}

func deleted(ctx context.Context, pr actions.Progress, r *registry.Registry, repository, tag, digest string) error {
	d, err := r.DeleteTag(ctx, repository, tag, digest)
	if err != nil {
		return errors.New(why(err))
	}
	pr.Log("deleted %s; its image %s stays until the registry cleans up", d.How, registry.Short(d.Digest))
	return nil
}
