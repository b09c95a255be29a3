package command

import (
	"bytes"
	"log"
	"os"
	"testing"
)

// What libraries print with the standard logger, as net/http does on a stray chunk
// of Swift's, must not reach the terminal. TestMain's process is left as it was.
func TestStandardLoggerIsSilent(t *testing.T) {
	var out bytes.Buffer
	old := log.Writer()
	log.SetOutput(&out)
	t.Cleanup(func() { log.SetOutput(old) })
	a := newApp(Options{})
	if err := a.startLog(); err != nil {
		t.Fatal(err)
	}
	log.Print("Unsolicited response received on idle HTTP channel")
	if out.Len() > 0 || log.Writer() == os.Stderr {
		t.Errorf("the standard logger writes %q", out.String())
	}
}
