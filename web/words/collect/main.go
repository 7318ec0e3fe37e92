// Command collect brings the English catalogue up to date with the code: it adds
// the sources that are new, with no English yet, keeps what is translated and
// drops what no code says any more. What scripts say goes into a module of theirs.
// The tests of this package fail until every source has its English.
package main

import (
	"fmt"
	"os"
)

// The catalogue of the portal, the module of its scripts, and the root of the
// code, from package words.
const (
	englishPO = "en.po"
	englishJS = "../static/english.js"
	root      = "../.."
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "collect:", err)
		os.Exit(1)
	}
}

func run() error {
	found, err := collect(root)
	if err != nil {
		return err
	}
	kept, err := os.ReadFile(englishPO)
	if err != nil {
		return err
	}
	english := read(kept)
	if err := os.WriteFile(englishPO, write(found.sources, english), 0o600); err != nil {
		return err
	}
	module, err := script(found.sources, english)
	if err != nil {
		return err
	}
	return os.WriteFile(englishJS, module, 0o600)
}
