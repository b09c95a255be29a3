package bmc

import "time"

// bootOptions is what overrides the BIOS order, in the bytes of IPMI v2.0 table
// 28-14, parameter 5, which both protocols read and write.
type bootOptions struct {
	flags      [5]byte
	expires    time.Time // the valid bit goes then unless a power command came; zero for never
	keep       byte      // parameter 3: when the valid bit is not cleared
	inProgress byte      // parameter 0
	ack        [2]byte   // parameter 4
}

// Bits of the boot flags.
const (
	flagValid      = 0x80 // of flags[0]
	flagPersistent = 0x40
	flagEFI        = 0x20
	keepOnTimeout  = 0x08 // of parameter 3
)

// bootTimeout is how long flags are valid without a power command (IPMI v2.0
// table 28-14, parameter 3). It is the protocol's time, whatever the lab's speed.
const bootTimeout = 60 * time.Second

// bootDevice is a device selector, flags[1] bits 5:2, and its Redfish name.
type bootDevice struct {
	selector byte
	target   string // Redfish BootSourceOverrideTarget
	says     string // what a boot from it is called
}

var bootDevices = []bootDevice{
	{0, "None", "disk"},
	{1, "Pxe", "pxe"},
	{2, "Hdd", "disk"},
	{5, "Cd", "cdrom"},
	{6, "BiosSetup", "bios"},
	{4, "Diags", "diagnostics"},
	{15, "Floppy", "floppy"},
}

func (b *bootOptions) valid(now time.Time) bool {
	if !b.expires.IsZero() && now.After(b.expires) {
		b.flags[0] &^= flagValid
		b.expires = time.Time{}
	}
	return b.flags[0]&flagValid != 0
}

func (b *bootOptions) device() bootDevice {
	s := b.flags[1] >> 2 & 0x0f
	for _, d := range bootDevices {
		if d.selector == s {
			return d
		}
	}
	return bootDevice{s, "None", "disk"}
}

// set keeps flags. IPMI's are forgotten after a minute without a power command,
// unless parameter 3 says that they stay.
func (b *bootOptions) set(flags [5]byte, now time.Time, forgets bool) {
	b.flags, b.expires = flags, time.Time{}
	if forgets && b.keep&keepOnTimeout == 0 {
		b.expires = now.Add(bootTimeout)
	}
}

// start boots the host: the override is used, and used up unless it is for ever.
func (c *chassis) start(at time.Time, cause event) {
	c.boots++
	c.booted = "disk"
	if c.boot.valid(at) {
		c.booted = c.boot.device().says
		c.boot.expires = time.Time{}
		if c.boot.flags[0]&flagPersistent == 0 {
			c.boot.flags = [5]byte{}
		}
	}
	c.log.add(at, cause)
	c.run(false)
	if end, ok := bootEnds[c.booted]; ok { // the BIOS setup waits for somebody
		c.then(at, c.between(bootTakes, 20*time.Second, 40*time.Second), func(at time.Time) {
			c.log.add(at, end)
			c.run(true)
		})
	}
}
