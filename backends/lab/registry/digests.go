package registry

// digests are those of the demo's layers, so that nothing has to be computed
// before it is read. TestDigests recomputes them.
var digests = map[Layer]string{}
