package bmc

// Trouble is a kind of failure that an operator treats in its own way.
type Trouble string

// Troubles. None of them says anything about the power of the host.
const (
	Silent        Trouble = "silent"         // no answer at all
	Refused       Trouble = "refused"        // the port is closed
	WrongPassword Trouble = "wrong password" // user name, password or role
	SessionsFull  Trouble = "sessions full"  // every session slot of the BMC is taken
	BadTLS        Trouble = "TLS"            // the certificate is not trusted, or no TLS there
	Booting       Trouble = "BMC starting"   // it answers that it cannot yet
	Unsupported   Trouble = "not offered"    // this BMC cannot do that
	NoSecret      Trouble = "no secret"      // our own credential could not be read
	Rejected      Trouble = "rejected"       // the BMC answered with an error of its own
	Other         Trouble = "trouble"
)

// Error says what failed, on which host, why in words, and what to do next. It
// never holds a secret.
type Error struct {
	Host    string
	Op      string // "read power"
	Trouble Trouble
	Why     string // "no answer from sw-017.bmc:623 in 3 tries"
	Hint    string // what to do next, "" when there is nothing better than to try again
	err     error
}

func (e *Error) Error() string {
	s := "bmc " + e.Host + ": " + e.Op + ": " + e.Why
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause, for context errors.
func (e *Error) Unwrap() error { return e.err }
