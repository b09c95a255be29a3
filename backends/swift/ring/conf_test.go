package ring_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ringside/backends/swift/ring"
)

const goodConf = `# a comment
[DEFAULT]
ec_type = liberasurecode_rs_vand

[swift-hash]
; another
swift_hash_path_prefix = %(word)s-x
swift_hash_path_suffix: "5%%
word = pre

[storage-policy:1]
name = deep
aliases = cold, deep , archive
policy_type = erasure_coding
ec_num_data_fragments = 10
EC_Num_Parity_Fragments = 4
deprecated = Yes
[storage-policy:0]
name = gold
name = gold2
default = 1
   [not a section]
`

func TestConf(t *testing.T) {
	c, err := ring.ParseConf("swift.conf", []byte(goodConf))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Policies) != 2 || len(c.Notices) != 0 {
		t.Fatalf("%+v", c)
	}
	gold, deep := c.Policies[0], c.Policies[1]
	if gold.Name != "gold2" || gold.Quorum.Erasure() || gold.RingName() != "object" {
		t.Errorf("%+v", gold)
	}
	if deep.Name != "deep" || fmt.Sprint(deep.Aliases) != "[cold archive]" || deep.Quorum.String() != "ec 10+4" || !deep.Deprecated || deep.Default || deep.RingName() != "object-1" || deep.ErasureOf != "liberasurecode_rs_vand" {
		t.Errorf("%+v", deep)
	}
	// md5("pre-x/a/c/o" + "\"5%") by md5sum.
	sum, err := c.Hash.Sum("a", "c", "o")
	if want := "3f61890ac3d36bdf7f6064e7766f9ae9"; err != nil || hex.EncodeToString(sum[:]) != want {
		t.Errorf("%x, not %s (%v)", sum, want, err)
	}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %v %s", c.Hash, c.Hash, c.Hash, c.Hash), fmt.Sprintf("%#v", *c)} {
		if strings.Contains(text, "pre-x") || strings.Contains(text, "112, 114, 101") || strings.Contains(text, "112 114 101") || strings.Contains(text, "0x70, 0x72") {
			t.Errorf("the secret is shown: %s", text)
		}
	}
}

func TestConfOfNothing(t *testing.T) {
	c, err := ring.ParseConf("swift.conf", nil)
	if err != nil || len(c.Policies) != 1 || c.Policies[0].Name != "Policy-0" || !c.Policies[0].Default || c.Hash.Known() {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := c.Hash.Sum("a", "", ""); err == nil || !strings.Contains(err.Error(), "swift_hash_path_prefix") {
		t.Error(err)
	}
	h := ring.NewHash([]byte("x"), nil)
	if _, err := h.Sum("", "c", ""); err == nil {
		t.Error("no account")
	}
	if _, err := h.Sum("a", "", "o"); err == nil {
		t.Error("no container")
	}
}

func TestConfNotices(t *testing.T) {
	c, err := ring.ParseConf("swift.conf", []byte("[swift-hash]\nswift_hash_path_suffix = \"s3cr3t\"\n[storage-policy:0]\nname = x\npolicy_type = erasure_coding\nec_type = flat_xor_hd_4\nec_num_data_fragments = 10\nec_num_parity_fragments = 5\n"))
	if err != nil || len(c.Notices) != 2 || !strings.HasPrefix(c.Notices[0], "swift.conf:2: swift_hash_path_suffix has quotes") || !strings.Contains(c.Notices[1], "flat_xor_hd_4 may need more than 10 fragments") {
		t.Fatalf("%v, %v", c, err)
	}
	if strings.Contains(c.Notices[0], "s3cr3t") {
		t.Error("the secret is shown")
	}
}

func TestBadConf(t *testing.T) {
	for text, says := range map[string]string{
		"x = 1\n":  "swift.conf:1: an option before the first [section]",
		"[a\n":     "swift.conf:1: a section without its ]",
		"[a]\nx\n": "swift.conf:2: neither a [section] nor option = value",
		"[swift-hash]\nswift_hash_path_suffix = s3cr3t%\n":                                                                     "swift.conf:2: swift_hash_path_suffix: a lone %",
		"[swift-hash]\nswift_hash_path_prefix = %(s3cr3t)s\n":                                                                  "refers to an option that is not there",
		"[swift-hash]\na = %(a)s%(a)s\nswift_hash_path_prefix = %(a)s\n":                                                       "too many references",
		"[storage-policy:x]\nname = x\n":                                                                                       "swift.conf:1: storage policy x: the index is no number",
		"[storage-policy:-1]\nname = x\n":                                                                                      "the index is no number",
		"[storage-policy:0]\ndefault = yes\n":                                                                                  "swift.conf:1: storage policy 0: it has no name",
		"[storage-policy:0]\nname = x\npolicy_type = magic\n":                                                                  `swift.conf:3: storage policy 0: "magic" is neither`,
		"[storage-policy:0]\nname = x\npolicy_type = erasure_coding\nec_num_data_fragments = four\n":                           "swift.conf:4: storage policy 0: ec_num_data_fragments is no number",
		"[storage-policy:0]\nname = x\npolicy_type = erasure_coding\nec_num_data_fragments = 4\n":                              "swift.conf:1: storage policy 0: ec_num_parity_fragments is no number",
		"[storage-policy:0]\nname = x\npolicy_type = erasure_coding\nec_num_data_fragments = 0\nec_num_parity_fragments = 2\n": "an erasure code of 0+2 fragments",
		"[storage-policy:0]\nname = x\n[storage-policy:00]\nname = y\n":                                                        "two storage policies 0",
		"[storage-policy:1]\nname = x\n":                                                                                       "there is no storage policy 0",
	} {
		_, err := ring.ParseConf("swift.conf", []byte(text))
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: %v, which does not say %q", text, err, says)
		}
	}
}

func TestLoadDir(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ring.LoadDir(filepath.Join(dir, "none"), ""); !os.IsNotExist(err) {
		t.Error(err)
	}
	if _, err := ring.LoadDir(dir, ""); err == nil || !strings.Contains(err.Error(), "holds no rings") {
		t.Error(err)
	}
	two := pack(header(nil), []uint16{0, 2, 0, 2}, []uint16{2, 0, 2, 0})
	for _, name := range []string{"account", "container", "object", "object-3", "object-10", "object-2"} {
		put(name+".ring.gz", two)
	}
	put("object-x.ring.gz", []byte("not looked at"))
	put("object-3.builder", []byte("not looked at"))
	d, err := ring.LoadDir(dir, "")
	if err != nil || len(d.Notices) != 1 || !strings.Contains(d.Notices[0], "no swift.conf") {
		t.Fatalf("%v, %v", d, err)
	}
	var names []string
	for _, n := range d.Rings {
		names = append(names, n.Name)
		if n.Assumed != (n.Kind == ring.Object) || n.Title() != n.Name {
			t.Errorf("%+v", n)
		}
	}
	if got := strings.Join(names, " "); got != "account container object object-2 object-3 object-10" {
		t.Error(got)
	}
	conf := "[storage-policy:0]\nname = gold\ndefault = yes\n[storage-policy:2]\nname = thin\npolicy_type = erasure_coding\nec_num_data_fragments = 1\nec_num_parity_fragments = 1\n[storage-policy:7]\nname = later\n"
	put("swift.conf", []byte(conf))
	d, err = ring.LoadDir(dir, "")
	if err != nil || len(d.Rings) != 4 || d.Rings[3].Title() != "thin" || d.Rings[3].Quorum().String() != "ec 1+1" || d.Rings[3].Assumed {
		t.Fatalf("%v, %v", d, err)
	}
	if got := strings.Join(d.Notices, "\n"); !strings.Contains(got, "object-3.ring.gz: it is of no storage policy") || !strings.Contains(got, "policy later has no ring") {
		t.Error(got)
	}
	// What cannot be read is an error; what can is there all the same.
	put("container.ring.gz", []byte("broken"))
	put("other.conf", []byte(strings.Replace(conf, "parity_fragments = 1", "parity_fragments = 2", 1)))
	d, err = ring.LoadDir(dir, filepath.Join(dir, "other.conf"))
	if err == nil || len(d.Rings) != 2 || !strings.Contains(err.Error(), "container.ring.gz: at byte 0") || !strings.Contains(err.Error(), "policy thin (ec 1+2) needs exactly 3: Swift refuses this ring") {
		t.Errorf("%v, %v", d, err)
	}
}
