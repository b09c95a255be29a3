package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/fleet/match"
	"ringside/backends/registry"
)

// runParams are the parameters of a sync's run as the ledger keeps them.
type runParams struct {
	Syncs []syncParams `json:"syncs"`
	Deep  bool         `json:"deep,omitempty"`
}

// syncParams is one sync: what is to be copied and deleted.
type syncParams struct {
	fleet.Target
	Copy   []wanted `json:"copy,omitempty"`
	Delete []wanted `json:"delete,omitempty"`
}

// wanted is one tag and the digest that was seen.
type wanted struct {
	Repository string `json:"repository"` // at the source
	Tag        string `json:"tag"`
	Digest     string `json:"digest"`        // of the source; of the target for a delete
	Was        string `json:"was,omitempty"` // what the target had, "" for nothing
}

func runAction(r Registries) actions.Action {
	return actions.Action{
		ID: "sync.run", Verb: "run", Title: "Sync now", Takes: fleet.KindSync, Many: true,
		Help: "Copy the tags that a sync is behind: missing ones and those that moved.",
		Args: []actions.Arg{
			{Name: "repository", Check: checkRepository, Help: "only repositories of this name or wildcard, as at the source; empty: all"},
			{Name: "tag", Check: checkTag, Help: "only tags of this name, wildcard or range of versions; empty: all"},
			{Name: "only", Check: checkOnly, Help: "only these tags, as at the source: REPOSITORY:TAG, with commas between several; empty: all"},
			{Name: "deep", Flag: true, Default: "false", Help: "look for new signatures of images that are there already, too"},
			{Name: "delete-extra", Flag: true, Default: "false", Help: "delete tags that the source no longer has, as far as the sync's delete_extra allows"},
		},
		Why: func(env *actions.Env, targets []fleet.Target) string { return idle(env, r, targets) },
		Build: func(ctx context.Context, env *actions.Env, targets []fleet.Target, args actions.Args) (*actions.Plan, error) {
			p := runParams{Deep: args["deep"] == "true"}
			only, err := newFilter(args)
			if err != nil {
				return nil, &actions.ArgumentError{Err: err}
			}
			var findings []actions.Finding
			var notes []string
			for _, t := range targets {
				s, ok := r.Sync(t.Name)
				if !ok {
					return nil, fmt.Errorf("there is no sync %q in the fleet", t.Name)
				}
				one, found, note, err := look(ctx, s, t, only, p.Deep, args["delete-extra"] == "true")
				if err != nil {
					return nil, err
				}
				findings = append(findings, found...)
				notes = append(notes, note)
				if len(one.Copy)+len(one.Delete) > 0 {
					p.Syncs = append(p.Syncs, one)
				}
			}
			if len(p.Syncs) == 0 && !slices.ContainsFunc(findings, func(f actions.Finding) bool { return f.Level == actions.Block }) {
				return nil, nothing("run", notes)
			}
			if len(p.Syncs) == 0 {
				return nil, fmt.Errorf("run: %s", findings[0].Text)
			}
			plan, err := p.plan(r)
			if err != nil {
				return nil, err
			}
			plan.Findings = findings
			return plan, nil
		},
		Rebuild: func(_ context.Context, _ *actions.Env, raw json.RawMessage) (*actions.Plan, error) {
			var p runParams
			if err := json.Unmarshal(raw, &p); err != nil {
				return nil, fmt.Errorf("its parameters cannot be read: %w", err)
			}
			return p.plan(r)
		},
	}
}

// idle says that nothing is to do, when the watched state knows.
func idle(env *actions.Env, r Registries, targets []fleet.Target) string {
	for _, t := range targets {
		e, ok := env.State().Entry("registry/" + t.Name)
		f, read := e.Facts.(*registry.Facts)
		s, known := r.Sync(t.Name)
		if !ok || !read || !known || e.Err != nil || f.Swept.IsZero() || f.Counts.Behind() > 0 || f.Counts.Unknown > 0 || s.Spec().Referrers {
			return ""
		}
	}
	return "the target has everything"
}

// filter narrows a sync down.
type filter struct {
	repositories, tags match.Patterns
	only               map[string]map[string]bool // tags by repository; nil: all
}

func newFilter(args actions.Args) (f filter, err error) {
	if s := args["repository"]; s != "" {
		if f.repositories, err = match.ParseRepositories([]string{s}); err != nil {
			return f, fmt.Errorf("repository: %w", err)
		}
	}
	if s := args["tag"]; s != "" {
		if f.tags, err = match.ParseTags([]string{s}); err != nil {
			return f, fmt.Errorf("tag: %w", err)
		}
	}
	if f.only, err = parseOnly(args["only"]); err != nil {
		return f, fmt.Errorf("only: %w", err)
	}
	return f, nil
}

func (f filter) repository(name string) bool {
	return (f.repositories == nil || f.repositories.Match(name)) && (f.only == nil || f.only[name] != nil)
}

func (f filter) tag(repository, name string) bool {
	return (f.tags == nil || f.tags.Match(name)) && (f.only == nil || f.only[repository][name])
}

// parseOnly reads a list of tags: they are names, whatever they look like.
func parseOnly(text string) (map[string]map[string]bool, error) {
	if text == "" {
		return nil, nil
	}
	out := map[string]map[string]bool{}
	for name := range strings.SplitSeq(text, ",") {
		repository, tag, err := SplitTag(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		if out[repository] == nil {
			out[repository] = map[string]bool{}
		}
		out[repository][tag] = true
	}
	return out, nil
}

func checkOnly(s string) error { _, err := parseOnly(s); return err }

func checkRepository(s string) error { _, err := match.ParseRepository(s); return err }
func checkTag(s string) error        { _, err := match.ParseTag(s); return err }

// look compares both sides afresh. note says what was found when that is nothing.
func look(ctx context.Context, s *registry.Sync, t fleet.Target, only filter, deep, extra bool) (p syncParams, findings []actions.Finding, note string, err error) {
	p.Target = t
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	facts, err := s.Look(ctx, only.repository)
	if err != nil {
		return p, nil, "", err
	}
	tell := func(guard string, level actions.Level, subject, text string) {
		findings = append(findings, actions.Finding{Guard: guard, Level: level, Subject: subject, Text: text})
	}
	equal := 0
	for _, repository := range facts.Repositories {
		for _, y := range repository.Tags {
			if !only.tag(repository.Name, y.Name) {
				continue
			}
			w := wanted{Repository: repository.Name, Tag: y.Name, Digest: y.Source, Was: y.Target}
			switch y.State {
			case registry.Gone, registry.Moved:
				p.Copy = append(p.Copy, w)
			case registry.Equal:
				if equal++; deep {
					p.Copy = append(p.Copy, w)
				}
			case registry.Extra:
				if extra {
					w.Digest = y.Target
					p.Delete = append(p.Delete, w)
				}
			case registry.Unknown:
				tell("stale", actions.Warn, t.Name+"/"+repository.Name+":"+y.Name, "cannot be compared, so it is left out: "+y.Why)
			}
		}
	}
	switch most := s.Spec().DeleteExtra; {
	case len(p.Delete) == 0:
	case most == 0:
		return p, nil, "", &actions.ArgumentError{Err: fmt.Errorf("sync %s does not delete: its delete_extra is not set", t.Name)}
	case len(p.Delete) > most:
		tell("delete", actions.Block, t.String(), fmt.Sprintf("%d tags would be deleted, and delete_extra allows %d at a time: is the source complete?", len(p.Delete), most))
	}
	return p, findings, fmt.Sprintf("%s: %d tags are equal", t.Name, equal), nil
}

// plan makes the plan from its parameters alone. Deletes come after all copies.
func (p runParams) plan(r Registries) (*actions.Plan, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	plan := &actions.Plan{Kind: "sync.run", Params: raw, Parallel: tagsAtOnce, StopAt: 3}
	copies, deletes := 0, 0
	for _, one := range p.Syncs {
		s, ok := r.Sync(one.Name)
		if !ok {
			return nil, fmt.Errorf("sync %s is not in the fleet any more", one.Name)
		}
		plan.Targets = append(plan.Targets, one.Target)
		copier := s.Copier(s.Latest())
		for _, w := range one.Copy {
			plan.Steps = append(plan.Steps, copyStep(s, copier, one.Target, w, p.Deep))
		}
		for _, w := range one.Delete {
			step := deleteStep(s.To(), tagTarget(s.To(), s.Spec().TargetName(w.Repository), w.Tag), s.Spec().TargetName(w.Repository), w.Tag, w.Digest)
			step.Stage = 1
			step.Do = after(step.Do, func() { s.Touched(w.Repository) })
			plan.Steps = append(plan.Steps, step)
		}
		copies, deletes = copies+len(one.Copy), deletes+len(one.Delete)
	}
	plan.Title = title(plan.Targets, copies, deletes)
	return plan, nil
}

// title is "sync tyo-sha: copy 3 tags, delete 1".
func title(targets []fleet.Target, copies, deletes int) string {
	var names, what []string
	for _, t := range targets {
		names = append(names, t.Name)
	}
	if copies > 0 {
		what = append(what, "copy "+count(copies, "tag"))
	}
	if deletes > 0 {
		what = append(what, "delete "+count(deletes, "tag"))
	}
	return "sync " + strings.Join(names, ", ") + ": " + strings.Join(what, ", ")
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func tagTarget(r *registry.Registry, repository, tag string) fleet.Target {
	spec := r.Spec()
	return fleet.Target{Kind: fleet.KindTag, Scope: spec.Name, Name: repository + ":" + tag, Site: spec.Site, Environment: spec.Environment}
}

// copyStep copies one tag. It can be taken back: a tag that was not there is
// deleted again, one that was another image is that again.
func copyStep(s *registry.Sync, c *registry.Copier, sync fleet.Target, w wanted, deep bool) actions.Step {
	to, repository := s.To(), s.Spec().TargetName(w.Repository)
	deep = deep && w.Was == w.Digest
	there := digestIs(to, repository, w.Tag, w.Digest)
	looked := false // what else refers to an image is not seen from outside; one lane, no race
	step := actions.Step{
		Target: tagTarget(to, repository, w.Tag), Timeout: copyLimit,
		Name: fmt.Sprintf("copy %s:%s to %s", w.Repository, w.Tag, to.Spec().Name),
		Done: func(ctx context.Context) (bool, error) {
			if deep && !looked {
				return false, actions.Observed("its signatures were not looked for")
			}
			return there(ctx)
		},
		Do: func(ctx context.Context, pr actions.Progress) error {
			res, err := c.Copy(ctx, registry.Job{Repository: w.Repository, Tag: w.Tag, TargetRepository: repository, Digest: w.Digest, Deep: deep}, bytesOf(pr))
			s.Touched(w.Repository)
			if err != nil {
				return errors.New(why(err))
			}
			looked = true
			tell(pr, res)
			return nil
		},
	}
	if repository != w.Repository {
		step.Name = fmt.Sprintf("copy %s:%s to %s as %s", w.Repository, w.Tag, to.Spec().Name, repository)
	}
	switch {
	case deep:
		step.Name = fmt.Sprintf("copy the signatures of %s:%s to %s", w.Repository, w.Tag, to.Spec().Name)
		step.Final = "signatures stay"
	case w.Was == "":
		step.Undo = func(ctx context.Context, pr actions.Progress) error {
			defer s.Touched(w.Repository)
			return deleted(ctx, pr, to, repository, w.Tag, w.Digest)
		}
	default:
		step.Undo = func(ctx context.Context, pr actions.Progress) error {
			defer s.Touched(w.Repository)
			return retag(ctx, pr, to, repository, w.Tag, w.Was)
		}
	}
	return step
}

// retag gives a tag back to an image that the repository still has.
func retag(ctx context.Context, pr actions.Progress, r *registry.Registry, repository, tag, digest string) error {
	c := registry.NewCopier(r, r, registry.Options{})
	res, err := c.Copy(ctx, registry.Job{Repository: repository, Tag: digest, TargetTag: tag}, nil)
	if err != nil {
		return errors.New(why(err))
	}
	pr.Log("%s:%s is %s again", repository, tag, registry.Short(res.Digest))
	return nil
}

// after calls f when do is over.
func after(do func(context.Context, actions.Progress) error, f func()) func(context.Context, actions.Progress) error {
	return func(ctx context.Context, pr actions.Progress) error {
		defer f()
		return do(ctx, pr)
	}
}
