package ring

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// A builder file is a Python pickle: a program for a small stack machine. This
// machine knows the 27 instructions that a dict of numbers, texts, lists and
// arrays needs (protocol 2, pickletools.py), and one global, array.array, which
// it does not call. Whatever else a file asks for is refused by name.

// valueKind is what a value on the stack is.
type valueKind uint8

const (
	isNone valueKind = iota
	isBool
	isInt
	isFloat
	isText
	isList // lists, tuples and arrays
	isDict
	isArrayType // the global array.array
)

func (k valueKind) String() string {
	return [...]string{"None", "a bool", "an int", "a float", "a text", "a list", "a dict", "the type array"}[k]
}

// pickled is one value. Numbers are in bits; the rest is in the object.
type pickled struct {
	kind valueKind
	bits uint64
	*object
}

func (v pickled) int() int64     { return int64(v.bits) }
func (v pickled) float() float64 { return math.Float64frombits(v.bits) }

// object is a text, or a container that may grow after others refer to it.
type object struct {
	text  string
	ints  []int32   // of a list of small numbers only
	items []pickled // of any other list
	dict  map[string]pickled
}

// Bounds of a pickle. Numbers in lists are cheap, and millions; all else is
// counted.
const (
	maxStack   = 1 << 16
	maxObjects = 1 << 21
)

// unpickler runs a pickle.
type unpickler struct {
	data    []byte
	at      int
	stack   []pickled
	marks   []int // heights of the stack
	memo    map[uint32]pickled
	objects int
	done    bool
}

// unpickle returns the value of a pickle.
func unpickle(data []byte) (pickled, error) {
	u := &unpickler{data: data, memo: map[uint32]pickled{}}
	for !u.done {
		start := u.at
		code, err := u.take(1)
		if err == nil {
			err = u.run(code[0])
		}
		switch {
		case err != nil:
		case len(u.stack) > maxStack:
			err = fmt.Errorf("more than %d values are in hand", maxStack)
		case u.objects > maxObjects:
			err = fmt.Errorf("more than %d objects", maxObjects)
		}
		if err != nil {
			return pickled{}, &FormatError{"", "the pickle", int64(start), err}
		}
	}
	if len(u.stack) != 1 || u.at != len(data) {
		return pickled{}, &FormatError{"", "the pickle", int64(u.at), fmt.Errorf("%d values are left, %d bytes follow", len(u.stack), len(data)-u.at)}
	}
	return u.stack[0], nil
}

// run does one instruction.
func (u *unpickler) run(code byte) error {
	if f := instructions[code]; f != nil {
		return f(u)
	}
	if name := refused[code]; name != "" {
		return fmt.Errorf("the instruction %s is refused: no builder needs it", name)
	}
	return fmt.Errorf("the instruction 0x%02x is refused: no builder needs it", code)
}

// refused names instructions that are known and not wanted.
var refused = map[byte]string{
	0x93: "STACK_GLOBAL", 0x95: "FRAME", 'i': "INST", 'o': "OBJ", 0x81: "NEWOBJ", 0x92: "NEWOBJ_EX", 'b': "BUILD",
	'P': "PERSID", 'Q': "BINPERSID", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 'd': "DICT", 'l': "LIST", 'I': "INT",
	'L': "LONG", 'F': "FLOAT", 'S': "STRING", 'V': "UNICODE", '0': "POP", '1': "POP_MARK", '2': "DUP", 'g': "GET", 'p': "PUT",
}

// instructions are those that are run.
var instructions = [256]func(*unpickler) error{
	0x80: func(u *unpickler) error { // PROTO
		b, err := u.take(1)
		if err == nil && b[0] != 2 {
			err = fmt.Errorf("pickle protocol %d is not 2, which Swift writes", b[0])
		}
		return err
	},
	'.':  func(u *unpickler) error { u.done = true; return nil },
	'(':  (*unpickler).mark,
	'N':  func(u *unpickler) error { return u.push(pickled{}) },
	0x88: func(u *unpickler) error { return u.push(pickled{kind: isBool, bits: 1}) },
	0x89: func(u *unpickler) error { return u.push(pickled{kind: isBool}) },
	'K':  func(u *unpickler) error { return u.number(1) },
	'M':  func(u *unpickler) error { return u.number(2) },
	'J':  func(u *unpickler) error { return u.number(4) },
	0x8a: (*unpickler).long,
	'G':  (*unpickler).float,
	'X':  func(u *unpickler) error { return u.text(4) }, // BINUNICODE
	'U':  func(u *unpickler) error { return u.text(1) }, // SHORT_BINSTRING
	'T':  func(u *unpickler) error { return u.text(4) }, // BINSTRING
	'}':  func(u *unpickler) error { return u.object(isDict, &object{dict: map[string]pickled{}}) },
	']':  func(u *unpickler) error { return u.object(isList, &object{}) },
	')':  func(u *unpickler) error { return u.tuple(0) },
	0x85: func(u *unpickler) error { return u.tuple(1) },
	0x86: func(u *unpickler) error { return u.tuple(2) },
	0x87: func(u *unpickler) error { return u.tuple(3) },
	't': func(u *unpickler) error {
		n, err := u.sinceMark()
		if err != nil {
			return err
		}
		return u.tuple(n)
	},
	'a': func(u *unpickler) error { return u.extend(1) },
	's': func(u *unpickler) error { return u.set(2) },
	'e': func(u *unpickler) error {
		n, err := u.sinceMark()
		if err != nil {
			return err
		}
		return u.extend(n)
	},
	'u': func(u *unpickler) error {
		n, err := u.sinceMark()
		if err != nil {
			return err
		}
		return u.set(n)
	},
	'q': func(u *unpickler) error { return u.put(1) },
	'r': func(u *unpickler) error { return u.put(4) },
	'h': func(u *unpickler) error { return u.get(1) },
	'j': func(u *unpickler) error { return u.get(4) },
	'c': (*unpickler).global,
	'R': (*unpickler).reduce,
}

// take returns the next bytes.
func (u *unpickler) take(n int) ([]byte, error) {
	if n < 0 || n > len(u.data)-u.at {
		return nil, fmt.Errorf("%d bytes are wanted and %d are left", n, len(u.data)-u.at)
	}
	u.at += n
	return u.data[u.at-n : u.at], nil
}

// length reads a little-endian number of 1, 2 or 4 bytes.
func (u *unpickler) length(width int) (uint32, error) {
	b, err := u.take(width)
	if err != nil {
		return 0, err
	}
	var wide [4]byte
	copy(wide[:], b)
	return binary.LittleEndian.Uint32(wide[:]), nil
}

func (u *unpickler) push(v pickled) error {
	u.stack = append(u.stack, v)
	return nil
}

// pop takes the n topmost values, which must be above the last mark.
func (u *unpickler) pop(n int) ([]pickled, error) {
	floor := 0
	if len(u.marks) > 0 {
		floor = u.marks[len(u.marks)-1]
	}
	if n > len(u.stack)-floor {
		return nil, fmt.Errorf("%d values are wanted and %d are in hand", n, len(u.stack)-floor)
	}
	top := u.stack[len(u.stack)-n:]
	u.stack = u.stack[:len(u.stack)-n]
	return top, nil
}

func (u *unpickler) mark() error {
	if len(u.marks) == maxStack {
		return fmt.Errorf("more than %d marks", maxStack)
	}
	u.marks = append(u.marks, len(u.stack))
	return nil
}

// sinceMark takes the last mark away and counts the values above it.
func (u *unpickler) sinceMark() (int, error) {
	if len(u.marks) == 0 {
		return 0, fmt.Errorf("there is no mark")
	}
	at := u.marks[len(u.marks)-1]
	u.marks = u.marks[:len(u.marks)-1]
	return len(u.stack) - at, nil
}

func (u *unpickler) number(width int) error {
	n, err := u.length(width)
	if err != nil {
		return err
	}
	v := int64(n)
	if width == 4 {
		v = int64(int32(n))
	}
	return u.push(pickled{kind: isInt, bits: uint64(v)})
}

// long reads a LONG1: two's complement, little-endian, of up to 8 bytes.
func (u *unpickler) long() error {
	n, err := u.length(1)
	if err != nil {
		return err
	}
	if n > 8 {
		return fmt.Errorf("a number of %d bytes", n)
	}
	b, err := u.take(int(n))
	if err != nil {
		return err
	}
	var wide [8]byte
	if n > 0 && b[n-1]&0x80 != 0 {
		wide = [8]byte(bytes.Repeat([]byte{0xff}, 8))
	}
	copy(wide[:], b)
	return u.push(pickled{kind: isInt, bits: binary.LittleEndian.Uint64(wide[:])})
}

func (u *unpickler) float() error {
	b, err := u.take(8)
	if err != nil {
		return err
	}
	return u.push(pickled{kind: isFloat, bits: binary.BigEndian.Uint64(b)})
}

func (u *unpickler) text(width int) error {
	n, err := u.length(width)
	if err != nil {
		return err
	}
	b, err := u.take(int(n))
	if err != nil {
		return err
	}
	return u.object(isText, &object{text: string(b)})
}

func (u *unpickler) object(kind valueKind, o *object) error {
	u.objects++
	return u.push(pickled{kind: kind, object: o})
}

// tuple makes a list of the n topmost values.
func (u *unpickler) tuple(n int) error {
	values, err := u.pop(n)
	if err != nil {
		return err
	}
	o := &object{}
	u.objects += o.extend(values)
	return u.object(isList, o)
}

// extend appends the n topmost values to the list below them.
func (u *unpickler) extend(n int) error {
	values, err := u.pop(n)
	if err != nil {
		return err
	}
	list, err := u.top(isList)
	if err != nil {
		return err
	}
	u.objects += list.extend(values)
	return nil
}

// extend appends values; it returns how many of the list are not small numbers
// kept as such.
func (o *object) extend(values []pickled) (costly int) {
	if o.items == nil {
		before := len(o.ints)
		for _, v := range values {
			if v.kind != isInt || v.int() != int64(int32(v.int())) {
				o.ints = o.ints[:before]
				o.items = make([]pickled, 0, before+len(values))
				for _, n := range o.ints {
					o.items = append(o.items, pickled{kind: isInt, bits: uint64(int64(n))})
				}
				o.ints = nil
				o.items = append(o.items, values...)
				return len(o.items)
			}
			o.ints = append(o.ints, int32(v.int()))
		}
		return 0
	}
	o.items = append(o.items, values...)
	return len(values)
}

// set puts the n topmost values, keys and values in turn, into the dict below
// them. Keys that are no texts are those of the dispersion graph, which nothing
// needs: they are left out.
func (u *unpickler) set(n int) error {
	values, err := u.pop(n)
	if err != nil {
		return err
	}
	if n%2 != 0 {
		return fmt.Errorf("a key without its value")
	}
	dict, err := u.top(isDict)
	if err != nil {
		return err
	}
	for i := 0; i < n; i += 2 {
		if values[i].kind == isText {
			dict.dict[values[i].text] = values[i+1]
			u.objects++
		}
	}
	return nil
}

// top is the object on top of the stack.
func (u *unpickler) top(kind valueKind) (*object, error) {
	if len(u.stack) == 0 {
		return nil, fmt.Errorf("nothing is in hand where %v is wanted", kind)
	}
	v := u.stack[len(u.stack)-1]
	if v.kind != kind {
		return nil, fmt.Errorf("%v is in hand where %v is wanted", v.kind, kind)
	}
	return v.object, nil
}

func (u *unpickler) put(width int) error {
	n, err := u.length(width)
	if err != nil {
		return err
	}
	if len(u.stack) == 0 {
		return fmt.Errorf("nothing is in hand to remember")
	}
	u.objects++
	u.memo[n] = u.stack[len(u.stack)-1]
	return nil
}

func (u *unpickler) get(width int) error {
	n, err := u.length(width)
	if err != nil {
		return err
	}
	v, known := u.memo[n]
	if !known {
		return fmt.Errorf("number %d was never remembered", n)
	}
	return u.push(v)
}

// global lets array.array through and nothing else.
func (u *unpickler) global() error {
	var name [2]string
	for i := range name {
		end := bytes.IndexByte(u.data[u.at:], '\n')
		if end < 0 || end > 256 {
			return fmt.Errorf("a global without a name")
		}
		b, err := u.take(end + 1)
		if err != nil {
			return err
		}
		name[i] = string(b[:end])
	}
	if name != [2]string{"array", "array"} {
		return fmt.Errorf("the global %q of module %q is refused: a builder needs array.array only", name[1], name[0])
	}
	return u.push(pickled{kind: isArrayType})
}

// reduce makes an array of its type code and its list, which is all that an array
// is made of: the list itself.
func (u *unpickler) reduce() error {
	v, err := u.pop(2)
	if err != nil {
		return err
	}
	if v[0].kind != isArrayType || v[1].kind != isList || len(v[1].items) != 2 {
		return fmt.Errorf("a call that is not array(type, list)")
	}
	code, list := v[1].items[0], v[1].items[1]
	if code.kind != isText || list.kind != isList || list.items != nil {
		return fmt.Errorf("an array that is not made of a type and a list of numbers")
	}
	return u.push(list)
}
