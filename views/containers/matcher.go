package containers

import (
	"fmt"

	"ringside/backends/docker"
	"ringside/backends/fleet"
)

// Matcher compiles a query of the list's filter, for the command line. There a
// word whose first part is no field is a mistake, since nobody sees the rows
// change while typing. The empty query matches every container.
func Matcher(query string) (func(*docker.Container) bool, error) {
	f := language.Parse(query)
	if len(f.Unknown) > 0 {
		return nil, fmt.Errorf("there is no field %q; the fields are %s", f.Unknown[0], language.Names())
	}
	return func(c *docker.Container) bool {
		return f.Match(newItem(c, &source{spec: fleet.Engine{Name: c.Engine}}))
	}, nil
}
