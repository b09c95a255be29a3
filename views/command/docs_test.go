package command

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"ringside/backends/fleet"
	"ringside/keymap"
)

var update = flag.Bool("update", false, "write the made docs anew")

// TestKeysDoc keeps docs/keys.md as the key table says.
func TestKeysDoc(t *testing.T) {
	const file = "../../docs/keys.md"
	if *update {
		if err := os.WriteFile(file, []byte(keysMarkdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil || string(have) != keysMarkdown() {
		t.Errorf("docs/keys.md is stale (%v): go test ./views/command -run KeysDoc -update", err)
	}
}

// keysMarkdown is docs/keys.md.
func keysMarkdown() string {
	var b strings.Builder
	b.WriteString("# Keys\n\nMade from the key table; `ringside help keys` prints the same. Every key can be changed in `ringside.yaml` by its id:\n\n" +
		"```yaml\nkeys:\n  container.stop: [X, f9]\n  help: [\"?\", f1]\n```\n\nA key that would mean two things in one place is refused at the start.\n")
	code := strings.NewReplacer("|", "\\|")
	for _, s := range scopes() {
		fmt.Fprintf(&b, "\n## %s\n\n| key | id | what it does |\n|---|---|---|\n", strings.ToUpper(string(s.scope[:1]))+string(s.scope[1:]))
		for _, k := range s.keys {
			fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", code.Replace(strings.ReplaceAll(k.keys, ", ", "` `")), k.id, code.Replace(k.help))
		}
	}
	return b.String()
}

// TestCommandsDoc finds commands and exit codes that the docs do not tell.
func TestCommandsDoc(t *testing.T) {
	doc, err := os.ReadFile("../../docs/command-line.md")
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(Options{})
	for _, c := range a.root().Commands() {
		if c.Hidden || c.Name() == "help" || c.Name() == "version" || !c.Runnable() {
			continue
		}
		row := ""
		for line := range strings.Lines(string(doc)) {
			if strings.HasPrefix(line, "| `ringside "+c.Name()) {
				row += line
			}
		}
		if row == "" {
			t.Errorf("ringside %s is not in the docs", c.Name())
		}
		for _, sub := range c.Commands() {
			if !strings.Contains(strings.NewReplacer("\\|", " ", "`", " ").Replace(row)+" ", " "+sub.Name()+" ") {
				t.Errorf("%s is not in the docs", sub.CommandPath())
			}
		}
	}
	for _, code := range []int{ExitDone, ExitPlanned, ExitUsage, ExitFailed, ExitBlocked, ExitCrash, ExitCancelled} {
		if !strings.Contains(string(doc), fmt.Sprintf("\n| %d |", code)) || !strings.Contains(exitCodes, fmt.Sprintf(" %d  ", code)) {
			t.Errorf("exit code %d is not told", code)
		}
	}
}

// TestHelp looks at every command: no flag twice, help without a terminal.
func TestHelp(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Short == "" {
			t.Errorf("%s says nothing about itself", c.CommandPath())
		}
		_ = c.UsageString() // panics where two flags have one name
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(newApp(Options{}).root())
}

func TestCompletions(t *testing.T) {
	b := newBench(t)
	for args, want := range map[string]string{
		"containers stop ":                     "db\tdev running\n",
		"containers stop te":                   "test/web\ttest running\n",
		"containers list --engine ":            "prod\ttokyo production\n",
		"containers list -o ":                  "json\n",
		"demo containers stop ":                "",
		"runs resume ":                         "",
		"containers rename db ":                "",
		"containers stop db --config /x/y.yml": "",
	} {
		r := b.run(t, append([]string{cobra.ShellCompRequestCmd}, strings.Split(args, " ")...)...)
		if r.code != ExitDone || !strings.Contains(r.out, want) {
			t.Errorf("%q: %+v", args, r)
		}
	}
	// Two engines have a web: only ENGINE/NAME says which.
	if r := b.run(t, cobra.ShellCompRequestCmd, "containers", "stop", ""); strings.Contains("\n"+r.out, "\nweb\t") {
		t.Errorf("an ambiguous name is offered: %s", r.out)
	}
	// A dead engine costs a completion its own names only, and little time.
	b.lab.Engine("prod").Hang(true)
	if r := b.run(t, cobra.ShellCompRequestCmd, "containers", "stop", ""); !strings.Contains(r.out, "db\t") || strings.Contains(r.out, "api\t") {
		t.Errorf("with a dead engine: %+v", r)
	}
	for shell, check := range map[string][]string{"bash": {"bash", "-n"}, "zsh": {"zsh", "-n"}, "fish": {"fish", "--no-execute"}} {
		r := b.run(t, "completion", shell)
		if r.code != ExitDone || !strings.Contains(r.out, "ringside") {
			t.Errorf("completion %s: %+v", shell, r.code)
		}
		if _, err := exec.LookPath(check[0]); err != nil {
			continue // the script is made all the same; only its syntax is not judged here
		}
		file := filepath.Join(t.TempDir(), shell)
		if err := os.WriteFile(file, []byte(r.out), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(check[0], append(check[1:], file)...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
}

func TestManPage(t *testing.T) {
	b := newBench(t)
	if r := b.run(t, "man"); r.code != ExitDone || !strings.HasPrefix(r.out, ".TH RINGSIDE 1") {
		t.Errorf("%+v", r.code)
	}
}

// TestReadmeConfig keeps the example of the README loadable.
func TestReadmeConfig(t *testing.T) {
	doc, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(doc), "```yaml\n")
	block, _, _ = strings.Cut(block, "```")
	f, err := fleet.Parse("README.md", []byte(block))
	if err != nil || len(f.Hosts) != 240 || len(f.Engines) != 3 {
		t.Fatalf("%v", err)
	}
	if _, faults := keymap.New(keymap.Table, f.Keys); len(faults) > 0 {
		t.Error(faults)
	}
}
