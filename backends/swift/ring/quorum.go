package ring

import "fmt"

// Quorum says how many replicas of a partition Swift wants for what. The zero
// value is that of replicated policies and of account and container rings.
type Quorum struct {
	data, parity, copies int // of an erasure code; zero for replication
}

// maxFragments bounds an erasure code: the libraries know at most 32 fragments,
// the ring at most 255 replicas.
const maxFragments = 255

// ErasureCoded is the quorum of a policy with so many data and parity fragments,
// each kept so many times (1 without duplication).
func ErasureCoded(data, parity, copies int) (Quorum, error) {
	if data < 1 || parity < 1 || copies < 1 || data > maxFragments || parity > maxFragments || copies > maxFragments || (data+parity)*copies > maxFragments {
		return Quorum{}, fmt.Errorf("an erasure code of %d+%d fragments, each %d times, cannot be", data, parity, copies)
	}
	return Quorum{data, parity, copies}, nil
}

// Erasure reports whether the quorum is that of an erasure code.
func (q Quorum) Erasure() bool { return q.data > 0 }

// String tells the scheme: "replicated", "ec 4+2", "ec 4+2 x2".
func (q Quorum) String() string {
	switch {
	case !q.Erasure():
		return "replicated"
	case q.copies > 1:
		return fmt.Sprintf("ec %d+%d x%d", q.data, q.parity, q.copies)
	}
	return fmt.Sprintf("ec %d+%d", q.data, q.parity)
}

// Replicas is how many replicas the ring of the policy must have; 0: any number.
func (q Quorum) Replicas() int { return (q.data + q.parity) * q.copies }

// Write is how many of n primaries must be on for a write to need no handoff.
// Replicated: floor((n+1)/2), Swift's quorum_size. Erasure coded: one fragment
// more than the data, times the copies; pyeclib's min_parity_fragments_needed is
// 1 for every code it knows.
func (q Quorum) Write(n int) int {
	if q.Erasure() {
		return (q.data + 1) * q.copies
	}
	return (n + 1) / 2
}

// Read is how many different replicas, or fragments, a read needs. Codes that
// are not of maximum distance (flat_xor_hd) may need more.
func (q Quorum) Read() int {
	if q.Erasure() {
		return q.data
	}
	return 1
}

// Overhead is how many bytes are kept for a byte of data in a ring of so many
// replicas.
func (q Quorum) Overhead(replicas float64) float64 {
	if q.Erasure() {
		return replicas / float64(q.data)
	}
	return replicas
}

// fragments is the number of different fragments; 0 for replication.
func (q Quorum) fragments() int { return q.data + q.parity }
