//go:build linux || darwin

package pkcs11

import (
	"fmt"

	"github.com/ebitengine/purego"
)

// load opens a shared library and returns the address of C_GetFunctionList.
func load(path string) (uintptr, error) {
	library, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return 0, fmt.Errorf("load the library: %w", err)
	}
	address, err := purego.Dlsym(library, entry)
	if err != nil {
		return 0, fmt.Errorf("not a PKCS#11 module: %w", err)
	}
	return address, nil
}
