package pkcs11

import (
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// memory pins Go's memory in its place while a module reads and writes it.
type memory struct{ pinner runtime.Pinner }

// of pins b and returns its address, 0 if it is empty.
func (m *memory) of(b []byte) uintptr {
	if len(b) == 0 {
		return 0
	}
	m.pinner.Pin(&b[0])
	return uintptr(unsafe.Pointer(&b[0])) // #nosec G103 -- pinned until release
}

func (m *memory) release() { m.pinner.Unpin() }

// template is an array of CK_ATTRIBUTE with values of its own.
type template []struct {
	kind  uint
	value []byte
}

func (t *template) add(kind uint, value []byte) {
	*t = append(*t, struct {
		kind  uint
		value []byte
	}{kind, value})
}

// attributes encodes the template, its values pinned.
func (m *memory) attributes(t template) []byte {
	list := make([]attribute, 0, len(t))
	for _, a := range t {
		list = append(list, attribute{kind: a.kind, address: m.of(a.value), length: uint(len(a.value))})
	}
	return native.attributes(list...)
}

// call calls a function of the module. The upper half of the returned register
// is not defined where CK_RV has four bytes.
func call(function uintptr, args ...uintptr) RV {
	result, _, _ := purego.SyscallN(function, args...)
	if native.ulong == 4 {
		return RV(uint32(result))
	}
	return RV(result)
}

// functionList asks the module for the addresses of its functions.
func functionList(get uintptr) ([]uintptr, error) {
	// The module writes the address of its own memory here.
	list := new(unsafe.Pointer) // #nosec G103 -- the module's memory, read below within its size
	var pinner runtime.Pinner
	pinner.Pin(list)
	defer pinner.Unpin()
	if rv := call(get, uintptr(unsafe.Pointer(list))); rv != ok { // #nosec G103 -- pinned
		return nil, rv
	}
	if *list == nil {
		return nil, errNoFunctions
	}
	return native.functionList(unsafe.Slice((*byte)(*list), native.functionListSize())), nil // #nosec G103 -- the size of the standard's structure
}
