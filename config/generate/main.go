// Command generate brings the configuration table of the named documents up to
// date with the settings.
package main

import (
	"log"
	"os"

	"unireg/config"
)

func main() {
	log.SetFlags(0)
	for _, path := range os.Args[1:] {
		document, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		fresh, err := config.InsertTable(string(document))
		if err != nil {
			log.Fatalf("%s: %v", path, err)
		}
		if fresh == string(document) {
			continue
		}
		if err := os.WriteFile(path, []byte(fresh), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
