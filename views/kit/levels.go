package kit

import "strings"

// level is a word of a log line that says how bad it is.
type level struct {
	bad    bool
	marked bool // only as a value: after one of = " [ as in level=error, "warn", [error]
}

// levelWords are whole words. In lower case the common ones are ordinary words
// too ("0 error pages"), so that they count only as a value.
var levelWords = map[string]level{
	"EMERG": {bad: true}, "ALERT": {bad: true}, "CRIT": {bad: true}, "CRITICAL": {bad: true}, "FATAL": {bad: true},
	"PANIC": {bad: true}, "SEVERE": {bad: true}, "ERROR": {bad: true}, "ERR": {bad: true}, "WARN": {}, "WARNING": {},
	"panic": {bad: true}, "fatal": {bad: true}, "Traceback": {bad: true},
	"emerg": {bad: true, marked: true}, "alert": {bad: true, marked: true}, "crit": {bad: true, marked: true},
	"critical": {bad: true, marked: true}, "error": {bad: true, marked: true}, "err": {bad: true, marked: true},
	"warn": {marked: true}, "warning": {marked: true},
}

// levelWithin is how many bytes of a line are searched: a level stands early.
const levelWithin = 200

// levels returns the first level of a line as a styled span.
func levels(t *Theme, text string) []span {
	for i := 0; i < min(len(text), levelWithin); {
		if !wordByte(text[i]) {
			i++
			continue
		}
		from := i
		for i < len(text) && wordByte(text[i]) {
			i++
		}
		l, ok := levelWords[text[from:i]]
		if !ok || l.marked && (from == 0 || strings.IndexByte(`="[`, text[from-1]) < 0) {
			continue
		}
		style := t.Warn
		if l.bad {
			style = t.Bad
		}
		return []span{{from, i, style}}
	}
	return nil
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}
