package safe

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestPanicIsHandled(t *testing.T) {
	defer handler.Store(handler.Load())
	type report struct {
		where string
		value any
		stack string
	}
	got := make(chan report, 1)
	OnPanic(func(where string, value any, stack []byte) { got <- report{where, value, string(stack)} })
	for name, run := range map[string]func(string, func()){"Go": Go, "Do": Do} {
		run(name, func() { explode() })
		r := <-got
		if r.where != name || r.value != "boom" || !strings.Contains(r.stack, "safe.explode") {
			t.Errorf("%s: %+v", name, r)
		}
	}
	ran := make(chan bool, 1)
	Go("fine", func() { ran <- true })
	<-ran
	if len(got) != 0 {
		t.Errorf("handled without a panic: %+v", <-got)
	}
}

//go:noinline
func explode() { panic("boom") }

// Without a handler the program ends as Go programs do, with the panic's own stack.
func TestPanicWithoutHandler(t *testing.T) {
	if os.Getenv("SAFE_TEST_PANIC") != "" {
		Do("child", explode)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestPanicWithoutHandler$")
	cmd.Env = append(os.Environ(), "SAFE_TEST_PANIC=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "panic: boom") || !strings.Contains(string(out), "safe.explode") {
		t.Errorf("%v\n%s", err, out)
	}
}
