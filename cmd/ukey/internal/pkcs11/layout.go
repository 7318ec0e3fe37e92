package pkcs11

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// layout says how a platform lays Cryptoki's structures out in memory. The
// standard leaves it to the platform's compiler: CK_ULONG is C's unsigned long,
// and on Windows structures are packed to one byte. Structures are built and
// read here as bytes, little-endian on all of our platforms, so that each
// layout is tested on every machine.
type layout struct {
	ulong  int // bytes of a CK_ULONG
	packed bool
}

// pointer is the bytes of a pointer: all of our platforms have 64 bits.
const pointer = 8

var (
	unixLayout    = layout{ulong: 8}
	windowsLayout = layout{ulong: 4, packed: true}
)

// align is the next offset at which a value of size bytes may stand.
func (l layout) align(offset, size int) int {
	if l.packed {
		return offset
	}
	return (offset + size - 1) / size * size
}

// structure builds a structure field by field.
type structure struct {
	layout
	data []byte
}

func (s *structure) put(value uint64, size int) {
	s.data = append(s.data, make([]byte, s.align(len(s.data), size)-len(s.data))...)
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], value)
	s.data = append(s.data, b[:size]...)
}

func (s *structure) putULong(v uint) { s.put(uint64(v), s.ulong) }

func (s *structure) putPointer(p uintptr) { s.put(uint64(p), pointer) }

// reader takes a structure apart.
type reader struct {
	layout
	data   []byte
	offset int
}

func (r *reader) bytes(n int) []byte {
	b := r.data[r.offset : r.offset+n]
	r.offset += n
	return b
}

func (r *reader) takeULong() uint {
	r.offset = r.align(r.offset, r.ulong)
	return r.uint(r.bytes(r.ulong))
}

func (r *reader) takePointer() uintptr {
	r.offset = r.align(r.offset, pointer)
	return uintptr(binary.LittleEndian.Uint64(r.bytes(pointer)))
}

// uint reads one CK_ULONG. "Unavailable", all bits set, is the same on each
// platform.
func (l layout) uint(b []byte) uint {
	if l.ulong == 4 {
		v := binary.LittleEndian.Uint32(b)
		if v == 1<<32-1 {
			return unavailable
		}
		return uint(v)
	}
	return uint(binary.LittleEndian.Uint64(b))
}

// unavailable is CK_UNAVAILABLE_INFORMATION, where a length is asked for.
const unavailable = ^uint(0)

// ulongs encodes an array of CK_ULONG.
func (l layout) ulongs(values ...uint) []byte {
	s := structure{layout: l}
	for _, v := range values {
		s.putULong(v)
	}
	return s.data
}

// attribute is a CK_ATTRIBUTE: its value lies at an address.
type attribute struct {
	kind    uint
	address uintptr
	length  uint
}

// attributeSize is the bytes of a CK_ATTRIBUTE.
func (l layout) attributeSize() int { return len(l.attributes(attribute{})) }

// attributes encodes an array of CK_ATTRIBUTE.
func (l layout) attributes(list ...attribute) []byte {
	s := structure{layout: l}
	for _, a := range list {
		s.putULong(a.kind)
		s.putPointer(a.address)
		s.putULong(a.length)
	}
	return s.data
}

// attributeLength reads the length that a module wrote into the CK_ATTRIBUTE at
// index i of an array.
func (l layout) attributeLength(array []byte, i int) uint {
	r := reader{layout: l, data: array, offset: i * l.attributeSize()}
	r.takeULong()
	r.takePointer()
	return r.takeULong()
}

// mechanism encodes a CK_MECHANISM without a parameter.
func (l layout) mechanism(kind uint) []byte {
	s := structure{layout: l}
	s.putULong(kind)
	s.putPointer(0)
	s.putULong(0)
	return s.data
}

// initializeArgs encodes a CK_C_INITIALIZE_ARGS without mutex functions.
func (l layout) initializeArgs(flags uint) []byte {
	s := structure{layout: l}
	for range 4 {
		s.putPointer(0)
	}
	s.putULong(flags)
	s.putPointer(0)
	return s.data
}

// functions is how many entries of a CK_FUNCTION_LIST are read, up to and with
// C_GenerateKeyPair.
const functions = 60

// functionListSize is the bytes of those entries and the version before them.
func (l layout) functionListSize() int { return l.align(2, pointer) + functions*pointer }

// functionList reads the addresses out of a CK_FUNCTION_LIST.
func (l layout) functionList(data []byte) []uintptr {
	r := reader{layout: l, data: data, offset: 2}
	list := make([]uintptr, functions)
	for i := range list {
		list[i] = r.takePointer()
	}
	return list
}

// tokenInfoSize is at least the bytes of a CK_TOKEN_INFO.
const tokenInfoSize = 208

// tokenInfo reads names and flags out of a CK_TOKEN_INFO: four texts, then the
// flags; sizes of sessions, PINs and memory after them are not read.
func (l layout) tokenInfo(data []byte) Token {
	r := reader{layout: l, data: data}
	t := Token{Label: text(r.bytes(32))}
	t.Manufacturer, t.Model, t.Serial = text(r.bytes(32)), text(r.bytes(16)), text(r.bytes(16))
	t.Flags = Flags(r.takeULong())
	return t
}

// text reads a text padded with blanks.
func text(b []byte) string {
	return strings.ToValidUTF8(strings.TrimRight(string(bytes.TrimRight(b, "\x00")), " "), "�")
}
