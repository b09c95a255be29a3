package swift

import (
	"bytes"
	"compress/gzip"
	"testing"
)

// swift-ring-builder writes a backup of each ring with its time in the name, and the
// name is in the gzip header: the MD5 that nodes tell is that of the other name.
func TestAsDeployed(t *testing.T) {
	packed := func(name, comment string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Name, z.Comment = name, comment
		if _, err := z.Write([]byte("R1NG")); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, c := range []struct{ in, want []byte }{
		{packed("1795650346.object-1.ring", ""), packed("object-1.ring", "")},
		{packed("object-1.ring", ""), packed("object-1.ring", "")},
		{packed("", ""), packed("", "")},
		{packed("1795650346.object.ring", "note"), packed("object.ring", "note")},
		{[]byte("R1NG"), []byte("R1NG")},
		{packed("1795650346.object.ring", "")[:14], packed("1795650346.object.ring", "")[:14]},
	} {
		if got := asDeployed(c.in); !bytes.Equal(got, c.want) {
			t.Errorf("%q becomes %q, want %q", c.in, got, c.want)
		}
	}
}
