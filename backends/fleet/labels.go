package fleet

// Labels that Ringside sets on the containers that it makes, so that every console
// sees what they are and who made them.
const (
	LabelService   = "ringside.service"   // name of the service
	LabelColour    = "ringside.colour"    // blue or green
	LabelRun       = "ringside.run"       // ID of the run that made it
	LabelImage     = "ringside.image"     // as it was asked for: "registry.example/team/web:1.9.2"
	LabelBy        = "ringside.by"        // who made it
	LabelMigration = "ringside.migration" // "contract" when the release can not be rolled back at once
	LabelLock      = "ringside.lock"      // of a marker that locks a service: its name

	// LabelEnvironment is set on images by whoever builds them: the environment for
	// which the image is meant.
	LabelEnvironment = "ringside.environment"
)

// MigrationContract is the value of LabelMigration for a release after which the
// release before it no longer works.
const MigrationContract = "contract"
