package bmc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/bmc"
)

func TestTroubles(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		fault      lab.Fault
		ipmi, http Trouble
	}{
		{lab.Silent, Silent, Silent},
		{lab.Refused, Refused, Refused},
		{lab.WrongPassword, WrongPassword, WrongPassword},
		{lab.SessionsFull, SessionsFull, SessionsFull},
		{lab.Starting, Booting, Booting},
		{lab.UnknownCA, "", BadTLS},
	} {
		for _, k := range []lab.Spec{{Name: "ipmi", Protocol: lab.IPMI}, {Name: "redfish", Protocol: lab.Redfish}} {
			want := row.ipmi
			if k.Protocol == lab.Redfish {
				want = row.http
			}
			if want == "" {
				continue
			}
			for _, known := range []bool{false, true} { // it was well before
				name := string(row.fault) + "/" + k.Name
				if known {
					name += "/known"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					c, b := one(t, fast, k)
					if known {
						status(t, c)
					}
					b.Set(row.fault, true)
					var f *Facts
					var err error
					until(t, "the trouble is "+string(want), func() bool { f, err = c.Status(soon(t)); return troubleOf(err) == want })
					e := trouble(t, err)
					if f != nil || e.Trouble != want || e.Host != k.Name || e.Op != "read power" || e.Why == "" {
						t.Errorf("%+v, want %s", e, want)
					}
					if password, _ := c.cred.Secret(soon(t)); strings.Contains(fmt.Sprintf("%+v %+v", *e, e.Unwrap()), password) {
						t.Errorf("the password is in %+v", e)
					}
				})
			}
		}
	}
}

// A BMC that is back is found without a new controller.
func TestRecovery(t *testing.T) {
	t.Parallel()
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		status(t, c)
		for _, f := range []lab.Fault{lab.Refused, lab.Starting} {
			b.Set(f, true)
			if _, err := c.Status(soon(t)); err == nil {
				t.Fatalf("no error with %s", f)
			}
			b.Set(f, false)
			status(t, c)
		}
		b.Restart(0)
		until(t, "it is back", func() bool { _, err := c.Status(soon(t)); return err == nil })
	})
}

// After a refused login nobody knocks again at once, whoever asks.
func TestNoLoginStorm(t *testing.T) {
	t.Parallel()
	for _, f := range []lab.Fault{lab.WrongPassword, lab.SessionsFull} {
		each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
			b.Set(f, true)
			_, err := c.Status(soon(t))
			first := trouble(t, err)
			asked := b.Counters()
			for range 20 {
				_, err := c.Status(soon(t))
				e := trouble(t, err)
				if e.Trouble != first.Trouble || !strings.Contains(e.Why, "not tried again before") {
					t.Fatalf("%+v", e)
				}
			}
			if now := b.Counters(); now.Datagrams != asked.Datagrams || now.Connections != asked.Connections || now.Total() != asked.Total() {
				t.Errorf("from %+v to %+v", asked, now)
			}
		})
	}
}

// Four consoles hold the four slots: the fifth says so, and gets in when one ends.
func TestSlots(t *testing.T) {
	t.Parallel()
	each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
		var others []*Controller
		for range 4 {
			o := newController(c.host, c.cred, c.secrets)
			status(t, o)
			others = append(others, o)
		}
		_, err := c.Status(soon(t))
		if e := trouble(t, err); e.Trouble != SessionsFull {
			t.Fatalf("%+v", e)
		}
		for _, o := range others {
			must(t, o.Close(soon(t)))
			must(t, o.Close(soon(t))) // twice is no harm
		}
		until(t, "the slots are free", func() bool { return b.Counters().Open == 0 })
		again := opened(t, newController(c.host, c.cred, c.secrets))
		status(t, again)
	})
}

func TestSecretThatCannotBeRead(t *testing.T) {
	l := start(t, fast, kinds...)
	for _, h := range l.Hosts() {
		for why, cred := range map[string]fleet.Credential{
			"is not set":             {Name: "x", Username: "oncall", Password: fleet.Secret{Env: "RINGSIDE_TEST_NOT_SET"}},
			"no credential is named": {},
		} {
			c := opened(t, New(h, cred))
			_, err := c.Status(soon(t))
			if e := trouble(t, err); e.Trouble != NoSecret || !strings.Contains(e.Why, why) {
				t.Errorf("%+v", e)
			}
		}
	}
}

func TestPasswordTooLongForIPMI(t *testing.T) {
	c, b := one(t, fast, lab.Spec{})
	c.cred = account(t, "oncall", "123456789012345678901")
	_, err := c.Status(soon(t))
	if e := trouble(t, err); e.Trouble != NoSecret || !strings.Contains(e.Why, "more than 20 bytes") || b.Counters().Datagrams != 0 {
		t.Errorf("%+v", e)
	}
}

func TestCertificates(t *testing.T) {
	c, _ := one(t, fast, lab.Spec{Protocol: lab.Redfish})
	with := func(tls *fleet.TLS) (*Facts, error) {
		h := c.host
		m := *h.BMC
		m.TLS = tls
		h.BMC = &m
		return opened(t, New(h, c.cred)).Status(soon(t))
	}
	for name, row := range map[string]struct {
		tls *fleet.TLS
		why string
	}{
		"system authorities": {nil, "not trusted: unknown authority"},
		"wrong name":         {&fleet.TLS{CA: c.host.BMC.TLS.CA, ServerName: "sw002.bmc.example"}, "is for another name"},
		"no such file":       {&fleet.TLS{CA: filepath.Join(t.TempDir(), "none.pem")}, "cannot read the authority"},
		"no PEM":             {&fleet.TLS{CA: write(t, "nothing")}, "there is no certificate in"},
	} {
		_, err := with(row.tls)
		if e := trouble(t, err); e.Trouble != BadTLS || !strings.Contains(e.Why, row.why) {
			t.Errorf("%s: %+v", name, e)
		}
	}
	f, err := with(&fleet.TLS{SkipVerify: true})
	must(t, err)
	if f.Insecure != "TLS certificate of the BMC is not verified" {
		t.Errorf("%+v", f)
	}
	f, err = with(&fleet.TLS{CA: c.host.BMC.TLS.CA, ServerName: "localhost"})
	must(t, err)
	if f.Insecure != "" {
		t.Errorf("%+v", f)
	}
}

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// A privilege level that the account does not have is told, and the one that it
// has is enough to switch power.
func TestPrivilege(t *testing.T) {
	c, b := one(t, fast, lab.Spec{Operator: true})
	if c.host.BMC.Privilege != "operator" {
		t.Fatalf("%+v", c.host.BMC)
	}
	must(t, c.Switch(soon(t), ForceOff))
	until(t, "off", func() bool { return b.Power() == "Off" })
	h, m := c.host, *c.host.BMC
	m.Privilege, h.BMC = "administrator", &m
	_, err := opened(t, New(h, c.cred)).Status(soon(t))
	if e := trouble(t, err); e.Trouble != WrongPassword || !strings.Contains(e.Hint, "bmc.privilege") {
		t.Errorf("%+v", e)
	}
}

// The better suite is tried first, the one that works is kept, and one that is
// configured is the only one.
func TestCipherSuites(t *testing.T) {
	for name, row := range map[string]struct {
		bmc    []int
		config int
		want   int // 0: none fits
	}{
		"both":        {nil, 0, 17},
		"old":         {[]int{3}, 0, 3},
		"new":         {[]int{17}, 0, 17},
		"pinned":      {nil, 3, 3},
		"pinned old":  {[]int{3}, 17, 0},
		"pinned both": {nil, 17, 17},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := one(t, fast, lab.Spec{Suites: row.bmc})
			h, m := c.host, *c.host.BMC
			m.CipherSuite, h.BMC = row.config, &m
			c = opened(t, New(h, c.cred))
			f, err := c.Status(soon(t))
			if row.want == 0 {
				if e := trouble(t, err); e.Trouble != Unsupported || !strings.Contains(e.Why, "cipher suite 17") {
					t.Errorf("%+v", e)
				}
				return
			}
			must(t, err)
			if f.Suite != row.want {
				t.Errorf("suite %d", f.Suite)
			}
		})
	}
}

func TestAuto(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spec lab.Spec
		want string
	}{
		"both":    {lab.Spec{Protocol: lab.Both}, "ipmi"},
		"IPMI":    {lab.Spec{Protocol: lab.IPMI, Driver: "auto"}, "ipmi"},
		"Redfish": {lab.Spec{Protocol: lab.Redfish, Driver: "auto"}, "redfish"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, b := one(t, fast, row.spec)
			for range 3 {
				if f := status(t, c); f.Driver != row.want {
					t.Errorf("%+v", f)
				}
			}
			if n := b.Counters(); n.Opened != 1 {
				t.Errorf("%d sessions: it is found out once", n.Opened)
			}
			b.Set(lab.Refused, true)
			_, err := c.Status(soon(t))
			if e := trouble(t, err); e.Trouble != Refused {
				t.Errorf("%+v", e)
			}
			_, err = c.Status(soon(t))
			if e := trouble(t, err); e.Trouble != Refused || !strings.Contains(e.Why, "neither IPMI nor Redfish") {
				t.Errorf("%+v", e)
			}
			b.Set(lab.Refused, false)
			until(t, "it is found again", func() bool { f, err := c.Status(soon(t)); return err == nil && f.Driver == row.want })
		})
	}
}

// Whatever is under way ends within 300 ms of its cancellation, and Close ends it.
func TestCancel(t *testing.T) {
	const limit = 300 * time.Millisecond
	calls := map[string]func(context.Context, *Controller) error{
		"status": func(ctx context.Context, c *Controller) error { _, err := c.Status(ctx); return err },
		"switch": func(ctx context.Context, c *Controller) error { return c.Switch(ctx, Reset) },
		"boot": func(ctx context.Context, c *Controller) error {
			_, err := c.SetBoot(ctx, Boot{Device: PXE})
			return err
		},
		"sensors":  func(ctx context.Context, c *Controller) error { _, err := c.Sensors(ctx); return err },
		"events":   func(ctx context.Context, c *Controller) error { _, err := c.Events(ctx, 100); return err },
		"identify": func(ctx context.Context, c *Controller) error { return c.Identify(ctx, true) },
		"info":     func(ctx context.Context, c *Controller) error { _, err := c.Info(ctx); return err },
	}
	for call, do := range calls {
		for _, known := range []bool{false, true} {
			for _, how := range []string{"cancel", "close"} {
				name := call + "/" + how
				if known {
					name += "/known"
				}
				t.Run(name, func(t *testing.T) {
					each(t, fast, func(t *testing.T, c *Controller, b *lab.BMC) {
						if known {
							status(t, c)
						}
						b.Set(lab.Silent, true)
						asked := b.Counters()
						ctx, cancel := context.WithCancel(soon(t))
						defer cancel()
						ended := make(chan error, 1)
						go func() { ended <- do(ctx, c) }()
						until(t, "something is asked", func() bool {
							n := b.Counters()
							return n.Datagrams > asked.Datagrams || n.Connections > asked.Connections || known && redfishOnly(c)
						})
						took := stopwatch()
						if how == "cancel" {
							cancel()
						} else {
							go c.Close(context.Background())
						}
						err := <-ended
						if d := took(); d > limit {
							t.Errorf("it took %v", d)
						}
						e := trouble(t, err)
						if how == "cancel" && !errors.Is(e, context.Canceled) || how == "close" && !strings.Contains(e.Why, "closed the connection") {
							t.Errorf("%+v", e)
						}
					})
				})
			}
		}
	}
}
