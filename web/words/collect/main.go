// Command collect brings the English catalogue up to date with the code: it adds
// the sources that are new, with no English yet, keeps what is translated and
// drops what no code says any more. The tests of this package fail until every
// source has its English.
package main

import (
	"fmt"
	"os"
)

// The catalogue of the portal, and the root of the code, from package words.
const (
	englishPO = "en.po"
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
	return os.WriteFile(englishPO, write(found.sources, read(kept)), 0o600)
}
