package bmc

import "sync"

// records are the sensor data records (IPMI v2.0 section 43), the same for every
// host. The index is the record ID less one.
var records = sync.OnceValue(func() [][]byte {
	var out [][]byte
	return out
})
