package pkcs11

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// load opens a DLL and returns the address of C_GetFunctionList. What the DLL
// itself needs is looked for beside it and in the system's folder, never in the
// current folder.
func load(path string) (uintptr, error) {
	library, err := windows.LoadLibraryEx(path, 0, windows.LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR|windows.LOAD_LIBRARY_SEARCH_DEFAULT_DIRS)
	if err != nil {
		return 0, fmt.Errorf("load the library: %w", err)
	}
	address, err := windows.GetProcAddress(library, entry)
	if err != nil {
		return 0, fmt.Errorf("not a PKCS#11 module: %w", err)
	}
	return address, nil
}
