// Package safe starts every goroutine of Ringside. A panic in a bare goroutine
// would end the program with the terminal still in its alternate screen; here it
// is handed to one handler, which restores the terminal and writes a report.
package safe

import (
	"runtime/debug"
	"sync/atomic"
)

// Handler receives a panic: where it happened, its value and its stack.
type Handler func(where string, value any, stack []byte)

var handler atomic.Pointer[Handler]

// OnPanic sets the handler. Without one a panic ends the program as usual.
func OnPanic(h Handler) { handler.Store(&h) }

// Go runs f in a goroutine.
func Go(where string, f func()) { go Do(where, f) }

// Do runs f here and hands a panic to the handler.
func Do(where string, f func()) {
	defer func() {
		h := handler.Load()
		if h == nil {
			return
		}
		if v := recover(); v != nil {
			(*h)(where, v, debug.Stack())
		}
	}()
	f()
}
