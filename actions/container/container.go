// Package container holds the actions on containers: start, stop, restart, kill,
// pause, unpause, remove, rename, limits, pull.
package container

import (
	"ringside/actions"
	"ringside/backends/docker"
)

// Engines finds an engine by its name in the fleet; docker.Set is one.
type Engines interface {
	Engine(name string) (*docker.Engine, bool)
}

// Actions returns the actions on containers.
func Actions(engines Engines) []actions.Action { return nil }

// Guards returns the checks that concern containers: what depends on them.
func Guards() []actions.Guard { return nil }
