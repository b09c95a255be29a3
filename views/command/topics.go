package command

import (
	"fmt"
	"io"
	"strings"

	mango "github.com/muesli/mango-cobra"
	"github.com/muesli/roff"
	"github.com/spf13/cobra"

	"ringside/keymap"
)

// topics are pages of `ringside help`.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "keys", Short: "Keys of the console", Long: keysText()},
		{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodes},
		{Use: "choosing", Short: "How containers and hosts are named and chosen", Long: choosing},
	}
}

const exitCodes = `Exit codes

    0  done, or nothing was to do
    1  --dry-run: changes would be made
    2  the command line or the configuration is not right, an ambiguous name, or a
       confirmation is missing; nothing was started
    3  some targets failed, or an engine or a BMC did not answer
    4  blocked by a guard, a lock of another run, or --read-only; nothing was started;
       or what --fail-on of a swift command forbids would be
   70  a defect of ringside; a report was written
  130  cancelled, or interrupted by a signal: ringside runs resume RUN goes on`

const choosing = `How containers are named and chosen

  NAME           one container of that name on all engines; where several engines
                 have it, the name is refused and the candidates are told
  ENGINE/NAME    that one
  ID             or the beginning of it
  --filter QUERY as in the console: words, ~fuzzy, !not, field:value; fields are
                 name state health engine site env project service image tag digest
                 id port network label
  --all          all containers; with --engine, all of that engine

How hosts are named and chosen

  sw001                   that host
  'sw[001-040,066]'       a range; quoted, since some shells take brackets for their own
  sw001-sw040             the same range, where both ends are hosts
  tag:swift site:tokyo rack:r12
                          all that have this in common
  --site --rack --tag     only those, of the ones that were named or of all
  --except HOSTS          not these
  --all                   all that have a BMC

Commands that act ask first, as the console would. --yes answers; where the console
has a word typed (production, more than 10 targets, warnings), --yes needs --reason
WHY. --override WHY overrides a guard that blocks. Both are recorded.`

// keysText is the table of keys for a terminal.
func keysText() string {
	var b strings.Builder
	b.WriteString("Keys of the console\n\nEvery key can be changed in ringside.yaml by its id: keys: {container.stop: [X, f9]}\n")
	for _, s := range scopes() {
		fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(string(s.scope[:1]))+string(s.scope[1:]))
		for _, k := range s.keys {
			fmt.Fprintf(&b, "  %-14s %-22s %s\n", k.keys, k.id, k.help)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

type keysOf struct {
	scope keymap.Scope
	keys  []keyLine
}

type keyLine struct{ keys, id, help string }

// scopes groups the table by the place in which a key works.
func scopes() []keysOf {
	var out []keysOf
	at := map[keymap.Scope]int{}
	for _, b := range keymap.Table {
		i, known := at[b.Scope]
		if !known {
			i = len(out)
			at[b.Scope] = i
			out = append(out, keysOf{scope: b.Scope})
		}
		var labels []string
		for _, k := range b.Keys {
			labels = append(labels, keymap.Label(k))
		}
		out[i].keys = append(out[i].keys, keyLine{strings.Join(labels, ", "), string(b.ID), b.Help})
	}
	return out
}

// man prints the manual page; releases carry it.
func (a *app) man(root *cobra.Command) *cobra.Command {
	return &cobra.Command{Use: "man", Short: "Print the manual page (roff)", Hidden: true, Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		page, err := mango.NewManPage(1, root)
		if err != nil {
			return withCode(err)
		}
		_, err = io.WriteString(a.Out, page.Build(roff.NewDocument()))
		return withCode(err)
	}}
}
