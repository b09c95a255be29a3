// Package compose reads what a service's container looks like from a Compose file
// (the Compose specification, by its own library). Every key of the service becomes
// part of the container or is refused by name: none is ignored.
package compose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"

	"ringside/backends/docker"
	"ringside/backends/fleet"
)

// Source says which service of which file is read, and with which variables beside
// those of the process and of the file .env beside it, as Compose has them.
type Source struct {
	File, Service string
	Vars          map[string]string
}

// Container is what a Compose file says of one service.
type Container struct {
	docker.Spec
	Image string // as the file names it, "" when it does not
	Port  int    // the one port that the file publishes, 0 when it names none
}

// maxFile bounds the file that is read.
const maxFile = 4 << 20

// Read reads one service. Its errors name the file and, where it is known, the line.
func Read(ctx context.Context, src Source) (*Container, error) {
	silence()
	text, err := readSmall(src.File)
	if err != nil {
		return nil, fmt.Errorf("the Compose file: %w", err)
	}
	env, err := environment(src)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", src.File, err)
	}
	r := &reader{Source: src, text: text, missing: map[string]bool{}}
	p, err := r.load(ctx, env, true)
	if err != nil {
		return nil, r.fail(err)
	}
	s, ok := p.Services[src.Service]
	if !ok {
		return nil, r.at(fmt.Errorf("it has no service %q", src.Service), "services")
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if err := r.relative(ctx, env); err != nil {
		return nil, err
	}
	c := &conversion{reader: r, project: p, s: s, out: &Container{Image: s.Image}}
	if err := c.run(); err != nil {
		return nil, err
	}
	return c.out, nil
}

// silence keeps the library's warnings off the terminal; what they warn of is refused
// here.
func silence() { logrus.SetOutput(io.Discard) }

func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s is larger than 4 MiB", path)
	}
	return b, err
}

// environment is what variables of the file stand for: of the process, of .env where
// the process has none, and ours before both.
func environment(src Source) (types.Mapping, error) {
	env := types.NewMapping(os.Environ())
	file := filepath.Join(filepath.Dir(src.File), ".env")
	own, err := dotenv.GetEnvFromFile(env, []string{file})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		if _, there := os.Stat(file); there == nil {
			return nil, fmt.Errorf("%s cannot be read: %w", file, err)
		}
	}
	for k, v := range own {
		if _, set := env[k]; !set {
			env[k] = v
		}
	}
	maps.Copy(env, src.Vars)
	return env, nil
}

// reader reads one file.
type reader struct {
	Source
	text    []byte
	missing map[string]bool // variables that are not set and have no default
	strange []string        // paths of keys that are not honoured, below the service
}

func (r *reader) load(ctx context.Context, env types.Mapping, resolve bool) (*types.Project, error) {
	details := types.ConfigDetails{WorkingDir: filepath.Dir(r.File), Environment: maps.Clone(env),
		ConfigFiles: []types.ConfigFile{{Filename: r.File, Content: r.text}}}
	return loader.LoadWithContext(ctx, details, func(o *loader.Options) {
		o.SetProjectName(loader.NormalizeProjectName(filepath.Base(details.WorkingDir)), false)
		o.SelectedServices = []string{r.Service}
		o.Profiles = []string{"*"}
		o.ResolvePaths, o.SkipResolveEnvironment = resolve, !resolve
		o.Interpolate.Substitute = r.substitute
		loader.WithSupportedAttributes(supported(), r.found)(o)
	})
}

// supported is the specification's list of keys without those of services that are
// not honoured. What is outside of services is judged where a service uses it.
func supported() []tree.Path {
	return slices.DeleteFunc(slices.Clone(schema.AttributePaths()), func(p tree.Path) bool {
		key, inService := strings.CutPrefix(string(p), "services.*.")
		return inService && !leadsTo(key)
	})
}

func (r *reader) found(list []loader.UnsupportedAttribute) {
	for _, u := range list {
		if key, ok := strings.CutPrefix(string(u.Path), "services."+r.Service+"."); ok {
			r.strange = append(r.strange, key)
		}
	}
}

// substitute puts variables in. Compose takes one that is not set for empty, with a
// warning; here it is noted and refused where the service uses it.
func (r *reader) substitute(text string, m template.Mapping) (string, error) {
	return template.SubstituteWithOptions(text, m, template.WithoutLogging,
		template.WithReplacementFunction(func(sub string, m template.Mapping, cfg *template.Config) (string, error) {
			v, applied, err := template.DefaultReplacementAppliedFunc(sub, m, cfg)
			if err == nil && !applied {
				r.missing[strings.Trim(sub, "${}")] = true
			}
			return v, err
		}))
}

// check refuses what the service has and a container cannot get.
func (r *reader) check() error {
	var errs []error
	seen := map[string]bool{}
	for _, key := range r.strange {
		if !seen[key] {
			errs = append(errs, r.refuse(key, why(plain(key))))
		}
		seen[key] = true
	}
	for _, name := range slices.Sorted(maps.Keys(r.missing)) {
		if r.uses(name) {
			errs = append(errs, r.at(fmt.Errorf("the variable %s is not set; write ${%s:-} where empty is meant", name, name), "services", r.Service))
		}
	}
	return errors.Join(errs...)
}

// plain takes the names that people chose out of a path, so that it can be looked up:
// "networks.front.ipv4_address" becomes "networks.*.ipv4_address".
func plain(key string) string {
	parts := strings.Split(key, ".")
	for i := range parts {
		if i == 1 && slices.Contains([]string{"networks", "depends_on", "ulimits", "models"}, parts[0]) {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, ".")
}

// uses says whether the service's own part of the file has a variable; one that
// extends another service may use any.
func (r *reader) uses(name string) bool {
	part := r.part("services", r.Service)
	if regexp.MustCompile(`\$\{?` + regexp.QuoteMeta(name) + `\b`).MatchString(part) {
		return true
	}
	return regexp.MustCompile(`(?m)^\s*extends\s*:`).MatchString(part)
}

// relative refuses mounts of paths that are relative to the Compose file: they mean
// nothing on another host.
func (r *reader) relative(ctx context.Context, env types.Mapping) error {
	raw := &reader{Source: r.Source, text: r.text, missing: map[string]bool{}}
	p, err := raw.load(ctx, env, false)
	if err != nil {
		return r.fail(err)
	}
	var errs []error
	for _, v := range p.Services[r.Service].Volumes {
		if v.Type == types.VolumeTypeBind && !filepath.IsAbs(v.Source) && !strings.HasPrefix(v.Source, "/") {
			errs = append(errs, r.refuse("volumes", fmt.Sprintf("%s is relative to the Compose file, and the engine may be on another host: write it absolute", v.Source)))
		}
	}
	return errors.Join(errs...)
}

// fail words an error of the library.
func (r *reader) fail(err error) error {
	text := strings.ReplaceAll(fleet.Clean(err.Error()), r.File+": ", "")
	return fmt.Errorf("%s: %s", r.File, text)
}

// refuse names a key that cannot be taken.
func (r *reader) refuse(key, why string) error {
	return r.at(fmt.Errorf("%s of service %s cannot be taken: %s", key, r.Service, why), append([]string{"services", r.Service}, strings.Split(key, ".")...)...)
}
