package actions

// Halted reports whether a run starts no new steps any more, so that a test can
// let a running step go on only after that.
func (r *Runner) Halted(id string) bool {
	x, ok := r.find(id)
	return ok && x.stopped()
}
