package takeout

import (
	"path"
	"strings"
	"unicode/utf8"

	"unireg/record"
	"unireg/storage"
)

// Bounds of the name of an attachment in the archive: a path of 260 characters is
// all that old programs take, with the folder into which they unpack.
const (
	digestShown = 16
	maxName     = 120 // bytes
)

// filePaths are where the attachments lie in the archive: by the beginning of their
// SHA-256, so that the same content under the same name lies there once.
func filePaths(files []storage.File) map[record.ID]string {
	paths := make(map[record.ID]string, len(files))
	for _, f := range files {
		paths[f.ID] = "files/" + f.SHA256[:min(len(f.SHA256), digestShown)] + "-" + safeName(f.Name)
	}
	return paths
}

// safeName is a file name that Windows takes, too: without the characters that it
// keeps for itself, and without a dot or space at its end. What begins with a digest
// is no device.
func safeName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`<>:"/\|?*`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimRight(name, ". ")
	extension := path.Ext(name)
	if len(extension) > 16 {
		extension = ""
	}
	stem := strings.TrimSuffix(name, extension)
	for len(stem)+len(extension) > maxName {
		_, size := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-size]
	}
	if stem = strings.TrimRight(stem, ". "); stem == "" {
		stem = "_"
	}
	return stem + extension
}
