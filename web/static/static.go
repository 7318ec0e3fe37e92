// Package static holds the files that browsers load: the style sheet, the
// script modules and the pictures of our own, and in vendor/ third parties'
// files. vendor/ is filled by `npm run vendor` and not committed but for its
// README, so that the package also builds in a clean clone.
package static

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"sync"
)

// FS holds the files, named as below /static/.
//
//go:embed *.css *.js *.svg vendor
var FS embed.FS

// prefix is where the portal serves FS.
const prefix = "/static/"

// hashes maps each file to the start of its SHA-256.
var hashes = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	err := fs.WalkDir(FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := FS.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		all[name] = hex.EncodeToString(sum[:4])
		return nil
	})
	if err != nil {
		return nil // an embedded tree is always readable; URLs then go without hashes
	}
	return all
})

// Path returns the URL of a file, with a hash of its content so that browsers
// may keep it for ever: static.Path("theme.css") is "/static/theme.css?v=1f2e3d4c".
// A file that is not there, as vendor's in a clean clone, gets no hash.
func Path(name string) string {
	if hash, ok := hashes()[name]; ok {
		return prefix + name + "?v=" + hash
	}
	return prefix + name
}
