package command

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ringside/backends/fleet"
	"ringside/backends/swift/ring"
)

// swift is the command `swift`: what the clusters of the fleet say, and what ring
// files say without any fleet.
func (a *app) swift() *cobra.Command {
	c := group("swift", "OpenStack Swift: rings, and what breaks when parts of a cluster are off")
	c.AddGroup(&cobra.Group{ID: "clusters", Title: "Clusters of the fleet:"}, &cobra.Group{ID: "rings", Title: "From ring files alone:"}, &cobra.Group{ID: "act", Title: "Act:"})
	c.AddCommand(grouped("clusters", a.swiftStatus(), a.swiftNodes(), a.swiftDevices(), a.swiftFiles(), a.swiftContainers(), a.swiftSettled(), a.swiftCheck())...)
	c.AddCommand(grouped("rings", a.swiftRings(), a.swiftWhatIf(), a.swiftSafe(), a.swiftLocate(), a.swiftDiff())...)
	c.AddCommand(a.acts(fleet.KindCluster)...)
	return c
}

// ringFiles are the flags that say where the rings are and what is off.
type ringFiles struct {
	dir, conf     string
	down, unknown []string
}

func (r *ringFiles) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.dir, "rings", "/etc/swift", "`DIR` with account.ring.gz, container.ring.gz, object*.ring.gz")
	f.StringVar(&r.conf, "conf", "", "swift.conf `FILE` with the storage policies (default: the one beside the rings)")
	_ = c.MarkFlagDirname("rings")
}

func (r *ringFiles) downFlag(c *cobra.Command) {
	c.Flags().StringSliceVar(&r.down, "down", nil, "`WHAT` is off: HOST, HOST:DEVICE, zone=N, zone=rNzN, region=N, device=ID; * in a host stands for any characters")
	_ = c.RegisterFlagCompletionFunc("down", r.completeTargets)
}

// unknownFlag says what it means to a command that something may be off.
func (r *ringFiles) unknownFlag(c *cobra.Command, meaning string) {
	c.Flags().StringSliceVar(&r.unknown, "unknown", nil, "`WHAT` may be off, as with --down: "+meaning)
	_ = c.RegisterFlagCompletionFunc("unknown", r.completeTargets)
}

// load reads the rings. Notices go to the error output.
func (r *ringFiles) load(a *app) (*ring.Dir, error) {
	d, err := ring.LoadDir(r.dir, r.conf)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), err != nil && (d == nil || len(d.Rings) == 0):
		return nil, usage("%w; --rings DIR says where the rings are", err)
	case err != nil:
		return d, exit(ExitFailed, "%w", err)
	}
	for _, n := range d.Notices {
		a.complain("%s", n)
	}
	return d, nil
}

// layers are the rings with what is off, and with what may be off as well.
func (r *ringFiles) layers(d *ring.Dir) (least, most []ring.Layer, err error) {
	down, err := targets(d, "--down", r.down)
	if err != nil {
		return nil, nil, err
	}
	unknown, err := targets(d, "--unknown", r.unknown)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range d.Rings {
		off := n.Select(down)
		all := n.Select(unknown)
		all.Merge(off)
		least = append(least, ring.Layer{Ring: n.Ring, Quorum: n.Quorum(), Off: off})
		most = append(most, ring.Layer{Ring: n.Ring, Quorum: n.Quorum(), Off: all})
	}
	return least, most, nil
}

// targets reads what names devices. What names none is a mistake: it would look
// as if nothing broke.
func targets(d *ring.Dir, flag string, list []string) ([]ring.Target, error) {
	var out []ring.Target
	for _, text := range list {
		t, err := ring.ParseTarget(text)
		if err != nil {
			return nil, usage("%s: %w", flag, err)
		}
		if !slices.ContainsFunc(d.Rings, func(n ring.Named) bool { return n.Select([]ring.Target{t}).Len() > 0 }) {
			return nil, usage("%s: no ring has a device that %q names; the hosts are %s", flag, text, few(ringHosts(d)))
		}
		out = append(out, t)
	}
	return out, nil
}

// ringHosts are the addresses of all rings, each once.
func ringHosts(d *ring.Dir) []string {
	var out []string
	seen := map[string]bool{}
	for _, n := range d.Rings {
		for _, h := range n.Hosts() {
			if !seen[h.Name] {
				seen[h.Name] = true
				out = append(out, h.Name)
			}
		}
	}
	return out
}

func (r *ringFiles) completeTargets(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	d, err := ring.LoadDir(r.dir, r.conf)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	before, last := "", typed
	if at := strings.LastIndexByte(typed, ','); at >= 0 {
		before, last = typed[:at+1], typed[at+1:]
	}
	var out []string
	for _, n := range ringHosts(d) {
		if strings.HasPrefix(n, last) {
			out = append(out, before+n)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// ringName is what every row of a ring begins with.
type ringName struct {
	Ring   string `json:"ring"`   // account, container, object, object-1
	Policy string `json:"policy"` // name of the storage policy; "" of account and container rings
	Scheme string `json:"scheme"` // replicated, "ec 4+2"; "replicated (assumed)" without a swift.conf
}

func nameOf(n ring.Named) ringName {
	out := ringName{n.Name, n.Policy.Name, n.Quorum().String()}
	if n.Assumed {
		out.Scheme += " (assumed)"
	}
	return out
}

func ringColumns[T any](of func(T) ringName) []column[T] {
	return []column[T]{
		{title: "RING", cell: text(func(r T) string { return of(r).Ring })},
		{title: "POLICY", drop: 2, cell: text(func(r T) string { return of(r).Policy })},
		{title: "SCHEME", drop: 1, cell: text(func(r T) string { return of(r).Scheme })},
	}
}

// counted is a column of a count; one that should be 0 and is not stands out.
func counted[T any](title string, of func(T) int, wrong func(T) bool) column[T] {
	return column[T]{title: title, right: true, cell: func(r T) cell {
		c := cell{text: fmt.Sprint(of(r))}
		if wrong != nil && wrong(r) {
			c.style = bad
		}
		return c
	}}
}
