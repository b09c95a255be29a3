package bmc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/rmcpplus"
	"github.com/bougou/go-ipmi/pkg/types"

	"ringside/backends/bmc/rmcp"
	"ringside/backends/fleet"
)

// One datagram is waited for a second and sent three times in all. Longer waits
// would not find a BMC that shorter ones miss, only hold up those who ask.
const (
	ipmiWait    = time.Second
	ipmiTries   = 3
	maxPassword = 20 // bytes, IPMI v2.0 section 22.30
)

// ipmi speaks IPMI 2.0 to one BMC over one session, which is opened with the
// first command, kept, and opened anew when the BMC has forgotten it.
type ipmi struct {
	address   string
	cred      fleet.Credential
	secrets   *secrets
	suites    []int // to try, the better one first
	privilege types.PrivilegeLevel

	turn turn
	// Below belongs to who has the turn.
	session *ipmiSession // nil: none
	stale   bool         // the last command was given up without an answer
	door    door

	known     sync.Mutex
	suite     int // the one that worked, 0 before
	sdrs      *sdrCache
	flagsLost bool // this BMC keeps of boot flags only the device
}

// ipmiSession is one session. The library's client is good for one: after Close
// it would leak sockets.
type ipmiSession struct {
	conn   *rmcp.Conn
	client *client.Client
}

var privileges = map[string]types.PrivilegeLevel{"": types.PrivilegeLevelAdministrator, "administrator": types.PrivilegeLevelAdministrator,
	"operator": types.PrivilegeLevelOperator, "user": types.PrivilegeLevelUser}

func newIPMI(c *Controller) *ipmi {
	port, _ := c.ports()
	d := &ipmi{address: c.address(port), cred: c.cred, secrets: c.secrets, suites: []int{17, 3},
		privilege: privileges[c.host.BMC.Privilege], turn: newTurn()}
	if s := c.host.BMC.CipherSuite; s != 0 {
		d.suites = []int{s}
	}
	return d
}

func (d *ipmi) name() string { return "ipmi" }

// read runs commands that may be repeated.
func (d *ipmi) read(ctx context.Context, f func(context.Context, *client.Client) error) error {
	return d.do(ctx, true, f)
}

// change runs one command that must not be sent twice. The session should have
// been used just before: a BMC that has forgotten it would not answer.
func (d *ipmi) change(ctx context.Context, f func(context.Context, *client.Client) error) error {
	return d.do(ctx, false, f)
}

// do runs f in the session, alone. A session that does not answer is dropped, and
// f is run once more in a new one when it may be repeated.
func (d *ipmi) do(ctx context.Context, again bool, f func(context.Context, *client.Client) error) error {
	if err := d.turn.take(ctx); err != nil {
		return err
	}
	defer d.turn.give()
	if d.stale {
		d.drop()
	}
	fresh := d.session == nil
	for {
		if d.session == nil {
			if err := d.open(ctx); err != nil {
				return err
			}
		}
		err := d.run(ctx, again, f)
		var answer *types.ResponseError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &answer): // the session is alive
			return completion(answer, again)
		case ctx.Err() != nil:
			d.stale = true
			if !again {
				return interrupted(ctx)
			}
			return ctx.Err()
		case !unheard(err):
			return &reason{trouble: Rejected, why: errNonsense.Error(), err: err}
		}
		d.drop()
		if !again {
			return d.unanswered(err)
		}
		if fresh {
			return d.silence(err)
		}
		fresh = true
	}
}

// run calls f. The library's decoders trust lengths that a BMC sends, so one that
// lies makes them panic.
func (d *ipmi) run(ctx context.Context, again bool, f func(context.Context, *client.Client) error) (err error) {
	defer d.session.conn.Follow(ctx)()
	if !again {
		defer d.session.conn.Once()()
	}
	defer func() {
		if v := recover(); v != nil {
			err = errNonsense
		}
	}()
	return f(ctx, d.session.client)
}

var errNonsense = errors.New("the BMC's answer makes no sense")

// unheard says that no answer came, rather than one that could not be read. The
// library has these words, and no type, for its exchanges.
func unheard(err error) bool { return strings.Contains(err.Error(), "IPMI LAN: ") }

// open logs in. It leaves a session, or the reason why there is none.
func (d *ipmi) open(ctx context.Context) error {
	if err := d.door.enter(time.Now()); err != nil {
		return err
	}
	err := d.login(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.door.left(err, time.Now())
	if troubleOf(err) == WrongPassword {
		d.secrets.refused(d.cred)
	}
	return err
}

func (d *ipmi) login(ctx context.Context) error {
	password, err := d.secrets.get(ctx, d.cred)
	switch {
	case err != nil:
		return err
	case len(password) > maxPassword:
		return &reason{trouble: NoSecret, why: fmt.Sprintf("the password has more than %d bytes, and IPMI takes no longer one", maxPassword)}
	case len(d.cred.Username) > rmcpplus.MaxUserNameLength:
		return &reason{trouble: NoSecret, why: fmt.Sprintf("the user name has more than %d bytes, and IPMI takes no longer one", rmcpplus.MaxUserNameLength)}
	}
	suites := slices.Clone(d.suites)
	if i := slices.Index(suites, d.usedSuite()); i > 0 {
		suites[0], suites[i] = suites[i], suites[0]
	}
	for _, suite := range suites {
		var other bool
		if other, err = d.loginWith(ctx, suite, password, true); err == nil {
			d.known.Lock()
			d.suite = suite
			d.known.Unlock()
			return nil
		}
		if !other {
			return err
		}
	}
	return err
}

// loginWith tries one cipher suite, once more when the BMC mixed up the first try and
// again is set. On failure it says whether another one may do.
func (d *ipmi) loginWith(ctx context.Context, suite int, password string, again bool) (other bool, err error) {
	conn, err := rmcp.Dial(ctx, d.address, d.cred.Username, password)
	if err != nil {
		if r := badName(d.address, err); r != nil {
			return false, r
		}
		return false, d.silence(err)
	}
	cl, err := client.NewClient("bmc", 1, d.cred.Username, password) // conn has the address
	if err != nil {
		_ = conn.Close()
		return false, err
	}
	cl.WithUDPProxy(conn).WithTimeout(ipmiWait).WithRetry(ipmiTries - 1).
		WithCipherSuiteID(types.CipherSuiteID(suite)).WithMaxPrivilegeLevel(d.privilege)
	s := &ipmiSession{conn, cl}
	err = d.connect(ctx, s)
	if err == nil {
		d.session, d.stale = s, false
		return false, nil
	}
	told := conn.Told()
	if again && mixedUp(told) {
		_ = conn.Close()
		return d.loginWith(ctx, suite, password, false)
	}
	if told.Stage >= rmcp.Acknowledged { // there is a session, and it is of no use
		_ = s.end(ctx, ctx.Err() == nil)
	}
	_ = conn.Close()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	return d.refusal(told, suite, err)
}

func (d *ipmi) connect(ctx context.Context, s *ipmiSession) (err error) {
	defer s.conn.Follow(ctx)()
	defer func() {
		if v := recover(); v != nil {
			err = errNonsense
		}
	}()
	return s.client.Connect(ctx)
}

// end closes the session: politely, waiting for the BMC to agree, or by telling
// it without waiting.
func (s *ipmiSession) end(ctx context.Context, politely bool) error {
	if !politely {
		s.conn.Deafen()
	}
	defer s.conn.Follow(ctx)()
	return s.client.Close(ctx)
}

// drop ends a session that does not answer any more.
func (d *ipmi) drop() {
	if d.session == nil {
		return
	}
	_ = d.session.end(context.Background(), false)
	d.session, d.stale = nil, false
}

func (d *ipmi) close(ctx context.Context) error {
	if err := d.turn.take(ctx); err != nil {
		return err
	}
	defer d.turn.give()
	s := d.session
	if s == nil {
		return nil
	}
	d.session = nil
	if err := s.end(ctx, !d.stale); err != nil && !d.stale {
		return d.silence(err)
	}
	return nil
}

// present asks whether somebody speaks IPMI 2.0 there.
func (d *ipmi) present(ctx context.Context) error {
	told, err := rmcp.Present(ctx, d.address, ipmiWait, ipmiTries)
	switch r := badName(d.address, err); {
	case ctx.Err() != nil:
		return ctx.Err()
	case told.V20:
		return nil
	case told.Stage >= rmcp.Capable:
		return errOldIPMI
	case r != nil:
		return r
	}
	return d.silence(err)
}

var errOldIPMI = &reason{trouble: Unsupported, why: "it speaks IPMI 1.5 only, which sends passwords in the clear", hint: "use Redfish, or renew the BMC's firmware"}

// silence puts an exchange without an answer into words.
func (d *ipmi) silence(err error) error {
	switch {
	case refused(err):
		return &reason{trouble: Refused, why: "UDP port " + d.address + " is closed", hint: "is IPMI over LAN enabled in the BMC?", err: err}
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return &reason{trouble: Silent, why: "there is no way to " + d.address, hint: "check the network", err: err}
	case errors.Is(err, errNonsense):
		return &reason{trouble: Rejected, why: "what answers at " + d.address + " makes no sense", hint: "is it a BMC?", err: err}
	}
	return &reason{trouble: Silent, why: fmt.Sprintf("no answer from %s in %d tries", d.address, ipmiTries), hint: "is the BMC up, and the network?", err: err}
}

// unanswered is silence after a command that may have been heard.
func (d *ipmi) unanswered(err error) error {
	if refused(err) {
		return d.silence(err)
	}
	return &reason{trouble: Silent, why: "the command was sent, and no answer came from " + d.address + ": it may have been carried out",
		hint: "look at the state before sending it again", err: err}
}
