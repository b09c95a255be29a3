package bmc

// sdrCache holds what describes the sensors of a BMC.
type sdrCache struct{}
